"""All detectors of one run behind one door: what no single line says.

Rules:
- Each finding is given once per change of its count; what it was measured on is said by the detector itself.
- A detector returns a `Problem`, or None; what follows from it is decided elsewhere.
- Only a loss that is lost for good is `certain`; everything else asks, or informs.
"""

from collections.abc import Iterable

from overnight.core.detectors.lifetime import Checkpoints, too_fast
from overnight.core.detectors.losses import Divergence, NonFinite
from overnight.core.detectors.resources import Exhaustion, Walltime
from overnight.core.detectors.stall import STALL, stall_limit, stalled
from overnight.core.detectors.training import Curves, Gradients, Slowdown
from overnight.core.detectors.trials import Boundary, Duplicates, TrialHealth
from overnight.core.metrics import MetricBook
from overnight.core.model import Fact, MetricSeen, PhaseSeen, Policy, Problem, ProgressSeen, Sample, TrialSeen
from overnight.core.progress import ProgressBook

_ACTION_OF = {"num.nan_loss": "non_finite", STALL: "stall"}


class Detectors:
    """Values that stay NaN, curves that turn, steps that slow down, trials that fail, what will run out, a stall.

    `walltime_s`: seconds from the start after which a scheduler ends the run, if it does.
    """

    def __init__(self, policy: Policy, walltime_s: float | None = None) -> None:
        self._policy = policy
        self._non_finite, self._divergence = NonFinite(policy.non_finite_points), Divergence()
        self._gradients, self._slowdown, self._curves = Gradients(), Slowdown(), Curves()
        self._trials, self._duplicates, self._boundary = TrialHealth(), Duplicates(), Boundary()
        self._exhaustion, self._walltime, self._checkpoints = (
            Exhaustion(),
            Walltime(walltime_s),
            Checkpoints(),
        )
        self._told: dict[str, int] = {}

    def see(self, fact: Fact, metrics: MetricBook, now: float | None = None) -> None:
        """Take in a fact, after the books did. A value that was chosen for its size is no sample."""
        if isinstance(fact, MetricSeen):
            if not fact.extreme:
                self._non_finite.see(fact, metrics)
                self._divergence.see(fact, metrics)
                self._gradients.see(fact)
                self._slowdown.see(fact)
        elif isinstance(fact, ProgressSeen):
            self._divergence.see(fact, metrics)
        elif isinstance(fact, TrialSeen):
            self._trials.see(fact)
            self._duplicates.see(fact)
            self._boundary.see(fact)
        elif isinstance(fact, PhaseSeen):
            self._checkpoints.see(fact, now)

    def sample(self, sample: Sample) -> None:
        """Take in the resources of the run."""
        self._exhaustion.see(sample)

    def findings(self, metrics: MetricBook, progress: ProgressBook) -> list[Problem]:
        """What is new or grew, of what the log says."""
        return self._fresh(
            [
                self._non_finite.finding(metrics, progress),
                self._divergence.finding(progress),
                self._gradients.finding(),
                self._slowdown.finding(),
                self._duplicates.finding(),
                *self._trials.findings(),
            ]
        )

    def at_check_in(
        self, metrics: MetricBook, progress: ProgressBook, now: float | None, line: int
    ) -> list[Problem]:
        """What is only looked for now and then: whole curves, resources, what is missing. `line`: the last one."""
        found = [
            self._curves.overfitting(metrics),
            self._curves.plateau(metrics),
            self._boundary.finding(metrics),
        ]
        if now is not None:
            found += self._exhaustion.findings(progress, line)
            found += [self._walltime.finding(progress, now, line), self._checkpoints.finding(progress, now)]
        return self._fresh(found)

    def at_end(self, metrics: MetricBook, progress: ProgressBook, line: int, *, done: bool) -> list[Problem]:
        """What a good end should make one look at."""
        return self._fresh([too_fast(progress, metrics, line, done=done)])

    def stall_limit(self, progress: ProgressBook) -> float | None:
        """Seconds without progress that mean a stall; None when it cannot be said."""
        return stall_limit(progress, self._policy)

    def stalled(self, progress: ProgressBook, now: float, line: int) -> Problem | None:
        """The stall at `now`, if there is one."""
        return stalled(progress, self._policy, now, line)

    def _fresh(self, found: Iterable[Problem | None]) -> list[Problem]:
        fresh = [p for p in found if p is not None and self._told.get(p.signature) != p.count]
        self._told.update((p.signature, p.count) for p in fresh)
        return fresh


def with_own_words(policy: Policy) -> Policy:
    """The policy with its words about NaN and stalls as words about their signatures, which decide first."""
    own = {signature: getattr(policy, field) for signature, field in _ACTION_OF.items()}
    wanted = {s: w for s, w in own.items() if w != "interrupt"}
    if policy.stall == "interrupt":
        wanted[STALL] = "interrupt"
    return Policy(
        **{f: getattr(policy, f) for f in policy.__struct_fields__ if f != "signatures"},
        signatures={**wanted, **policy.signatures},
    )
