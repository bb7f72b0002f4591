"""Scales that keep a curve readable when a few values lie far off. Pure.

Rules:
- The better side is never cut: a best is always where it is.
- The worse side is cut where it would flatten the rest: beyond the far quartile by one and a half times
  the interquartile range (Tukey's inner fence). What lies beyond is drawn at the edge, as a mark of its own.
- A logarithmic scale is taken when all values are positive and their bulk spans two decades.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

from overnight.core.model import Direction


@dataclass(frozen=True, slots=True)
class Domain:
    """What the axis shows."""

    low: float
    high: float
    log: bool = False

    def clip(self, value: float) -> float:
        """Where `value` is drawn."""
        return min(max(value, self.low), self.high)

    def holds(self, value: float) -> bool:
        """Whether it is drawn where it is."""
        return self.low <= value <= self.high


_LARGEST = 1e150
"""Beyond this, widths of a scale overflow; no objective that is meant reaches it."""


_FENCE = 1.5
_AIR = 0.06
_LABEL = 0.14
"""Free room beside the values, as shares of their width; on the better side there is a label to be read."""


def drawable(value: float | None) -> bool:
    """Whether a value has a place on any scale."""
    return value is not None and abs(value) < _LARGEST


def domain(values: Sequence[float], direction: Direction | None) -> Domain:
    """The domain for `values` (drawable, at least one), with a little air at both ends."""
    log = _is_log(values)
    shown = [math.log10(v) for v in values] if log else list(values)
    low, high = min(shown), max(shown)
    if len(shown) >= 8:
        low, high = _fence(shown, direction)
    width = high - low or 0.1 * abs(high) or 1.0
    low -= width * (_AIR if direction == "maximize" else _LABEL)
    high += width * (_AIR if direction == "minimize" else _LABEL)
    return Domain(10**low, 10**high, log=True) if log else Domain(low, high)


def _fence(shown: Sequence[float], direction: Direction | None) -> tuple[float, float]:
    first, _, third = quantiles(shown, n=4)
    spread = third - first
    low, high = min(shown), max(shown)
    if spread <= 0:
        return low, high
    if direction != "maximize":
        high = min(high, third + _FENCE * spread)
    if direction != "minimize":
        low = max(low, first - _FENCE * spread)
    return low, high


def _is_log(values: Sequence[float]) -> bool:
    if min(values) <= 0 or len(values) < 8:
        return False
    tenths = quantiles(values, n=10)
    return tenths[-1] / tenths[0] >= 100
