"""What the results of a run amount to. Pure arithmetic; also what the message of success quotes.

Rules:
- Only finite values of trials that completed count; an infinite value is a suspicion, never a best.
- Gains are relative to what they improve on, positive when better, whichever way is better.
- A suspicion is said, never acted on: a person decides whether a best is believed.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Literal, NamedTuple

from overnight.core.model import Direction

Doubt = Literal["infinite", "zero", "perfect", "lonely", "early", "constant", "edge"]
CONVERGED = 0.005
"""A last third that gained less than half a percent bought nothing: the usual tolerance of early stopping."""


class Outcome(NamedTuple):
    """One result: of trial (or epoch, step) `number`, seen `t` seconds after the start if known."""

    number: int
    value: float
    t: float | None = None


class Suspicion(NamedTuple):
    """Why a best may not be one. `subject`: the parameter, count or value that it is about."""

    doubt: Doubt
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """The results in numbers. `gain`: from the first to the best; `late_gain`: by the last third alone."""

    metric: str
    direction: Direction
    unit: str = "trial"
    best: Outcome | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    first: float | None = None
    median: float | None = None
    gain: float | None = None
    late_gain: float | None = None
    count: int = 0
    states: Mapping[str, int] = field(default_factory=dict)
    suspicions: tuple[Suspicion, ...] = ()

    @property
    def converged(self) -> bool | None:
        """Whether the last third was for nothing; None with fewer than nine results."""
        return None if self.late_gain is None or self.count < 9 else self.late_gain < CONVERGED


def better(a: float, b: float, direction: Direction) -> bool:
    """Whether `a` is better than `b`."""
    return a < b if direction == "minimize" else a > b


def best_so_far(outcomes: Iterable[Outcome], direction: Direction) -> list[Outcome]:
    """The results that were the best when they came, in order: the steps of the best-so-far line."""
    steps: list[Outcome] = []
    for outcome in outcomes:
        if not steps or better(outcome.value, steps[-1].value, direction):
            steps.append(outcome)
    return steps


def gain(before: float, after: float, direction: Direction) -> float:
    """The relative improvement from `before` to `after`: 0.18 means 18 % better; 0 when both are 0."""
    difference = before - after if direction == "minimize" else after - before
    scale = abs(before) or abs(after)
    return difference / scale if scale else 0.0


def summarize(
    outcomes: Sequence[Outcome],
    direction: Direction,
    *,
    metric: str = "value",
    unit: str = "trial",
    states: Mapping[str, int] | None = None,
    params: Mapping[str, str] | None = None,
    edges: Sequence[str] = (),
) -> Summary:
    """Sum up `outcomes`, in the order in which they came. `edges`: best parameters at the end of a range."""
    finite = [o for o in outcomes if math.isfinite(o.value)]
    odd = len(outcomes) - len(finite)
    if not finite:
        doubts = (Suspicion("infinite", str(odd)),) if odd else ()
        return Summary(metric, direction, unit, states=states or {}, suspicions=doubts)
    steps = best_so_far(finite, direction)
    best = steps[-1]
    return Summary(
        metric=metric,
        direction=direction,
        unit=unit,
        best=best,
        params=params or {},
        first=finite[0].value,
        median=median(o.value for o in finite),
        gain=gain(finite[0].value, best.value, direction),
        late_gain=_late_gain(finite, direction),
        count=len(finite),
        states=states or {},
        suspicions=tuple(_suspicions(finite, best, direction, odd, edges)),
    )


def _late_gain(finite: Sequence[Outcome], direction: Direction) -> float | None:
    cut = len(finite) * 2 // 3
    if not cut:
        return None
    before = best_so_far(finite[:cut], direction)[-1].value
    after = best_so_far(finite, direction)[-1].value
    return gain(before, after, direction)


def _suspicions(
    finite: Sequence[Outcome], best: Outcome, direction: Direction, odd: int, edges: Sequence[str]
) -> Iterable[Suspicion]:
    values = [o.value for o in finite]
    if odd:
        yield Suspicion("infinite", str(odd))
    if len(values) >= 5 and min(values) == max(values):
        yield Suspicion("constant", f"{best.value:.6g}")
        return
    if best.value == 0.0 and direction == "minimize":
        yield Suspicion("zero")
    if best.value == 1.0 and direction == "maximize":
        yield Suspicion("perfect")
    if _is_lonely(values, best.value, direction):
        yield Suspicion("lonely", f"{best.value:.6g}")
    if len(finite) >= 30 and finite.index(best) < len(finite) // 10:
        yield Suspicion("early", str(best.number))
    if edges:
        yield Suspicion("edge", ", ".join(edges))


def _is_lonely(values: Sequence[float], best: float, direction: Direction) -> bool:
    """Whether the best stands apart from the second by twice the spread (interquartile range) of the others.

    Good values crowd together as a search closes in; one that is far from all the rest is more often a broken
    evaluation than a discovery.
    """
    if len(values) < 10:
        return False
    rest = sorted(values, reverse=direction == "maximize")[1:]
    low, _, high = quantiles(rest, n=4)
    return abs(best - rest[0]) > 2 * (high - low) > 0
