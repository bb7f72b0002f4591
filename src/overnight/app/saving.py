"""What was given to readers, and what it saved them: `core.savings` over what the run's folder says.

Rules: an account is no reason for a call to fail; a run whose folder is damaged is left out of a list, and told when it
is asked for by itself.
"""

import os
import time
from collections.abc import Callable, Iterator

from overnight.app.knowing import found, status_of
from overnight.core import fence
from overnight.core.model import Return, Status
from overnight.core.savings import Costs, Point, Savings, account, loops
from overnight.core.tokens import estimate
from overnight.errors import Unreadable
from overnight.store import files, runs
from overnight.store.home import home
from overnight.store.rundir import RunDir, open_log

_DAYS_S = 30 * 86_400.0
_POINT_S = 5.0
"""How far apart the points of the log's growth are: the loops look each 30 s at most."""
_NAME = 60


def note_return(ref: str, reader: str, tool: str, text: str) -> None:
    """Put on the run's account what a call gave its reader. Raises NoSuchRun, AmbiguousRun."""
    given = Return(at=time.time(), reader=fence.harmless(reader, _NAME), tool=tool, tokens=estimate(text))
    found(ref).note_return(given)


def savings(ref: str) -> Savings:
    """The account of one run. Raises NoSuchRun, AmbiguousRun, Unreadable."""
    return _savings(found(ref))


def all_savings() -> list[Savings]:
    """The accounts of the runs that live or were closed within thirty days, newest first. Raises HomeUnusable."""
    accounts = []
    for run in runs.current(home(), time.time() - _DAYS_S):
        try:
            accounts.append(_savings(run))
        except Unreadable:  # `overnight ls` says so
            continue
    return accounts


def _savings(run: RunDir) -> Savings:
    status, returns = status_of(run), run.returns()
    return Savings(
        run=run.id,
        name=status.name,
        state=status.state,
        elapsed_s=status.elapsed_s,
        check_ins=status.check_ins,
        returns=len(returns),
        tokens=sum(one.tokens for one in returns),
        readers=account(returns),
        loops=_loops(run, status),
    )


def _loops(run: RunDir, status: Status) -> Costs | None:
    """What they would have cost so far. The log of what was attached counts from the attach, and may be gone."""
    base = _base(run)
    try:
        log = open_log(run.log_path)
    except (FileNotFoundError, Unreadable):
        return loops(_points(run, status), lambda _begin, _end: b"", estimate)
    with log:
        return loops(_points(run, status), _reader(log.fileno(), base), estimate)


def _base(run: RunDir) -> int:
    """The offset of the first byte of the log that is there: only somebody else's may have begun anew."""
    if run.spec().attached is None:
        return 0
    from overnight.core.replay import log_place  # the whole core: every call keeps an account, few read one

    place = log_place(run.events_of("note"))
    return place[1] if place is not None else 0


def _reader(fd: int, base: int) -> Callable[[int, int], bytes]:
    """Bytes of the log by their place in all that was read; what stood in files before the present one is gone."""

    def read(begin: int, end: int) -> bytes:
        first = max(begin - base, 0)
        return os.pread(fd, max(0, end - base - first), first)

    return read


def _points(run: RunDir, status: Status) -> Iterator[Point]:
    last = float("-inf")
    point: Point | None = None
    for event, _end in run.each_event():
        if event is None:
            continue
        point = (event.t, event.offset)
        if event.t >= last + _POINT_S or event.kind == "ended":
            last = event.t
            yield point
    if point is not None:
        yield point
    if status.state == "running" and run.spec().attached is None:
        yield status.elapsed_s, files.size(run.log_path)
