"""The trials of one study: counts, values, and which one is the best.

Rules:
- Only completed trials with a finite value count: a pruned trial's last report is no result.
- The direction is read off the log where it calls a trial the best: the largest value so far, or the
  smallest.
- A best that the log tells and that no seen trial reaches is of an earlier session of the same study: it
  stands.
"""

from math import isclose, isfinite
from typing import NamedTuple

from overnight.core.model import Best, Direction, TrialSeen


class Trial(NamedTuple):
    """A completed trial."""

    number: int
    value: float
    line: int
    params: dict[str, str]


class TrialTable:
    """One study. `states` counts by state; `values` are (number, value, seconds) of completed trials."""

    def __init__(self) -> None:
        self.states: dict[str, int] = {}
        self.values: list[tuple[int, float, float | None]] = []
        self._low: Trial | None = None
        self._high: Trial | None = None
        self._told: Trial | None = None
        self._direction: Direction | None = None

    def add(self, fact: TrialSeen, now: float | None) -> None:
        """Take in a trial that ended."""
        self.states[fact.state] = self.states.get(fact.state, 0) + 1
        if fact.state == "complete" and fact.value is not None and isfinite(fact.value):
            self._value(Trial(fact.number, fact.value, fact.line, fact.params), now)
        if fact.best is not None and isfinite(fact.best[1]):
            self._told = Trial(fact.best[0], fact.best[1], fact.line, {})
            self._direction = self._read_direction() or self._direction

    def _value(self, trial: Trial, now: float | None) -> None:
        self.values.append((trial.number, trial.value, now))
        if self._low is None or trial.value < self._low.value:
            self._low = trial
        if self._high is None or trial.value > self._high.value:
            self._high = trial

    def direction(self) -> Direction | None:
        """What the trials that the log called the best say about the direction; None while unknown."""
        return self._direction

    def _read_direction(self) -> Direction | None:
        told, low, high = self._told, self._low, self._high
        if told is None or low is None or high is None or low.value == high.value:
            return None
        if told.value >= high.value or _same(told.value, high.value):
            return "maximize"
        return "minimize" if told.value <= low.value or _same(told.value, low.value) else None

    def best(self, direction: Direction, name: str) -> Best | None:
        """The best trial of the study."""
        found = self._low if direction == "minimize" else self._high
        told = self._told
        if told is not None and (found is None or _better(told.value, found.value, direction)):
            found = told
        if found is None:
            return None
        return Best(
            name=name,
            value=found.value,
            at=f"trial {found.number}",
            direction=direction,
            params=found.params,
            line=found.line,
        )


def _same(a: float, b: float) -> bool:
    """Equal but for the rounding of a progress bar (six digits)."""
    return isclose(a, b, rel_tol=1e-5)


def _better(a: float, b: float, direction: Direction) -> bool:
    return not _same(a, b) and (a < b if direction == "minimize" else a > b)
