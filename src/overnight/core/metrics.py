"""Every value that the run prints, the best of them, and their curves.

Rules:
- Names are compared by their words (`names.key`) and shown as first printed.
- A non-finite value is never the last, never the best and never on a curve: it is counted, and told as a
  problem.
- The best is, in this order: the declared metric; the study's trial values; what the log itself calls the
  best; else the most telling name (validation before the rest, quality before loss), in the direction its
  name says.
- A running average printed inside an epoch is no result: where a name also has values per epoch, only those
  count.
- Memory is bounded whatever is printed: names, points of a curve, trials with parameters.
"""

from dataclasses import dataclass, field
from math import isfinite
from typing import NamedTuple

from overnight.core import names
from overnight.core.curve import Curve, Point
from overnight.core.model import Best, Direction, Fact, Goal, GoalSeen, MetricSeen, TrialSeen
from overnight.core.studies import Studies
from overnight.core.trials import TrialTable

_INNER_UNITS = frozenset(("step", "iteration", "batch", "item", "percent"))
_MOST_NAMES = 400


class Peak(NamedTuple):
    """An extreme value and where it was printed."""

    value: float
    at: str | None
    line: int


@dataclass
class Series:
    """All about one name. Peaks are kept apart for values printed inside an epoch (key True)."""

    name: str
    curve: Curve = field(default_factory=Curve)
    last: float | None = None
    bad: int = 0
    low: dict[bool, Peak] = field(default_factory=dict)
    high: dict[bool, Peak] = field(default_factory=dict)

    def add(self, fact: MetricSeen, now: float | None, at: str | None) -> None:
        if not isfinite(fact.value):
            self.bad += 1
            self.last = None
            return
        self.bad = 0
        self.last = fact.value
        self.curve.add(Point(now, fact.step, fact.value, fact.line))
        inner = fact.step_unit in _INNER_UNITS
        low, high = self.low.get(inner), self.high.get(inner)
        if low is None or fact.value < low.value:
            self.low[inner] = Peak(fact.value, at, fact.line)
        if high is None or fact.value > high.value:
            self.high[inner] = Peak(fact.value, at, fact.line)

    def peak(self, direction: Direction) -> Peak | None:
        """The best value in this direction, those of whole epochs before those inside one."""
        peaks = self.low if direction == "minimize" else self.high
        return peaks.get(False) or peaks.get(True)


class MetricBook:
    """All values of one run. `goal`: the declared objective.

    `trials` counts trials by state; `trial_values` are (number, value, seconds) of the completed, finite
    ones. Both are of the study that runs now: a process that starts another study starts them anew.
    """

    def __init__(self, goal: Goal | None = None) -> None:
        self.goal = goal
        self._series: dict[str, Series] = {}
        self._announced: dict[str, Best] = {}
        self._studies = Studies()
        self._study_direction: Direction | None = None
        self._table = TrialTable()

    # ------------------------------------------------------------ seeing

    def see(self, fact: Fact, now: float | None = None, position: str | None = None) -> None:
        """Take in a fact at `now`; other kinds change nothing. `position`: where the run is, in words, for a value
        that was printed without its step."""
        if isinstance(fact, MetricSeen):
            self._metric(fact, now, position)
        elif isinstance(fact, TrialSeen):
            self._trial(fact, now)
        elif isinstance(fact, GoalSeen) and fact.goal.metric is None:
            self._study_direction = fact.goal.direction

    def _metric(self, fact: MetricSeen, now: float | None, position: str | None) -> None:
        key = names.key(fact.name)
        series = self._series.get(key)
        if series is None:
            if len(self._series) >= _MOST_NAMES:
                return
            series = self._series[key] = Series(fact.name)
        at = f"{fact.step_unit} {fact.step:g}" if fact.step_unit and fact.step is not None else position
        series.add(fact, now, at)
        base = names.announced(fact.name)
        if base is not None and isfinite(fact.value):
            self._announce(base, fact, at)

    def _announce(self, base: str, fact: MetricSeen, at: str | None) -> None:
        before = self._announced.pop(names.key(base), None)
        direction = self._direction_of(base) or self.study_direction() or _moved(before, fact.value)
        best = Best(name=base, value=fact.value, at=at, direction=direction, line=fact.line)
        inside = at is not None and at.startswith(("trial ", "fold ", "run "))
        keep = before is not None and inside and not _better(best, before)
        self._announced[names.key(base)] = before if before is not None and keep else best

    def _trial(self, fact: TrialSeen, now: float | None) -> None:
        step = self._studies.see(fact)
        if step == "again" or fact.state == "running":
            return
        if step == "new study":
            self._table = TrialTable()
            self._announced = {}
        self._table.add(fact, now)

    # ------------------------------------------------------------ telling

    @property
    def trials(self) -> dict[str, int]:
        return self._table.states

    @property
    def trial_values(self) -> list[tuple[int, float, float | None]]:
        return self._table.values

    def names(self) -> list[str]:
        """Names as first printed, in the order in which they came."""
        return [s.name for s in self._series.values()]

    def last(self) -> dict[str, float]:
        """The last value of each name; a name whose last value is not finite is left out."""
        return {s.name: s.last for s in self._series.values() if s.last is not None}

    def series(self, name: str) -> list[Point]:
        """The curve of a name, bounded, extremes kept; empty when nobody printed it."""
        found = self._series.get(names.key(name))
        return found.curve.points() if found else []

    def non_finite_run(self, name: str) -> int:
        """How many values of this name in a row, up to now, are NaN or infinite."""
        found = self._series.get(names.key(name))
        return found.bad if found else 0

    def is_loss(self, name: str) -> bool:
        return names.kind(name) == "loss"

    def is_primary_loss(self, name: str) -> bool:
        return names.is_primary_loss(name)

    def study_direction(self) -> Direction | None:
        """Which way trial values should go: declared, said by the log, or told by what it calls the best."""
        if self.goal is not None:
            return self.goal.direction
        return self._study_direction or self._table.direction()

    def best(self) -> Best | None:
        """The best so far by the rules of this file; None while nothing says what is good."""
        return self._declared() or self._of_study() or self._of_announced() or self._inferred()

    # ------------------------------------------------------------ choosing the best

    def _direction_of(self, name: str) -> Direction | None:
        goal = self.goal
        if goal is not None and (goal.metric is None or names.key(goal.metric) == names.key(name)):
            return goal.direction
        return names.direction(name)

    def _declared(self) -> Best | None:
        if self.goal is None or self.goal.metric is None:
            return None
        series = self._series.get(names.key(self.goal.metric))
        return _best(series, self.goal.direction) if series else None

    def _of_study(self) -> Best | None:
        name = (self.goal.metric if self.goal else None) or "value"
        return self._table.best(self.study_direction() or "minimize", name)

    def _of_announced(self) -> Best | None:
        if not self._announced:
            return None
        latest_first = reversed(self._announced.values())
        return min(latest_first, key=lambda b: _telling(b.name))

    def _inferred(self) -> Best | None:
        candidates = [
            (s, d) for s in self._series.values() if (d := self._direction_of(s.name)) is not None and s.curve
        ]
        if self.goal is not None and self.goal.metric is None:
            candidates = [c for c in candidates if names.direction(c[0].name) == self.goal.direction]
        if not candidates:
            return None
        bests = [b for s, d in candidates if (b := _best(s, d)) is not None]
        return min(
            bests, key=lambda b: (b.at is None, *_telling(b.name), b.value == 0, len(names.words(b.name)))
        )


def _best(series: Series, direction: Direction) -> Best | None:
    peak = series.peak(direction)
    if peak is None:
        return None
    return Best(name=series.name, value=peak.value, at=peak.at, direction=direction, line=peak.line)


def _moved(before: Best | None, value: float) -> Direction:
    """Which way a best without a telling name goes: the way in which it moved."""
    if before is None or value == before.value:
        return before.direction if before is not None else "maximize"
    return "maximize" if value > before.value else "minimize"


def _better(best: Best, than: Best) -> bool:
    return best.value < than.value if best.direction == "minimize" else best.value > than.value


_TELLING = {
    ("val", "quality"): 0,
    ("test", "quality"): 1,
    ("val", "loss"): 2,
    ("", "quality"): 3,
    ("test", "loss"): 4,
    ("", "loss"): 5,
    ("train", "quality"): 6,
    ("train", "loss"): 7,
}


def _telling(name: str) -> tuple[int, bool]:
    """How much a name tells about the result: what people choose a model by comes first."""
    return _TELLING.get((names.split(name), names.kind(name)), 8), names.is_supporting(name)
