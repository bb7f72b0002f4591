"""The entry: makes one call and leaves with its exit code.

Rules:
- Nothing heavy is imported before it is known to be needed: the plain detached start goes without click.
- Every failure is one sentence (`failing`), no traceback ever.
- Exit codes: 0 done, 1 refused or failed, 2 usage, 5 no such run, 130 interrupted, 141 nobody reads on.
"""

from __future__ import annotations

import os
import sys

from overnight.errors import OvernightError
from overnight.surfaces.cli import detached
from overnight.surfaces.cli.failing import fail, report_bug
from overnight.surfaces.cli.registry import INTERRUPTED, NO_READER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one call and leave with its exit code."""
    sys.excepthook = report_bug
    _never_fail_to_print()
    sys.exit(_guarded(list(sys.argv[1:] if argv is None else argv)))


def _guarded(words: list[str]) -> int:
    """One call with every failure that is not a bug turned into words and a code."""
    try:
        status = _call(words)
        sys.stdout.flush()
    except OvernightError as error:
        return fail(words, error.code, str(error), error.exit_status)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The interpreter flushes stdout once more at its end; what nobody reads goes where nobody reads.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NO_READER
    return status


def _call(words: list[str]) -> int:
    plain = detached.read(words)
    if plain is None:
        from overnight.surfaces.cli.verbs import call

        return call(words)
    from overnight.surfaces.cli.launching import say_started, start

    as_json = plain.pop("as_json")
    return say_started(start(plain.pop("argv"), **plain).id, as_json)


def _never_fail_to_print() -> None:
    """A terminal that cannot show a character shows a question mark instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
