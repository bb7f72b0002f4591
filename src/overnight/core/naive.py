"""What an agent reads that looks at a growing log again and again, with nobody to read it for it.

Rules:
- Three loops as recorded sessions had them: the last lines, what is new, the last characters.
- Each yields the time of each look, in seconds of the run, and the text that it got. The last look is the first one at
  or after the end.
- The log is two functions, of a time and of a range of bytes: nothing else is known here.
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

LINES, LINES_S = 50, 300.0
NEW_S = 300.0
CHARACTERS, CHARACTERS_S = 10_000, 30.0
MOST_BYTES = 1 << 16
"""What a look at last lines holds at most: lines without an end (bars, binary data) are cut, as agents' shells do."""
_BLOCK = 1 << 14
_LONGEST_CHARACTER = 4

Look = tuple[float, str]


class Log(NamedTuple):
    """A log as it grew. `size`: its bytes at a time; `read`: the bytes from one place to another, fewer where they are
    gone. It is looked at between `start_t` and `end_t`; the first `begin` bytes stood there before."""

    size: Callable[[float], int]
    read: Callable[[int, int], bytes]
    end_t: float
    start_t: float = 0.0
    begin: int = 0


def last_lines(log: Log, lines: int = LINES, every_s: float = LINES_S) -> Iterator[Look]:
    """The last `lines` lines, each `every_s` seconds."""
    return ((t, lines_before(log, log.size(t), lines)) for t in looks(log, every_s))


def whole_output(log: Log, every_s: float = NEW_S) -> Iterator[Look]:
    """All that is new since the look before."""
    seen = log.begin
    for t in looks(log, every_s):
        end = log.size(t)
        yield t, _text(log.read(seen, end))
        seen = end


def tail_poll(log: Log, characters: int = CHARACTERS, every_s: float = CHARACTERS_S) -> Iterator[Look]:
    """The last `characters` characters, each `every_s` seconds."""
    return ((t, characters_before(log, log.size(t), characters)) for t in looks(log, every_s))


def looks(log: Log, every_s: float) -> Iterator[float]:
    """When a loop looks."""
    return (log.start_t + number * every_s for number in range(1, count(log, every_s) + 1))


def count(log: Log, every_s: float) -> int:
    """How often it looks."""
    return max(1, math.ceil((log.end_t - log.start_t) / every_s))


def lines_before(log: Log, end: int, lines: int = LINES) -> str:
    """The last `lines` lines of the log's first `end` bytes; a last one without its end counts."""
    begin, data = end, b""
    while begin > 0 and data.count(b"\n") <= lines and end - begin < MOST_BYTES:
        begin = max(0, end - MOST_BYTES, begin - max(_BLOCK, end - begin))
        data = log.read(begin, end)
    return _text(b"\n".join(data.removesuffix(b"\n").split(b"\n")[-lines:]))


def characters_before(log: Log, end: int, characters: int = CHARACTERS) -> str:
    """The last `characters` characters of the log's first `end` bytes."""
    data = log.read(max(0, end - _LONGEST_CHARACTER * characters), end)
    return _text(data)[-characters:]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
