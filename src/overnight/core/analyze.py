"""A finished log, understood by the pipeline that watches a living one.

Rules:
- There is no exit code here: the outcome is what a careful reader would say. A failure needs a critical problem
  that no progress and no word of completion followed; a success needs a word of completion or a counter at its
  total; anything else is unfinished.
- The failure is the earliest root cause after the last progress; what follows from it is listed, not the title.
"""

from collections.abc import Iterable
from typing import Literal

from overnight.core.detectors import Detectors
from overnight.core.health import Health
from overnight.core.metrics import MetricBook
from overnight.core.model import Best, Observation, PhaseSeen, Policy, Problem, ProblemSeen, Progress, Struct
from overnight.core.observe import Catalog, LogReader
from overnight.core.progress import ProgressBook
from overnight.core.recognizers import Recognizers

Outcome = Literal["success", "failure", "unfinished"]


class Failure(Struct, frozen=True, rename={"cls": "class"}):
    """The root cause: its class, its line (from 1), what it says and what to do."""

    cls: str
    line: int
    text: str
    cause: str
    advice: str
    signature: str = ""
    context: list[str] = []


class Analysis(Struct, frozen=True):
    """What a log says of its run."""

    outcome: Outcome
    failure: Failure | None
    progress: list[Progress]
    best: Best | None
    metrics: dict[str, float]
    problems: list[Problem]
    trials: dict[str, int] = {}
    lines: int = 0
    size_bytes: int = 0
    last_lines: list[str] = []


class _Understanding:
    """The pipeline without a clock."""

    def __init__(self, catalog: Catalog) -> None:
        self.reader = LogReader(catalog, Recognizers())
        self.progress, self.metrics, self.health = ProgressBook(), MetricBook(), Health()
        self._detectors = Detectors(Policy())
        self.done = False

    def learn(self, observations: Iterable[Observation]) -> None:
        for seen in observations:
            if isinstance(seen, ProblemSeen):
                self._problem(seen.problem)
                continue
            if self.progress.see(seen, None):
                self.health.advanced()
                self.done = False
            self.metrics.see(seen, None, self.progress.position())
            self._detectors.see(seen, self.metrics)
            self.done = self.done or (isinstance(seen, PhaseSeen) and seen.phase == "done")
        for problem in self._detectors.findings(self.metrics, self.progress):
            self._problem(problem)

    def _problem(self, problem: Problem) -> None:
        self.health.see(problem, 0.0, 0)
        if problem.severity == "critical" and problem.role == "root":
            self.done = False

    def complete(self) -> bool:
        """The log says so itself, or its outermost counter with a total is there."""
        outer = next((p for p in self.progress.list() if p.total), None)
        return self.done or (outer is not None and outer.total is not None and outer.reached >= outer.total)


def analyze(pieces: Iterable[bytes], catalog: Catalog) -> Analysis:
    """What the log in `pieces` (in order, any sizes) says."""
    known = _Understanding(catalog)
    for data in pieces:
        known.learn(known.reader.feed(data, None))
    known.learn(known.reader.flush(None))
    fatal = known.health.fatal()
    interrupted = next((p for p in known.health.problems() if p.cls == "user_interrupt"), None)
    root = fatal[0] if fatal else interrupted
    outcome: Outcome = (
        "failure" if root is not None and not known.done else "success" if known.complete() else "unfinished"
    )
    return Analysis(
        outcome=outcome,
        failure=_failure(root) if outcome == "failure" and root is not None else None,
        progress=known.progress.list(),
        best=known.metrics.best(),
        metrics=known.metrics.last(),
        problems=known.health.problems(),
        trials=dict(known.metrics.trials),
        lines=known.reader.lines,
        size_bytes=known.reader.offset,
        last_lines=known.reader.tail(10),
    )


def _failure(p: Problem) -> Failure:
    return Failure(
        cls=p.cls,
        line=p.first_line,
        text=p.text,
        cause=p.cause,
        advice=p.advice,
        signature=p.signature,
        context=p.context,
    )
