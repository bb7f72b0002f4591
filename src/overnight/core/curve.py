"""The curve of one metric, bounded.

Rules:
- Kept as columns of numbers: a thousand runs with a thousand points each fit where as many objects would not.
- Beyond MAX_POINTS each group of four gives its smallest and its largest, so that no extreme is lost.
"""

from array import array
from collections.abc import Sequence
from math import isnan, nan
from typing import NamedTuple

MAX_POINTS = 1024


class Point(NamedTuple):
    """One value of a curve: seconds since the start (None when unknown), the printed step, value, line."""

    t: float | None
    step: float | None
    value: float
    line: int


class Curve:
    """The points of one metric, in the order in which they came; values are finite."""

    __slots__ = ("_lines", "_steps", "_times", "_values")

    def __init__(self) -> None:
        self._times, self._steps, self._values = array("d"), array("d"), array("d")
        self._lines = array("q")

    def __len__(self) -> int:
        return len(self._values)

    def add(self, point: Point) -> None:
        """Append it."""
        t, step, value, line = point
        self._times.append(nan if t is None else t)
        self._steps.append(nan if step is None else step)
        self._values.append(value)
        self._lines.append(line)
        if len(self._values) > MAX_POINTS:
            self._thin()

    def points(self) -> list[Point]:
        """All of them."""
        columns = zip(self._times, self._steps, self._values, self._lines, strict=True)
        return [Point(_or_none(t), _or_none(step), value, line) for t, step, value, line in columns]

    def _thin(self) -> None:
        kept = extremes(self._values)
        self._times, self._steps, self._values = (
            array("d", [column[at] for at in kept]) for column in (self._times, self._steps, self._values)
        )
        self._lines = array("q", [self._lines[at] for at in kept])


def extremes(values: Sequence[float]) -> list[int]:
    """Where at most half of the values and a rest are: the smallest and the largest of each four, in order."""
    kept: list[int] = []
    body = len(values) - len(values) % 4
    for start in range(0, body, 4):
        group = range(start, start + 4)
        kept += sorted({min(group, key=values.__getitem__), max(group, key=values.__getitem__)})
    return [*kept, *range(body, len(values))]


def _or_none(number: float) -> float | None:
    return None if isnan(number) else number
