"""Which new best is worth waking somebody for.

Rules, from 870 real validation curves and the theory of records:
- 76 % of evaluations of a real curve are records, and pure noise sets 5.2 of them in 100 trials: most are
  no news.
- Only the study's own objective counts, and only once `record_warmup_trials` trials are complete; curves
  never.
- The gain must be larger than `record_min_gain` (relative) and than twice the median of the last five gains.
- At most one in `record_every_s` seconds; what is held back is still a record in the report's curve.
- While the direction is unknown there is no record.
"""

from collections import deque
from math import isfinite
from statistics import median

from overnight.core.metrics import MetricBook
from overnight.core.model import Direction, Policy, Record, TrialSeen

_GAINS = 5


class RecordGate:
    """Keeps the best so far and the last gains of one study. Call `see` after the book saw the same trial."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._direction: Direction | None = None
        self._best: float | None = None
        self._counted = 0
        self._gains: deque[float] = deque(maxlen=_GAINS)
        self._told_t: float | None = None

    def see(self, book: MetricBook, trial: TrialSeen, now: float) -> Record | None:
        """The record that this trial set, if it is one that passes the gate."""
        values = book.trial_values
        if trial.state != "complete" or trial.value is None or not isfinite(trial.value) or not values:
            return None
        if values[-1][0] != trial.number or len(values) == self._counted:
            return None
        previous, gain = self._learn(book)
        if previous is None or gain is None or not self._passes(gain[0], gain[1], len(values) - 1, now):
            return None
        best = book.best()
        if best is None or best.at != f"trial {trial.number}":
            return None
        self._told_t = now
        return Record(best=best, previous=previous, gain=gain[0], t=now)

    def _learn(self, book: MetricBook) -> tuple[float | None, tuple[float, float] | None]:
        """The best before the latest value; of a new best also its gain and the gain it had to exceed."""
        direction, values = book.study_direction(), book.trial_values
        if direction != self._direction or len(values) != self._counted + 1:
            self._start(direction)
            for _number, value, _t in values[:-1]:
                self._take(value)
        self._counted = len(values)
        previous = self._best
        needed = 2 * median(self._gains) if self._gains else 0.0
        gain = self._take(values[-1][1])
        return previous, (gain, needed) if gain is not None else None

    def _start(self, direction: Direction | None) -> None:
        self._direction, self._best = direction, None
        self._gains.clear()

    def _take(self, value: float) -> float | None:
        """The relative gain of `value` over the best so far; None when it is no gain."""
        best, direction = self._best, self._direction
        if direction is None:
            return None
        if best is None:
            self._best = value
            return None
        if value >= best if direction == "minimize" else value <= best:
            return None
        gain = abs(value - best) / (abs(best) or abs(value))
        self._best = value
        self._gains.append(gain)
        return gain

    def _passes(self, gain: float, needed: float, completed_before: int, now: float) -> bool:
        policy = self._policy
        if completed_before < policy.record_warmup_trials or gain <= max(policy.record_min_gain, needed):
            return False
        return self._told_t is None or now - self._told_t >= policy.record_every_s
