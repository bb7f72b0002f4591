"""A finished log, understood by the pipeline that watches a living one.

Rules:
- There is no exit code here: the outcome is what a careful reader would say. A failure needs a critical problem
  that no progress and no word of completion followed; a success needs a word of completion or a counter at its
  total; anything else is unfinished.
- The failure is the earliest root cause after the last progress; what follows from it is listed, not the title.
- Everything is read once, in pieces, with bounded memory: a log of any size, or one that comes through a pipe.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec.structs import replace

from overnight.core.curve import extremes
from overnight.core.detectors import Detectors
from overnight.core.excerpt import Excerpts
from overnight.core.explain import Reason, reasons, rule
from overnight.core.health import Health
from overnight.core.metrics import MetricBook
from overnight.core.model import (
    Best,
    Observation,
    PhaseSeen,
    Policy,
    Problem,
    ProblemSeen,
    Progress,
    Quote,
    Struct,
)
from overnight.core.novelty import Novelty, Templates
from overnight.core.observe import Catalog, LogReader
from overnight.core.progress import ProgressBook
from overnight.core.recognizers import Recognizers

Outcome = Literal["success", "failure", "unfinished"]

_TORN_LINES = 20
_SOME_TRIALS = 3
_MOST_CURVES, _MOST_VALUES = 50, 40
"""Curves of one log, and values of one curve: enough for a line of a terminal."""


class Failure(Struct, frozen=True, rename={"cls": "class"}):
    """The root cause: its class, its line (from 1), what it says and what to do.

    `excerpt`: the lines around it as they stand in the log; `follows`: signatures of what it brought with it.
    """

    cls: str
    line: int
    text: str
    cause: str
    advice: str
    signature: str = ""
    context: list[str] = []
    excerpt: list[Quote] = []
    follows: list[str] = []


class Curve(Struct, frozen=True):
    """The values of one metric: extremes of all of them, and at most 40 in order, the extremes among them."""

    low: float
    high: float
    values: list[float]


class Analysis(Struct, frozen=True):
    """What a log says of its run.

    `rule` and `reasons`: why. `new_lines`: lines that no log of the baseline has; None without a baseline, and
    where nothing can be said since the log is too varied.
    `note`: why not all of the log could be read.
    """

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
    curves: dict[str, Curve] = {}
    rule: str = ""
    reasons: list[Reason] = []
    new_lines: list[Quote] | None = None
    note: str = ""


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
                self._problem(seen.problem, (seen.line, seen.text))
                continue
            if self.progress.see(seen, None):
                self.health.advanced(seen)
                self.done = False
            self.metrics.see(seen, None, self.progress.position())
            self._detectors.see(seen, self.metrics)
            if isinstance(seen, PhaseSeen) and seen.phase == "done":
                self.done = True
                self.health.well()
        for problem in self._detectors.findings(self.metrics, self.progress):
            self._problem(problem)

    def _problem(self, problem: Problem, occurrence: tuple[int, str] | None = None) -> None:
        self.health.see(problem, 0.0, 0, occurrence)
        if problem.severity == "critical" and problem.role == "root":
            self.done = False

    def conclude(self) -> None:
        """Look at the whole once more: curves that turned, a best at an edge."""
        for problem in self._detectors.at_check_in(self.metrics, self.progress, None, self.reader.lines):
            self._problem(problem)

    def complete(self) -> bool:
        """The log says so itself, or its outermost counter does."""
        return self.done or self.progress.complete(measured=bool(self.metrics.last()))


def analyze(pieces: Iterable[bytes], catalog: Catalog, baseline: Templates | None = None) -> Analysis:
    """What the log in `pieces` (in order, any sizes) says; `baseline`: what good runs of the same kind print."""
    known, excerpts = _Understanding(catalog), Excerpts()
    novelty = Novelty(baseline) if baseline is not None else None
    for data in pieces:
        known.learn(known.reader.feed(data, None))
        excerpts.feed(data)
        excerpts.want(_titles(known))
        if novelty is not None:
            novelty.feed(data)
    known.learn(known.reader.flush(None))
    known.conclude()
    excerpts.want(_titles(known))
    excerpts.close()
    if novelty is not None:
        novelty.close()
    return _concluded(known, excerpts, novelty)


def _titles(known: _Understanding) -> list[int]:
    """The lines of what may become the failure."""
    interrupted = known.health.interrupted()
    found = known.health.fatal() + ([interrupted] if interrupted is not None else [])
    return [p.first_line for p in found]


def _concluded(known: _Understanding, excerpts: Excerpts, novelty: Novelty | None) -> Analysis:
    problems, fatal = known.health.problems(), known.health.fatal()
    root = _root(fatal, known.health.interrupted()) or _of_trials(known.metrics.trials, problems)
    outcome: Outcome = (
        "failure" if root is not None and not known.done else "success" if known.complete() else "unfinished"
    )
    title = root if outcome == "failure" else None
    return Analysis(
        outcome=outcome,
        failure=_failure(title, fatal, excerpts) if title is not None else None,
        progress=known.progress.list(),
        best=known.metrics.best(),
        metrics=known.metrics.last(),
        problems=[_demoted(p, title, fatal) for p in problems],
        trials=dict(known.metrics.trials),
        lines=known.reader.lines,
        size_bytes=known.reader.offset,
        last_lines=known.reader.tail(10),
        curves=_curves(known.metrics),
        rule=rule(outcome, title, said_done=known.done),
        reasons=reasons(title, fatal, problems, complete=outcome == "success"),
        new_lines=novelty.lines() if novelty is not None else None,
    )


def _root(fatal: Sequence[Problem], interrupted: Problem | None) -> Problem | None:
    """The earliest root cause; an interruption, when what it tore down says so only lines before."""
    if not fatal:
        return interrupted
    near = interrupted is not None and interrupted.first_line - fatal[0].first_line <= _TORN_LINES
    return interrupted if near else fatal[0]


def _of_trials(trials: dict[str, int], problems: Sequence[Problem]) -> Problem | None:
    """When every trial failed, what went wrong first: a sweep that goes on to its end is no success."""
    if trials.get("failed", 0) < _SOME_TRIALS or len(trials) > 1:
        return None
    roots = [p for p in problems if p.severity == "critical" and p.role == "root"]
    return min(roots or problems, key=lambda p: p.first_line, default=None)


def _demoted(problem: Problem, title: Problem | None, fatal: Sequence[Problem]) -> Problem:
    """What the run went on after was not critical, whatever its signature says."""
    ended_by = title is not None and any(p.signature == problem.signature for p in fatal)
    if problem.severity != "critical" or problem.certain or ended_by:
        return problem
    return replace(problem, severity="minor")


def _curves(metrics: MetricBook) -> dict[str, Curve]:
    return {name: curve for name in metrics.names()[:_MOST_CURVES] if (curve := _curve(metrics, name))}


def _curve(metrics: MetricBook, name: str) -> Curve | None:
    values = [point.value for point in metrics.series(name)]
    while len(values) > _MOST_VALUES:
        values = [values[at] for at in extremes(values)]
    return Curve(low=min(values), high=max(values), values=values) if values else None


def _failure(p: Problem, fatal: Sequence[Problem], excerpts: Excerpts) -> Failure:
    return Failure(
        cls=p.cls,
        line=p.first_line,
        text=p.text,
        cause=p.cause,
        advice=p.advice,
        signature=p.signature,
        context=p.context,
        excerpt=excerpts.around(p.first_line),
        follows=[other.signature for other in fatal if other is not p and other.role != "root"],
    )
