"""What the report needs to know of a run: facts, no words and no layout.

Rules:
- Plain data that a test can write down. `source.py` fills it from a replayed watch.
- `t` is seconds since the start; `start_at` is wall time, so `start_at + t` is when the clock said so.
- `None` means unknown and is shown as such.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from overnight.core.model import (
    Best,
    Direction,
    Event,
    EventKind,
    Exit,
    Phase,
    Problem,
    Progress,
    Question,
    Quote,
    Record,
    RunState,
    Sample,
)


class TrialPoint(NamedTuple):
    """One trial: `value` where it has one (a pruned one has its last report), `t` where it was seen live."""

    number: int
    state: str
    value: float | None
    t: float | None = None


class CurvePoint(NamedTuple):
    """One printed value of a metric at `x` epochs or steps."""

    x: float
    value: float
    t: float | None = None


class Step(NamedTuple):
    """How far the run was at time `t`."""

    t: float
    current: float


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """Where results were read from besides the log. `edges`: best parameters at an end of their range, as in
    `C (9.9)`. `ranges`: where each parameter was searched, in words. `note`: why it could not be read."""

    name: str = ""
    storage: str = ""
    objectives: int = 1
    edges: tuple[str, ...] = ()
    ranges: Mapping[str, str] = field(default_factory=dict)
    leaders: tuple[tuple[int, float, Mapping[str, str]], ...] = ()
    front: tuple[tuple[int, tuple[float, ...], Mapping[str, str]], ...] = ()
    others: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What it takes to do it again. `artifacts`: files of the folder that were written meanwhile:
    (name, bytes, first 12 hex digits of the SHA-256 or "")."""

    host: str = ""
    system: str = ""
    python: str = ""
    program: str = ""
    commit: str = ""
    changes: int | None = None
    artifacts: tuple[tuple[str, int, str], ...] = ()


class NewLines(NamedTuple):
    """Lines that the last `runs` good runs of the same command did not print."""

    runs: int
    lines: list[Quote]


@dataclass(frozen=True, slots=True)
class View:
    """One run, as known at one moment. `left_out`: how many of a kind `events` does not hold, for their number."""

    run: str
    name: str
    argv: list[str]
    cwd: str
    start_at: float
    elapsed_s: float
    state: RunState
    phase: Phase = "ended"
    exit: Exit | None = None
    interrupted: Problem | None = None
    stopped_by: str = ""
    tags: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    replaces: str | None = None
    changed: list[str] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    best: Best | None = None
    metric: str = ""
    direction: Direction | None = None
    params: dict[str, str] = field(default_factory=dict)
    trials: list[TrialPoint] = field(default_factory=list)
    first_trial: int | None = None
    states: dict[str, int] = field(default_factory=dict)
    curves: dict[str, list[CurvePoint]] = field(default_factory=dict)
    curve_unit: str = ""
    records: list[Record] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    new_lines: NewLines | None = None
    question: Question | None = None
    samples: list[Sample] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    left_out: Mapping[EventKind, int] = field(default_factory=dict)
    study: StudyFacts = field(default_factory=StudyFacts)
    provenance: Provenance = field(default_factory=Provenance)
    log: str = ""
    log_gone: bool = False
    startable: bool = True
    log_lines: int = 0
    tail: list[str] = field(default_factory=list)

    @property
    def outer(self) -> Progress | None:
        """The outermost counter: trials before epochs before steps."""
        return self.progress[0] if self.progress else None
