"""Looking at runs: their status, their log, which there are.

Rules:
- The run directories are asked, not the index: right at once, and without loading a database.
- A run whose watchman has not written a status yet has one all the same, of what its own records say; an end
  that no watchman took up within 2 s is told by its own record, so that an exit code never waits for a watchman.
- Looking at a run sees to it that somebody watches it.
"""

import os
import time
from collections.abc import Sequence

from msgspec.structs import replace

from overnight.core.model import Exit, RunState, Spec, Start, Status
from overnight.core.veil import Veil
from overnight.errors import Unreadable
from overnight.store import runs
from overnight.store.home import CLOSED, LOG, home
from overnight.store.rundir import RunDir, open_log
from overnight.watchman.start import ensure_if_needed

_BLOCK = 1 << 16
_MOST_TAIL = 1 << 24
_UNREAD_S = 2.0
LOOK_S = 2.0
"""How often a run is looked at by who waits for it, when the kernel does not tell its changes."""


def found(ref: str) -> RunDir:
    """The run that `ref` means: an id, a unique prefix, a name, or `last`. Raises NoSuchRun, AmbiguousRun."""
    return runs.find(home(), ref)


def list_runs(
    limit: int | None = None, state: RunState | None = None, tag: str | None = None
) -> list[Status]:
    """The runs, newest first, those in `state` and with `tag` where given."""
    place = home()
    ensure_if_needed(place)
    wanted: list[Status] = []
    for run in runs.all_runs(place):
        if limit is not None and len(wanted) >= limit:
            break
        seen = status_of(run)
        if (state is None or seen.state == state) and (tag is None or tag in seen.tags):
            wanted.append(seen)
    return wanted


def log_path(ref: str) -> str:
    """Where the run's output is."""
    return found(ref).log_path


def read_log(ref: str, lines: int | None = None) -> list[str]:
    """The last `lines` lines of the log (all of them for None), as they were written but decoded as UTF-8.

    A last line without its end counts. Raises NoSuchRun, Unreadable.
    """
    run = found(ref)
    path = run.log_path
    try:
        data = _tail(path, lines)
    except FileNotFoundError:
        if path != run.file(LOG):
            raise Unreadable(f"The log {path} is gone: it was never ours, and nothing was copied.") from None
        return []
    except OSError as error:
        raise Unreadable(f"The log {path} cannot be read: {error.strerror}.") from error
    text = data.decode("utf-8", "replace").split("\n")
    if text[-1] == "":
        text.pop()
    return text if lines is None else text[-lines:]


def masked(ref: str, lines: Sequence[str]) -> list[str]:
    """Lines of the run's log that follow each other, without secrets. Raises NoSuchRun, Unreadable."""
    return veil_of(found(ref)).lines(lines) if lines else []


def veil_of(run: RunDir) -> Veil:
    """What hides the secrets of the run. Raises Unreadable."""
    return Veil.of(run.spec())


def _tail(path: str, lines: int | None) -> bytes:
    """The bytes that hold the last `lines` lines, read from the end in blocks; of lines that are longer than any that
    is shown, their end."""
    with open_log(path) as file:
        if lines is None:
            return file.read()
        end = left = os.fstat(file.fileno()).st_size
        most = max(_MOST_TAIL, lines * _BLOCK)
        blocks: list[bytes] = []
        ends = 0
        while left > 0 and ends <= lines and end - left < most:
            size = min(_BLOCK, left)
            left -= size
            blocks.append(os.pread(file.fileno(), size, left))
            ends += blocks[-1].count(b"\n")
    return b"".join(reversed(blocks))


# ---------------------------------------------------------------- the status


def status_of(run: RunDir) -> Status:
    """The status that the watch wrote; where there is none (yet), or a damaged one, what the records say."""
    try:
        written = run.status()
    except Unreadable:
        written = None
    seen = written or _plain(run, run.spec(), run.start(), run.exit())
    end = run.exit() if seen.state == "running" else None
    return seen if end is None or (_unread_s(end) > 0 and not is_closed(run)) else _ended(seen, end)


def is_closed(run: RunDir) -> bool:
    """Whether its watch is over: nobody writes its status any more."""
    return os.path.exists(run.file(CLOSED))


def unread_for(run: RunDir) -> float | None:
    """Seconds until the recorded end of the run counts although no watchman took it up; None when none is recorded."""
    try:
        end = run.exit()
    except Unreadable:
        return None
    return None if end is None else _unread_s(end)


def _unread_s(end: Exit) -> float:
    return end.at + _UNREAD_S - time.time()


def _ended(seen: Status, end: Exit) -> Status:
    """The status of a run whose end is recorded and was not read."""
    good = end.code == 0
    state: RunState = "succeeded" if good else "lost" if end.code is None and end.signal is None else "failed"
    return replace(
        seen,
        state=state,
        exit_code=end.code,
        signal=end.signal,
        phase="ended",
        verdict="finished" if good else "critical",
        question=None,
        next_check_in_s=None,
        note="its log was not read to the end yet",
    )


def _plain(run: RunDir, spec: Spec, start: Start | None, exit_: Exit | None) -> Status:
    """What is known without a watch."""
    from overnight.core.watch import program_name  # the whole core: few need it here

    began = start.at if start else spec.created_at
    elapsed = (exit_.at if exit_ else time.time()) - began
    status = Status(
        run=run.id,
        name=spec.name or program_name(spec.argv),
        state="running",
        exit_code=None,
        signal=None,
        phase="starting",
        verdict="ok",
        elapsed_s=max(0.0, elapsed),
        progress=[],
        best=None,
        metrics={},
        problems=[],
        question=None,
        next_check_in_s=None,
        log=run.log_path,
        command=spec.argv,
        cwd=spec.cwd,
        tags=spec.tags,
        replaces=spec.replaces,
        changed=spec.changed,
        note="no watchman has looked at it yet",
    )
    return Veil.of(spec).record(status)
