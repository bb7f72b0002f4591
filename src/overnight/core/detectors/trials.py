"""A sweep that wastes its night: trials that fail, are all pruned, repeat one another, or press against a bound."""

from collections import Counter
from math import isfinite, log

from overnight.core.metrics import MetricBook
from overnight.core.model import Fact, Problem, TrialSeen

TRIALS_FAIL = "opt.trial_fail"
ALL_PRUNED = "opt.all_pruned"
DUPLICATES = "opt.duplicate"
BOUNDARY = "opt.boundary"

_MOST_TRIALS = 5_000


class TrialHealth:
    """A sweep that wastes its night: trials that fail, or are all pruned.

    More than 20 % of at least ten trials failed, or five in a row: one failing corner of the search space is
    normal, a fifth of the sweep is a bug. Thirty pruned in a row: the pruner no longer lets anything through.
    """

    def __init__(self) -> None:
        self._ended = self._failed = self._failed_in_row = self._pruned_in_row = 0
        self._first_line = self._last_line = 0
        self._reason: str | None = None
        self._last_number: int | None = None

    def see(self, fact: Fact) -> None:
        """Take in a fact."""
        if not isinstance(fact, TrialSeen) or fact.state == "running" or fact.number == self._last_number:
            return
        self._last_number = fact.number
        self._ended += 1
        failed = fact.state == "failed"
        self._failed += failed
        self._failed_in_row = self._failed_in_row + 1 if failed else 0
        self._pruned_in_row = self._pruned_in_row + 1 if fact.state == "pruned" else 0
        if failed:
            self._first_line = self._first_line or fact.line
            self._last_line = fact.line
            self._reason = fact.reason or self._reason

    def findings(self) -> list[Problem]:
        """What is wrong with the sweep now."""
        found = []
        if self._failed_in_row >= 5 or (self._ended >= 10 and self._failed > 0.2 * self._ended):
            found.append(self._failing())
        if self._pruned_in_row >= 30:
            found.append(self._pruning())
        return found

    def _failing(self) -> Problem:
        why = f": {self._reason}" if self._reason else ""
        return Problem(
            signature=TRIALS_FAIL,
            cls="trial_failures",
            severity="minor",
            count=self._failed,
            first_line=self._first_line,
            last_line=self._last_line,
            text=f"{self._failed} of {self._ended} trials failed{why}",
            cause="Part of the search space, or all of it, raises; the sweep goes on and would end well.",
            advice="Fix the reason of the last failed trial, or take that part out of the search space.",
            relaunch="the same study goes on where it was, if its storage is a file or a server",
        )

    def _pruning(self) -> Problem:
        return Problem(
            signature=ALL_PRUNED,
            cls="all_pruned",
            severity="minor",
            count=self._pruned_in_row,
            first_line=self._last_line,
            last_line=self._last_line,
            text=f"the last {self._pruned_in_row} trials were all pruned",
            cause="The pruner is too strict, reports go the wrong way, or the sampler has settled.",
            advice="Check the study's direction against what is reported, and the pruner's warm-up steps.",
        )


class Duplicates:
    """Trials with parameters that were tried before.

    More than 30 % of at least twenty: a sampler without a seed for each worker, or a space that is exhausted. Random
    and TPE samplers on the studies of 16 real logs repeat none.
    """

    def __init__(self) -> None:
        self._seen: Counter[frozenset[tuple[str, str]]] = Counter()
        self._trials = 0
        self._line = 0

    def see(self, fact: Fact) -> None:
        """Take in a fact."""
        if not isinstance(fact, TrialSeen) or fact.state != "complete" or not fact.params:
            return
        if len(self._seen) < _MOST_TRIALS:
            self._trials += 1
            self._seen[frozenset(fact.params.items())] += 1
            self._line = fact.line

    def finding(self) -> Problem | None:
        """The repetition, while it is one."""
        again = self._trials - len(self._seen)
        if self._trials < 20 or again <= 0.3 * self._trials:
            return None
        return Problem(
            signature=DUPLICATES,
            cls="duplicate_trials",
            severity="minor",
            count=1,
            first_line=self._line,
            last_line=self._line,
            text=f"{again} of {self._trials} trials repeat parameters that were tried before",
            cause="Workers share a seed, the space is small, or the sampler has settled on one point.",
            advice="Give each worker a seed of its own, or end the sweep: it learns nothing new.",
        )


class Boundary:
    """The best value of a numeric parameter at the edge of all that was tried.

    Within 2 % of the range (of its logarithm, when it spans more than two decades), after thirty trials and with at
    least ten different values: the optimum may lie beyond. Information for the morning: it stops nothing.
    """

    def __init__(self) -> None:
        self._values: dict[str, set[float]] = {}
        self._trials = 0

    def see(self, fact: Fact) -> None:
        """Take in a fact."""
        if not isinstance(fact, TrialSeen) or fact.state != "complete" or self._trials >= _MOST_TRIALS:
            return
        self._trials += 1
        for name, text in fact.params.items():
            value = _number(text)
            if value is not None:
                self._values.setdefault(name, set()).add(value)

    def finding(self, metrics: MetricBook) -> Problem | None:
        """The parameters at an edge, while there are any."""
        best = metrics.best()
        if best is None or self._trials < 30 or best.line is None:
            return None
        params = {name: _number(text) for name, text in best.params.items()}
        edges = [e for name, value in params.items() if value is not None and (e := self._edge(name, value))]
        if not edges:
            return None
        return Problem(
            signature=BOUNDARY,
            cls="edge_of_range",
            severity="info",
            count=1,
            first_line=best.line,
            last_line=best.line,
            text=f"the best trial lies at the edge of what was tried: {', '.join(edges)}",
            cause="The optimum may lie beyond the range that is searched.",
            advice="Widen the range on that side in the next sweep.",
        )

    def _edge(self, name: str, value: float) -> str | None:
        tried = self._values.get(name, set())
        if len(tried) < 10:
            return None
        low, high = min(tried), max(tried)
        if low > 0 and high / low > 100:
            low, high, value = log(low), log(high), log(value)
        place = (value - low) / (high - low)
        return f"{name} at its lowest" if place < 0.02 else f"{name} at its highest" if place > 0.98 else None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None
