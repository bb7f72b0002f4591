"""The phases of a watch, as one table.

    starting ──valid──► early ──settled──► cruise
        │                 │                  │
        └────── ask ──► paused ──answer──► early ──settled──► cruise
    any ──end──► ended

Rules:
- A pair that is not in the table does not happen: it raises, it is never ignored.
- `paused` stops the check-ins, never the command: the log is still read, the end still gets through.
"""

from typing import Literal

from overnight.core.model import Phase

Trigger = Literal["valid", "settled", "ask", "answer", "end"]

TABLE: dict[tuple[Phase, Trigger], Phase] = {
    ("starting", "valid"): "early",
    ("early", "settled"): "cruise",
    ("starting", "ask"): "paused",
    ("early", "ask"): "paused",
    ("cruise", "ask"): "paused",
    ("paused", "ask"): "paused",  # something worse came up while a question was open
    ("paused", "answer"): "early",
    ("starting", "end"): "ended",
    ("early", "end"): "ended",
    ("cruise", "end"): "ended",
    ("paused", "end"): "ended",
}


class ImpossibleStep(Exception):
    """A trigger came in a phase in which it cannot come: a fault of ours, not of the run."""


def step(phase: Phase, trigger: Trigger) -> Phase:
    """The phase after `trigger`; raises `ImpossibleStep` when the table has no such step."""
    try:
        return TABLE[phase, trigger]
    except KeyError:
        raise ImpossibleStep(f"{trigger!r} in phase {phase!r}") from None
