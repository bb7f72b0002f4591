"""What three naive loops would have read of a night, beside what was returned.

Rules:
- The loops are those that agents run today: the last 50 lines each 300 s, all new output each 300 s, and the last
  10,000 characters each 30 s; each of them also looks once at the end.
- How far the log was at a time is known from the events, which hold both; between two of them it grew evenly.
- Tokens are estimated (`core.tokens`), and of many looks every so many is weighed: the figures are estimates.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import NamedTuple

from overnight.core.tokens import estimate

TAIL_LINES, TAIL_S = 50, 300.0
NEW_S = 300.0
POLL_CHARACTERS, POLL_S = 10_000, 30.0
_MOST_WEIGHED = 120
_SAMPLE_BYTES = 32 * 1024
_TAIL_BYTES = 64 * 1024

Read = Callable[[int, int], str]
"""The text of the log from one byte to another."""


class Naive(NamedTuple):
    """Tokens that each loop would have read."""

    tail: int
    new: int
    poll: int


class Growth:
    """How far the log was at a time: points of (seconds since the start, bytes), in any order."""

    def __init__(self, points: Sequence[tuple[float, int]]) -> None:
        known = sorted({(0.0, 0), *points})
        self._times = [t for t, _bytes in known]
        self._bytes = [max(size for _t, size in known[: place + 1]) for place in range(len(known))]

    def at(self, t: float) -> int:
        """Bytes at `t`."""
        place = bisect_right(self._times, t)
        if place >= len(self._times):
            return self._bytes[-1]
        before, after = self._times[place - 1], self._times[place]
        share = (t - before) / (after - before) if after > before else 1.0
        return round(self._bytes[place - 1] + share * (self._bytes[place] - self._bytes[place - 1]))


def naive(growth: Growth, end_t: float, size: int, read: Read) -> Naive:
    """What the loops would have read until `end_t` of a log of `size` bytes."""

    def tail(offset: int) -> int:
        lines = read(max(0, offset - _TAIL_BYTES), offset).rstrip("\n").split("\n")[-TAIL_LINES:]
        return estimate("\n".join(lines))

    def poll(offset: int) -> int:
        return estimate(read(max(0, offset - 4 * POLL_CHARACTERS), offset)[-POLL_CHARACTERS:])

    return Naive(
        tail=_weighed(growth, end_t, TAIL_S, tail),
        new=_whole(size, read),
        poll=_weighed(growth, end_t, POLL_S, poll),
    )


def _weighed(growth: Growth, end_t: float, every_s: float, cost: Callable[[int], int]) -> int:
    looks = int(end_t // every_s) + 1
    step = max(1, looks // _MOST_WEIGHED)
    weighed = [min(end_t, n * every_s) for n in range(1, looks + 1, step)]
    return round(sum(cost(growth.at(t)) for t in weighed) * looks / len(weighed))


def _whole(size: int, read: Read) -> int:
    """All of it, weighed at a few places of a long log."""
    if size <= 8 * _SAMPLE_BYTES:
        return estimate(read(0, size)) if size else 0
    places = range(0, size - _SAMPLE_BYTES, max(_SAMPLE_BYTES, (size - _SAMPLE_BYTES) // 8))
    tokens = sum(estimate(read(place, place + _SAMPLE_BYTES)) for place in places)
    return round(tokens * size / (len(places) * _SAMPLE_BYTES))
