"""One line of `events.jsonl`, checked.

Rules:
- What a kind of event always holds is checked as it is read: whoever takes it up need not doubt it again.
- A line that is torn, or holds something else, is none. More than what is known of a kind is welcome.
- Of a million lines few are of the kind that is asked for: `of_kinds` tells by their first characters which are not.
"""

import re
from functools import cache
from typing import Any, get_args

import msgspec

from overnight.core.model import (
    Answer,
    Best,
    Event,
    EventKind,
    Exit,
    Int,
    Problem,
    Progress,
    Question,
    Record,
    RunState,
    Sample,
    StopRequest,
    Struct,
    Telling,
)
from overnight.store.codec import decode


class _CheckIn(Struct, frozen=True):
    number: Int = 0
    verdict: str = "ok"
    progress: list[Progress] = []
    best: Best | None = None
    metrics: dict[str, float] = {}
    trials: dict[str, int] = {}


class _Interrupt(Struct, frozen=True):
    problem: Problem


class _Survivor(Struct, frozen=True):
    pid: Int
    name: str


class _StoppedTree(Struct, frozen=True):
    signals: list[str] = []
    survivors: list[_Survivor] = []


class _Ended(Struct, frozen=True):
    state: RunState
    exit: Exit = Exit()


class _Told(Struct, frozen=True):
    key: str
    channel: str = ""


class _Report(Struct, frozen=True):
    html: str | None = None
    md: str | None = None


_DECODER = msgspec.json.Decoder(Event, strict=False)
"""Made once: there may be a million lines."""
_KINDS: frozenset[EventKind] = frozenset(get_args(EventKind))
_HOLDS: dict[str, Any] = {
    "check_in": _CheckIn,
    "problem": Problem,
    "record": Record,
    "sample": Sample,
    "question": Question,
    "answer": Answer,
    "interrupt": _Interrupt,
    "stop": StopRequest,
    "stopped_tree": _StoppedTree,
    "ended": _Ended,
    "notification": Telling,
    "told": _Told,
    "report": _Report,
}


def read(line: bytes) -> Event | None:
    """The event in a line; None when there is none."""
    try:
        event = _read(line)
        if (holds := _HOLDS.get(event.kind)) is not None:
            msgspec.convert(event.data, holds, strict=False)
    except ValueError:  # DamagedError, what a kind does not hold, and a lone surrogate where a name belongs
        return None
    return event


def _read(line: bytes) -> Event:
    """The event, checked but for what its kind holds. Raises ValueError."""
    try:
        return _DECODER.decode(line)
    except (ValueError, RecursionError):  # also a lone surrogate, which `decode` takes
        return decode(line, Event)


@cache
def of_kinds(kinds: frozenset[EventKind]) -> re.Pattern[bytes]:
    """Matches the line end before each line that may be an event of these kinds: all but those that begin as we write
    them and name another kind."""
    others = "|".join(sorted(_KINDS - kinds)).encode()
    return re.compile(rb'\n(?!\{"t":[-+.\de]++,"kind":"(?:' + others + rb')",)')
