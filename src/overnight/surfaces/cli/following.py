"""Following a run: drawn live on a terminal, told line by line elsewhere.

Rules:
- Nothing is polled: `app.follow` wakes when the run's directory changes. On a terminal it also returns once a
  second, because the elapsed time that is shown moves on by itself; nothing is read from disk then.
- Ctrl-C ends the looking, never the run, and says how to come back.
- The state a look ends with is handed back; what it means as an exit code is the verb's.
"""

import time
from collections.abc import Callable, Iterator

from overnight import app
from overnight.core.model import Status
from overnight.surfaces.cli import out
from overnight.surfaces.cli.news import news
from overnight.surfaces.safe import log_line

_CLOCK_S = 1.0
"""The clock on the screen shows seconds."""

Enough = Callable[[Status], bool]
"""Whether a status is what the looking was for."""


def ended(status: Status) -> bool:
    """The command is over."""
    return status.state != "running"


def needs_someone(status: Status) -> bool:
    """The command is over, or a question is open."""
    return ended(status) or status.question is not None


def follow(ref: str, enough: Enough, timeout_s: float | None = None) -> Status:
    """Show a run until `enough`, or for `timeout_s`; its last status. KeyboardInterrupt passes through."""
    shown = _draw if out.is_terminal() else _tell
    return shown(ref, enough, timeout_s)


def statuses(
    ref: str, enough: Enough, timeout_s: float | None, tick_s: float | None = None
) -> Iterator[Status]:
    """The status now and after every change; with `tick_s` also, unchanged, that often. Ends at `enough`."""
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    with app.follow(ref) as run:
        status = run.status()
        yield status
        while not enough(status):
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return
            if run.wait(_shorter(left, tick_s)):
                status = run.status()
            yield status


def come_back(run_id: str) -> str:
    """What to do when the looking ended before the run."""
    return f"{run_id} goes on. Come back: overnight wait {run_id} · end it: overnight stop {run_id}"


def last_lines(ref: str, count: int) -> list[str]:
    """The freshest lines of the log that are not empty, harmless to show and without secrets."""
    lines = [line for text in app.read_log(ref, lines=count) if (line := log_line(text).rstrip())]
    return app.masked(ref, lines)


def _shorter(*times: float | None) -> float | None:
    return min((t for t in times if t is not None), default=None)


# ---------------------------------------------------------------- on a terminal


def _draw(ref: str, enough: Enough, timeout_s: float | None) -> Status:
    from rich.live import Live

    from overnight.surfaces.cli.live import at, view

    console = out.console()
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        seen, tail = None, list[str]()
        for status in statuses(ref, enough, timeout_s, _CLOCK_S):
            if status is not seen:
                seen, tail = status, last_lines(ref, 1)
            hint = f"overnight report {status.run}" if ended(status) else "Ctrl-C leaves it running"
            live.update(view(at(status, time.time()), tail, console.width, hint), refresh=True)
    return status


# ---------------------------------------------------------------- elsewhere


def _tell(ref: str, enough: Enough, timeout_s: float | None) -> Status:
    before: Status | None = None
    for status in statuses(ref, enough, timeout_s):
        for line in news(before, status):
            out.say(line)
        before = status
    assert before is not None  # the first status always comes
    return before
