"""A hyper-parameter study as facts, whatever tool and storage it was read from.

Rules: data and arithmetic only. Values of objectives may be infinite, never NaN. Trials are counted from 0,
as Optuna prints them. Only a COMPLETE trial has a result: a pruned one keeps the value of its last report,
which was never meant as one.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from overnight.core.model import Direction

State = Literal["running", "waiting", "complete", "pruned", "failed"]


@dataclass(frozen=True, slots=True)
class Range:
    """Where a parameter was searched: numbers from `low` to `high` inclusive, categories among `choices`."""

    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: tuple[str, ...] = ()

    def edge(self, value: str) -> Literal["low", "high"] | None:
        """Which end `value` lies at: within 2 % of the width (of the logarithms for a log range), else None.

        A best value at an end says that the better ones may lie beyond it.
        """
        place = self._place(value)
        if place is None:
            return None
        return "low" if place <= 0.02 else "high" if place >= 0.98 else None

    def _place(self, value: str) -> float | None:
        if self.low is None or self.high is None or self.high <= self.low:
            return None
        try:
            number = float(value)
        except ValueError:
            return None
        if self.log and self.low > 0 and number > 0:
            return math.log(number / self.low) / math.log(self.high / self.low)
        return (number - self.low) / (self.high - self.low)


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial. `values`: one per objective, empty unless COMPLETE. `last_report`: the last reported one."""

    number: int
    state: State
    values: tuple[float, ...] = ()
    params: dict[str, str] = field(default_factory=dict)
    last_report: float | None = None

    @property
    def value(self) -> float | None:
        """The value of a single objective that is a number one can compare; None otherwise."""
        only = self.values[0] if len(self.values) == 1 else None
        return only if only is not None and math.isfinite(only) else None


@dataclass(frozen=True, slots=True)
class Study:
    """One study. `storage` is where it was read from, as its own tool would name it (`sqlite:///study.db`)."""

    name: str
    directions: tuple[Direction, ...]
    trials: tuple[Trial, ...]
    storage: str
    metric_names: tuple[str, ...] = ()
    ranges: dict[str, Range] = field(default_factory=dict)
    newest: int = 0

    @property
    def direction(self) -> Direction | None:
        """Which way is better; None for several objectives, where no single best exists."""
        return self.directions[0] if len(self.directions) == 1 else None

    @property
    def metric(self) -> str:
        """The name of the first objective."""
        return self.metric_names[0] if self.metric_names else "value"

    def counts(self) -> dict[State, int]:
        """Trials by state; states that do not occur are absent."""
        return dict(Counter(t.state for t in self.trials))

    def best(self) -> Trial | None:
        """The best COMPLETE trial with a finite value, the earliest among equals; None when there is none."""
        if self.direction is None:
            return None
        done = [(t.value, t) for t in self.trials if t.value is not None]
        if not done:
            return None
        sign = 1 if self.direction == "minimize" else -1
        return min(done, key=lambda pair: (sign * pair[0], pair[1].number))[1]

    def front(self) -> list[Trial]:
        """The trials that no other one beats in every objective (Pareto), by the first objective."""
        signs = [1 if d == "minimize" else -1 for d in self.directions]
        done = [t for t in self.trials if len(t.values) == len(signs) and all(map(math.isfinite, t.values))]
        costs = {t.number: tuple(s * v for s, v in zip(signs, t.values, strict=True)) for t in done}
        ordered = sorted(done, key=lambda t: costs[t.number])
        kept: list[Trial] = []
        for trial in ordered:
            if not any(_beats(costs[k.number], costs[trial.number]) for k in kept):
                kept.append(trial)
        return kept


def _beats(a: Sequence[float], b: Sequence[float]) -> bool:
    return all(x <= y for x, y in zip(a, b, strict=True)) and any(x < y for x, y in zip(a, b, strict=True))
