"""All detectors of one run behind one door.

Rules: each finding is given once per change of its count; the detectors themselves, with what they were measured
on, are in `trend`.
"""

from overnight.core import trend
from overnight.core.metrics import MetricBook
from overnight.core.model import Fact, MetricSeen, Policy, Problem
from overnight.core.progress import ProgressBook

_ACTION_OF = {"num.nan_loss": "non_finite", "hang.no_progress": "stall"}


class Detectors:
    """What no single line says: values that stay NaN, a loss that rises, trials that fail, a stall."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._non_finite = trend.NonFinite(policy.non_finite_points)
        self._divergence = trend.Divergence()
        self._trials = trend.TrialHealth()
        self._told: dict[str, int] = {}

    def see(self, fact: Fact, metrics: MetricBook) -> None:
        """Take in a fact, after the books did. A value that was chosen for its size is no sample."""
        if isinstance(fact, MetricSeen) and fact.extreme:
            return
        self._non_finite.see(fact, metrics)
        self._divergence.see(fact, metrics)
        self._trials.see(fact)

    def findings(self, metrics: MetricBook, progress: ProgressBook) -> list[Problem]:
        """What is new or grew."""
        found = [
            self._non_finite.finding(metrics, progress),
            self._divergence.finding(progress),
            *self._trials.findings(),
        ]
        fresh = [p for p in found if p is not None and self._told.get(p.signature) != p.count]
        self._told.update((p.signature, p.count) for p in fresh)
        return fresh

    def stall_limit(self, progress: ProgressBook) -> float | None:
        """Seconds without progress that mean a stall; None when it cannot be said."""
        return trend.stall_limit(progress, self._policy)

    def stalled(self, progress: ProgressBook, now: float, line: int) -> Problem | None:
        """The stall at `now`, if there is one."""
        return trend.stalled(progress, self._policy, now, line)


def with_own_words(policy: Policy) -> Policy:
    """The policy with its words about NaN and stalls as words about their signatures, which decide first."""
    own = {signature: getattr(policy, field) for signature, field in _ACTION_OF.items()}
    wanted = {s: w for s, w in own.items() if w != "interrupt"}
    if policy.stall == "interrupt":
        wanted["hang.no_progress"] = "interrupt"
    return Policy(
        **{f: getattr(policy, f) for f in policy.__struct_fields__ if f != "signatures"},
        signatures={**wanted, **policy.signatures},
    )
