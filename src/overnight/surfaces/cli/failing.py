"""Every failure as one sentence and an exit code; no traceback, ever.

Rules: the sentence goes to stderr; with `--json` it is the one JSON value on stdout instead. A bug of ours says
where its traceback was saved. Without click: errors of the detached start are said here too.
"""

from __future__ import annotations

import os
import sys

from overnight.surfaces.safe import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType


def fail(words: Sequence[str], code: str, message: str, status: int) -> int:
    """Say what went wrong in the call of these words; hands back `status`."""
    if wants_json(words):
        import json

        sys.stdout.write(json.dumps({"error": {"code": code, "message": message}}) + "\n")
    else:
        sys.stderr.write(f"overnight: {printable(message)}\n")
    return status


def wants_json(words: Sequence[str]) -> bool:
    """Whether the call asks for JSON; what follows `--` belongs to the command that is run."""
    own = words[: words.index("--")] if "--" in words else words
    return "--json" in own


def report_bug(kind: type[BaseException], bug: BaseException, trace: TracebackType | None) -> None:
    """The last door, as `sys.excepthook`: a bug of ours, in one sentence."""
    import traceback

    where = _save("".join(traceback.format_exception(kind, bug, trace)))
    what = f"{kind.__name__}: {bug}".split("\n")[0][:200]
    message = f"This is a bug in overnight, your runs are not affected ({what}). The traceback is in {where}."
    fail(sys.argv[1:], "bug", message, 1)


def _save(text: str) -> str:
    import tempfile

    from overnight.store.home import home

    path = os.path.join(home(), "crash.log")
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError:
        try:  # a name that nobody can have taken before
            descriptor, path = tempfile.mkstemp(prefix="overnight-crash-", suffix=".log")
        except OSError:
            return "no file, as neither the home nor the temporary folder can be written"
    with os.fdopen(descriptor, "a", encoding="utf-8", errors="replace") as crash_log:
        crash_log.write(text + "\n")
    return path
