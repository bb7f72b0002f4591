"""What agents were returned of a run, and what naive loops would have cost on the same night.

Rules: an account is no reason to fail: on a full disk it is short, and nothing else.
"""

import os
import time
from typing import NamedTuple

from overnight.app.knowing import found, status_of
from overnight.core.news import TOLD
from overnight.core.savings import Growth, Naive, Read, naive
from overnight.errors import Unreadable
from overnight.store import runs
from overnight.store.home import home
from overnight.store.rundir import RETURNED, RunDir, open_log

_DAYS_S = 30 * 86_400.0


class Saved(NamedTuple):
    """Of one run: how often it was checked, how often and with how many tokens agents were answered, and what each
    naive loop would have read."""

    run: str
    name: str
    elapsed_s: float
    check_ins: int
    answers: int
    returned: int
    naive: Naive


def note_return(run: str, reader: str, tool: str, tokens: int) -> None:
    """Account for an answer to a reader. Raises NoSuchRun."""
    found(run).note_return({"at": round(time.time(), 3), "reader": reader, "tool": tool, "tokens": tokens})


def savings(ref: str | None = None) -> list[Saved]:
    """Of the run that `ref` means; of all that agents were told of and that live or ended within 30 days.

    Raises NoSuchRun, AmbiguousRun, HomeUnusable.
    """
    if ref is not None:
        return [_saved(found(ref))]
    recent = [
        run for run in runs.current(home(), time.time() - _DAYS_S) if os.path.exists(run.file(RETURNED))
    ]
    return [saved for run in recent if (saved := _or_none(run)) is not None]


def _or_none(run: RunDir) -> Saved | None:
    try:
        return _saved(run)
    except Unreadable:  # `overnight ls` says so
        return None


def _saved(run: RunDir) -> Saved:
    status = status_of(run)
    events = [
        event for event, _end in run.each_event() if event is not None and event.kind in {*TOLD, "sample"}
    ]
    returns = run.returns()
    size = _size(run)
    points = [(event.t, event.offset) for event in events] + [(status.elapsed_s, size)]
    costs = naive(Growth(points), status.elapsed_s, size, _reader(run))
    return Saved(
        run=run.id,
        name=status.name,
        elapsed_s=status.elapsed_s,
        check_ins=sum(event.kind == "check_in" for event in events),
        answers=len(returns),
        returned=sum(returns),
        naive=costs,
    )


def _size(run: RunDir) -> int:
    try:
        return os.stat(run.log_path).st_size
    except OSError:
        return 0


def _reader(run: RunDir) -> Read:
    def read(begin: int, end: int) -> str:
        try:
            with open_log(run.log_path) as file:
                file.seek(begin)
                return file.read(max(0, end - begin)).decode("utf-8", "replace")
        except (FileNotFoundError, Unreadable):
            return ""

    return read
