"""Shapes of lines that come again and again: their numbers are taken from their places, nothing is searched.

Rules:
- A layout follows from the shape (digits erased to 0, so that places stay): the shape is filled with several sets of
  digits, each is read in full, and every number that was stated must stand at one place in all of them.
- Where the digits decide what a line states the readings differ, and there is no layout: `layer3 loss: 0.2`.
- It must agree with a line of the log, too: digits that are filled in make no dates.
- Counters and finite values only; a counter beyond its total, or of nothing, is read in full.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from math import isfinite
from typing import NamedTuple, TypeVar

from overnight.core.lines import Line
from overnight.core.model import Fact, MetricSeen, ProgressSeen
from overnight.core.recognizers.base import VALUE

T = TypeVar("T")

Place = tuple[int, int]
"""Where a number stands in a line: its first character, and the one behind its last."""

Read = Callable[[Line], list[Fact] | None]

_OFTEN = 8
"""Lines of a shape that are read in full before its layout is made, which costs four of them."""
_FILLINGS = (
    "3141592653589793238462643383279",
    "2718281828459045235360287471352662497",
    "14142135623739548172469618753769487317667",
    "00020071000828018200845009045",
)
"""Digits to fill in, over and over. Some begin with zeros: such a number is smaller than it is long."""
_MOST = 4096
_LONGEST = 400
_OF = re.compile(r"(?i)(0+)\s*(?:/|out of|of)\s*(0+)")
_DIGITS = re.compile(r"(0+)")
_VALUE = re.compile(VALUE, re.ASCII)


class Counted(NamedTuple):
    """A counter of the line."""

    unit: str
    current: Place
    total: Place | None


class Measured(NamedTuple):
    """A value of the line, and the counter that it was measured at, as a place among those of the line."""

    name: str
    value: Place
    counter: int | None


class Layout(NamedTuple):
    """What lines of one shape state: counters first, then values."""

    counted: tuple[Counted, ...]
    measured: tuple[Measured, ...]

    def read(self, text: str, line: int) -> list[Fact] | None:
        """The facts of a line of this shape, `line` being its number; None when it must be read in full."""
        facts: list[Fact] = []
        for unit, (begin, end), limit in self.counted:
            current, total = float(text[begin:end]), None
            if limit is not None:
                total = float(text[limit[0] : limit[1]])
                if not 0 < total >= current:
                    return None
            facts.append(ProgressSeen(unit, current, total, line))
        for name, (begin, end), counter in self.measured:
            value = float(text[begin:end])
            if not isfinite(value):
                return None
            at = facts[counter] if counter is not None else None
            if isinstance(at, ProgressSeen):
                facts.append(MetricSeen(name, value, line, at.current, at.unit))
            else:
                facts.append(MetricSeen(name, value, line))
        return facts


class Layouts:
    """Those of all shapes that came often. `read`: what a line states by itself; None where it depends on other lines
    or changes what is made of them."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._known: dict[str, Layout | None] = {}
        self._came: dict[str, int] = {}

    def get(self, shape: str) -> Layout | None:
        """The layout of this shape, if it has one."""
        return self._known.get(shape)

    def learn(self, shape: str, line: Line, facts: list[Fact]) -> None:
        """A line of this shape was read in full and stated `facts`."""
        if shape in self._known or len(shape) > _LONGEST:
            return
        came = self._came.pop(shape, 0) + 1
        if came < _OFTEN:
            _bounded(self._came)[shape] = came
            return
        made = _made(shape, self._read)
        agrees = made is not None and made.read(line.text, line.number) == facts
        _bounded(self._known)[shape] = made if agrees else None


def _bounded(kept: dict[str, T]) -> dict[str, T]:
    if len(kept) >= _MOST:
        kept.clear()
    return kept


def _made(shape: str, read: Read) -> Layout | None:
    """The layout of a shape, if it has one: none that is longer than what it is of, which zeros may make smaller."""
    if any(len(part.group(1)) > len(part.group(2)) for part in _OF.finditer(shape)):
        return None
    texts = _filled(shape)
    stated = [read(Line(1, 0, text)) for text in texts]
    if not stated[0] or any(facts is None or len(facts) != len(stated[0]) for facts in stated):
        return None
    columns = list(zip(*(facts for facts in stated if facts), strict=True))
    numbers = _Numbers(texts)
    counted = [_counted(numbers, column) for column in columns if isinstance(column[0], ProgressSeen)]
    measured = [
        _measured(numbers, column, columns) for column in columns if isinstance(column[0], MetricSeen)
    ]
    made = Layout(tuple(filter(None, counted)), tuple(filter(None, measured)))
    agrees = all(made.read(text, 1) == facts for text, facts in zip(texts, stated, strict=True))
    return made if agrees else None


def _filled(shape: str) -> list[str]:
    """The shape with digits; of two numbers of one length in a row the second is no smaller, as a total is."""
    parts = _DIGITS.split(shape)
    texts = []
    for filling in _FILLINGS:
        digits = cycle(filling)
        numbers = [_number(digits, len(zeroes)) for zeroes in parts[1::2]]
        for at in range(1, len(numbers)):
            if len(numbers[at - 1]) == len(numbers[at]):
                numbers[at - 1 : at + 1] = sorted(numbers[at - 1 : at + 1])
        parts[1::2] = numbers
        texts.append("".join(parts))
    return texts


def _number(digits: Iterator[str], count: int) -> str:
    """One of so many digits that is not nothing."""
    *first, last = islice(digits, count)
    return "".join((*first, last if last != "0" else "6"))


class _Numbers:
    """The numbers that stand in all of some texts of one shape."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._at: dict[tuple[float, ...], Place] = {}
        places = [match.span() for match in _VALUE.finditer(texts[0]) if "," not in match.group()]
        for begin, end in places:
            self._at[tuple(float(text[begin:end]) for text in texts)] = (begin, end)

    def place(self, values: Sequence[float | None]) -> Place | None:
        """Where these values stand, one in each text."""
        return self._at.get(tuple(value for value in values if value is not None))


def _counted(numbers: _Numbers, column: Sequence[Fact]) -> Counted | None:
    """A counter as all texts state it."""
    seen = [fact for fact in column if isinstance(fact, ProgressSeen)]
    current, total = numbers.place([c.current for c in seen]), numbers.place([c.total for c in seen])
    return Counted(seen[0].unit, current, total) if current else None


def _measured(
    numbers: _Numbers, column: Sequence[Fact], columns: Sequence[Sequence[Fact]]
) -> Measured | None:
    """A value as all texts state it."""
    seen = [fact for fact in column if isinstance(fact, MetricSeen)]
    first, value = seen[0], numbers.place([fact.value for fact in seen])
    counters = [c[0] for c in columns if isinstance(c[0], ProgressSeen)]
    at = (n for n, c in enumerate(counters) if (c.unit, c.current) == (first.step_unit, first.step))
    return Measured(first.name, value, next(at, None)) if value else None
