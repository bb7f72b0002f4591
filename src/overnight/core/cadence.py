"""When to look: T+30 s, T+90 s, then every 300 s for as long as the command runs.

Rules:
- A schedule is `(early, early, ..., period)`: the early times are absolute, the last number repeats for ever.
- The grid depends on the run's start alone, so a restarted watch looks at the same times as the first one.
- No wait is longer than 300 s; a longer period is refused, so is one that could never be met.
"""

import itertools
import math

from overnight.core.model import MAX_WAIT_S

DEFAULT: tuple[float, ...] = (30.0, 90.0, 300.0)


def next_check_in(schedule: tuple[float, ...], elapsed: float) -> float:
    """The first check-in strictly after `elapsed` (both in seconds since the run's start)."""
    *early, period = schedule
    for t in early:
        if t > elapsed:
            return t
    base = early[-1] if early else 0.0
    n = math.floor((elapsed - base) / period) + 1
    due = base + n * period
    return due if due > elapsed else base + (n + 1) * period


def early_end(schedule: tuple[float, ...]) -> float:
    """When the early watch is over and cruise begins: the last early check-in (0 when there is none)."""
    return schedule[-2] if len(schedule) > 1 else 0.0


def check(schedule: tuple[float, ...]) -> tuple[float, ...]:
    """The schedule itself when it can be kept; ValueError with one sentence otherwise."""
    if not schedule:
        raise ValueError("a schedule needs at least one number, such as 30,90,300")
    if any(not math.isfinite(t) or t <= 0 for t in schedule):
        raise ValueError("every number of a schedule is a positive number of seconds, such as 30,90,300")
    *early, period = schedule
    if any(b <= a for a, b in itertools.pairwise(early)):
        raise ValueError("the early times of a schedule grow, such as 30,90 in 30,90,300")
    if period > MAX_WAIT_S:
        raise ValueError(
            f"the last number of a schedule, {period:g} s, is over the limit of {MAX_WAIT_S:g} s"
        )
    return schedule


def parse(text: str) -> tuple[float, ...]:
    """`"30,90,300"` as a schedule; ValueError with one sentence when it is none."""
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ValueError(
            f"{text!r} is no schedule; write seconds between commas, such as 30,90,300"
        ) from None
    return check(numbers)
