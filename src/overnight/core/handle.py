"""What a reader holds instead of a session: how far it was told, as a few characters.

Rules:
- A handle says which bytes of `events.jsonl` its reader was told, and how often it asked: nothing of it is kept here,
  so that it outlives the server, the agent's memory and any number of other readers.
- A handle that is not of this run, or of another time, is lost: it costs a summary, never a flood.
- Digits only: three of them are one token to most models, letters up to three.
"""

import re
from typing import NamedTuple

_MOST_DIGITS = 15
_WRITTEN = re.compile(rf"(\d{{1,{_MOST_DIGITS}}})\.(\d{{1,3}})")
_ROUND = 1000


class Handle(NamedTuple):
    """`events`: bytes of the run's events that were told. `turn`: how many answers were given before, up to 999: the
    answer differs even when nothing happened, which loop detectors of agents count on."""

    events: int
    turn: int = 0

    def __str__(self) -> str:
        return f"{self.events}.{self.turn}"

    def moved(self, events: int) -> "Handle":
        """The handle after one more answer."""
        return Handle(events, (self.turn + 1) % _ROUND)


def read(text: str | None) -> Handle | None:
    """The handle in `text`; None when there is none."""
    found = _WRITTEN.fullmatch(text.strip()) if text else None
    return Handle(int(found[1]), int(found[2])) if found else None
