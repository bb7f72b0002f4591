"""What three naive loops would have read on a recorded night."""

from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate

from overnight.core import naive
from overnight.core.naive import Log
from overnight.testing import Recording


def loops(recording: Recording, end_t: float, tokens: Callable[[str], int]) -> tuple[int, int, int]:
    """In tokens, until the run's end: the last 50 lines each 300 s, the whole new output each 300 s, and a poll each
    30 s of the last 10,000 characters."""
    log = grown(recording, end_t)
    tails, new, polls = (
        sum(tokens(text) for _t, text in loop(log))
        for loop in (naive.last_lines, naive.whole_output, naive.tail_poll)
    )
    return tails, new, polls


def grown(recording: Recording, end_t: float) -> Log:
    """Its log, as it was written until the end."""
    data = b"".join(piece.data for piece in recording.pieces)
    times = [piece.t for piece in recording.pieces]
    sizes = [0, *accumulate(len(piece.data) for piece in recording.pieces)]
    return Log(lambda t: sizes[bisect_right(times, min(t, end_t))], lambda begin, end: data[begin:end], end_t)
