"""What a reader holds instead of a session: how far it was told, as a few characters.

Rules:
- A handle says which bytes of `events.jsonl` its reader was told, and how often it asked: nothing of it is kept here,
  so that it outlives the server, the agent's memory and any number of other readers.
- A handle that is not of this run, or of another time, is lost: it costs a summary, never a flood.
- What happened moves it; where nothing did, a turn behind a dot does: loop detectors of agents count equal calls.
- Digits only: three of them are one token to most models, letters up to three.
"""

import re
from typing import NamedTuple

_MOST_DIGITS = 15
_WRITTEN = re.compile(rf"(\d{{1,{_MOST_DIGITS}}})(?:\.(\d{{1,3}}))?")
_ROUND = 1000


class Handle(NamedTuple):
    """`events`: bytes of the run's events that were told. `turn`: how many answers since told nothing, up to 999."""

    events: int
    turn: int = 0

    def __str__(self) -> str:
        return f"{self.events}.{self.turn}" if self.turn else str(self.events)

    def moved(self, events: int) -> "Handle":
        """The handle after one more answer."""
        return Handle(events, 0 if events != self.events else self.turn % (_ROUND - 1) + 1)


def read(text: str | None) -> Handle | None:
    """The handle in `text`; None when there is none."""
    found = _WRITTEN.fullmatch(text.strip()) if text else None
    return Handle(int(found[1]), int(found[2] or 0)) if found else None
