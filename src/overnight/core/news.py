"""What happened to a run between two looks, gathered from its recorded events.

Rules:
- Events are the only source: whoever reads the same ones is told the same, today or after a crash.
- Of what repeats the latest state counts: a problem once, however often it grew; a question that was answered is none.
- `URGENT` is what ends a wait: what the workflow tells somebody, and a critical error. A quiet check-in is not.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar

import msgspec

from overnight.core.model import (
    Answer,
    Best,
    Event,
    EventKind,
    Problem,
    Progress,
    Question,
    Record,
    StopRequest,
)

T = TypeVar("T")

URGENT: frozenset[EventKind] = frozenset({"question", "answer", "record", "interrupt", "stop", "ended"})

TOLD: frozenset[EventKind] = URGENT | {"problem", "check_in"}
"""The kinds that `gather` reads; of the others nothing is told."""


class Look(NamedTuple):
    """What a check-in said: the ground on which news stand out."""

    t: float
    progress: tuple[Progress, ...] = ()
    best: Best | None = None
    trials: dict[str, int] = {}


class News(NamedTuple):
    """`first`: nothing was told before, so everything is news. `before`, `after`: the last check-in before these
    events, and the last of them."""

    first: bool = False
    before: Look | None = None
    after: Look | None = None
    looks: int = 0
    problems: tuple[Problem, ...] = ()
    records: tuple[Record, ...] = ()
    asked: Question | None = None
    answers: tuple[Answer, ...] = ()
    interrupt: Problem | None = None
    stop: StopRequest | None = None
    ended: bool = False

    @property
    def is_quiet(self) -> bool:
        """Whether nothing happened but check-ins."""
        return self == News(first=self.first, before=self.before, after=self.after, looks=self.looks)


def is_urgent(event: Event) -> bool:
    """Whether a reader who waits should be told of it now."""
    return event.kind in URGENT or (event.kind == "problem" and event.data.get("severity") == "critical")


def gather(events: Iterable[Event], before: Event | None = None, *, first: bool = False) -> News:
    """The news in `events`, after the check-in `before`."""
    problems: dict[str, Problem] = {}
    records: list[Record] = []
    answers: list[Answer] = []
    facts: dict[str, Any] = {"looks": 0}
    for event in events:
        if event.kind == "problem":
            problem = _as(event, Problem)
            problems[problem.signature] = problem
        elif event.kind == "record":
            records.append(_as(event, Record))
        elif event.kind == "question":
            facts["asked"] = _as(event, Question)
        elif event.kind == "answer":
            answers.append(_as(event, Answer))
            facts["asked"] = None
        elif event.kind == "check_in":
            facts |= {"looks": facts["looks"] + 1, "after": look(event)}
        elif event.kind == "interrupt":
            facts["interrupt"] = msgspec.convert(event.data["problem"], Problem, strict=False)
        elif event.kind == "stop":
            facts["stop"] = _as(event, StopRequest)
        elif event.kind == "ended":
            facts |= {"ended": True, "asked": None}
    return News(
        first=first,
        before=look(before) if before is not None else None,
        problems=tuple(problems.values()),
        records=tuple(records),
        answers=tuple(answers),
        **facts,
    )


def look(event: Event) -> Look:
    """What a check-in's event holds."""
    progress = msgspec.convert(event.data.get("progress") or [], list[Progress], strict=False)
    best = msgspec.convert(event.data.get("best"), Best | None, strict=False)
    return Look(event.t, tuple(progress), best, dict(event.data.get("trials") or {}))


def _as(event: Event, wanted: type[T]) -> T:
    return msgspec.convert(event.data, wanted, strict=False)
