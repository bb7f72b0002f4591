"""What a night cost its readers in tokens, and what three naive loops would have cost on the same night.

Rules:
- Both sides are counted by the same estimate, which is some 15 % high. Counted is what a look gives back; that a model
  reads it again with each later turn is not, on either side.
- How the log grew is what its events say: so many bytes at their times, and evenly between them.
- The work is bounded however long the night and the log: of many looks some are read, evenly over the night, and stand
  for the others. `exact` says whether all were.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate

from overnight.core import naive
from overnight.core.model import Return, Struct
from overnight.core.naive import Log

MOST_LOOKS = 48
_PIECES, _PIECE_BYTES = 64, 1 << 13

Point = tuple[float, int]
"""Seconds of the run, bytes of its log."""
Tokens = Callable[[str], int]


class Costs(Struct, frozen=True):
    """Of the three loops of `core.naive`, in tokens."""

    last_lines: int
    new_output: int
    last_characters: int
    exact: bool


class Savings(Struct, frozen=True):
    """One run's account. `check_ins`: looks of the watch itself, which cost nobody a token; `returns` and `tokens`:
    what readers were given, by reader in `readers`; `loops`: None when nothing of the log can be read any more."""

    run: str
    name: str
    state: str
    elapsed_s: float
    check_ins: int
    returns: int
    tokens: int
    readers: dict[str, int]
    loops: Costs | None


def loops(points: Iterable[Point], read: Callable[[int, int], bytes], tokens: Tokens) -> Costs | None:
    """What the loops would have cost. `points`: how the log grew, in order of time, from the first look at it to the
    last; `read`: the bytes of the log from one place to another, fewer where they are gone."""
    log = grown(points, read)
    new = _new_output(log, tokens)
    if new is None:
        return None
    lines, every_line = _sampled(
        log, naive.LINES_S, lambda end: tokens_of(tokens, naive.lines_before(log, end))
    )
    polls, every_poll = _sampled(
        log, naive.CHARACTERS_S, lambda end: tokens_of(tokens, naive.characters_before(log, end))
    )
    return Costs(lines, new[0], polls, new[1] and every_line and every_poll)


def grown(points: Iterable[Point], read: Callable[[int, int], bytes]) -> Log:
    """A log whose size at these times is known, and even between them. One that is cut counts on: it never shrinks."""
    known = list(points) or [(0.0, 0)]
    times = list(accumulate((t for t, _size in known), max))
    sizes = list(accumulate((size for _t, size in known), max))

    def size(t: float) -> int:
        place = bisect_right(times, t)
        if place == 0:
            return sizes[0]
        if place == len(times):
            return sizes[-1]
        before, after = times[place - 1], times[place]
        return int(sizes[place - 1] + (sizes[place] - sizes[place - 1]) * (t - before) / (after - before))

    return Log(size, read, times[-1], times[0], sizes[0])


def account(returns: Sequence[Return]) -> dict[str, int]:
    """Tokens by reader, the dearest first."""
    by: dict[str, int] = {}
    for one in returns:
        by[one.reader] = by.get(one.reader, 0) + one.tokens
    return dict(sorted(by.items(), key=lambda row: -row[1]))


def tokens_of(tokens: Tokens, text: str) -> int:
    """Nothing costs nothing."""
    return tokens(text) if text else 0


def _sampled(log: Log, every_s: float, cost: Callable[[int], int]) -> tuple[int, bool]:
    """All looks of a loop together, and whether each was read. One that finds no more than the one before costs the
    same."""
    count = naive.count(log, every_s)
    read = min(count, MOST_LOOKS)
    known: dict[int, int] = {}
    total = 0
    for number in range(read):
        place = count - (read - 1 - number) * count // read  # the last one of each part of the night
        end = log.size(log.start_t + place * every_s)
        if end not in known:
            known[end] = cost(end)
        total += known[end]
    return round(total * count / read), read == count


def _new_output(log: Log, tokens: Tokens) -> tuple[int, bool] | None:
    """Each byte is read once: all of them, or pieces of all parts of the log; None when none can be."""
    begin, end = log.begin, log.size(log.end_t)
    if end - begin <= _PIECES * _PIECE_BYTES:
        data = log.read(begin, end)
        total, have = tokens_of(tokens, data.decode("utf-8", "replace")), len(data)
    else:
        total = have = 0
        for number in range(_PIECES):
            place = begin + (end - begin - _PIECE_BYTES) * number // (_PIECES - 1)
            data = log.read(place, place + _PIECE_BYTES)
            total, have = total + tokens_of(tokens, data.decode("utf-8", "replace")), have + len(data)
    if not have:
        return (0, True) if end == begin else None
    return round(total * (end - begin) / have), have == end - begin
