"""A stall: no progress for far longer than this run ever took.

Rules: on the progress counter only. A log that goes on (an hourly "still running") and a busy GPU are no progress:
a collective that waits for a dead rank keeps both.
"""

from overnight.core.model import Policy, Problem
from overnight.core.progress import ProgressBook

STALL = "hang.no_progress"

_FEW_ADVANCES = 10
_LOADING_FACTOR = 3.0


def stall_limit(book: ProgressBook, policy: Policy) -> float | None:
    """Seconds without any advance that mean a stall: max(floor, factor x p99 of the run's own intervals).

    600 s and 8 gave no false alarm on the intervals of real logs. Nothing is said before the first advance
    (loading may take hours), and three times the floor is given until the run has shown a rhythm.
    """
    if book.last_advance is None:
        return None
    p99 = book.p99_interval()
    floor = policy.stall_floor_s
    if p99 is None or book.advances < _FEW_ADVANCES:
        floor *= _LOADING_FACTOR
    return max(floor, policy.stall_factor * (p99 or 0.0))


def stalled(book: ProgressBook, policy: Policy, now: float, line: int) -> Problem | None:
    """The stall at `now`, if there is one. `line` is the last line of the log."""
    limit, last = stall_limit(book, policy), book.last_advance
    if limit is None or last is None or now - last < limit:
        return None
    place = book.position() or "the last progress"
    p99 = book.p99_interval()
    usual = f" (it usually advances within {p99:.0f} s)" if p99 is not None else ""
    return Problem(
        signature=STALL,
        cls="hang",
        severity="critical",
        count=1,
        first_line=line,
        last_line=line,
        text=f"no progress for {now - last:.0f} s after {place}{usual}",
        cause="A deadlock, a collective waiting for a dead rank, a blocked read, or a far longer step.",
        advice="Look at its stacks (py-spy dump), its CPU time and its GPU before stopping it.",
        relaunch="from the last checkpoint, once the cause is known",
        first_t=last,
        last_t=now,
    )
