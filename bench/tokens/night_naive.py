"""What three naive loops would have read on a recorded night."""

from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate

from overnight.core import naive
from overnight.testing import Recording


def loops(
    recording: Recording, log: bytes, end_t: float, tokens: Callable[[str], int]
) -> tuple[int, int, int]:
    """In tokens, until the run's end, of the log that it left: the last 50 lines each 300 s, the whole new output each
    300 s, and a poll each 30 s of the last 10,000 characters."""
    times = [piece.t for piece in recording.pieces]
    sizes = [0, *accumulate(len(piece.data) for piece in recording.pieces)]

    def size(t: float) -> int:
        return len(log) if t >= end_t else min(len(log), sizes[bisect_right(times, t)])

    grown = naive.Log(size, lambda begin, end: log[begin:end], end_t)
    ways = (naive.last_lines(grown), naive.whole_output(grown), naive.tail_poll(grown))
    lines, new, polls = (sum(tokens(text) for _t, text in way) for way in ways)
    return lines, new, polls
