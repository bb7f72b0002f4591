"""The events that a report shows, however many were recorded.

Rules:
- Read one by one: what no page tells is not kept, and of a kind that floods (a thousand first and last ones aside) only
  the number. Check-ins are all kept: they come by the clock, and the progress is drawn from them.
- What was left out is counted, so that the page can say so.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator

from overnight.core.model import Event, EventKind

_SHOWN: frozenset[EventKind] = frozenset(
    {
        "started",
        "adopted",
        "check_in",
        "problem",
        "record",
        "question",
        "answer",
        "interrupt",
        "stop",
        "ended",
        "note",
        "notification",
        "told",
    }
)
_ENOUGH = 1_000
"""Events of a kind at either end: far more than a page has rows, and than a chart has marks."""


class Course:
    """What is shown of a run's events. `last_t`: the latest time of any, in seconds since the start; 0 for none.
    `left_out`: how many of each kind were not kept."""

    def __init__(self) -> None:
        self.last_t = 0.0
        self.left_out: Counter[EventKind] = Counter()
        self._first: dict[EventKind, list[tuple[int, Event]]] = {}
        self._last: dict[EventKind, deque[tuple[int, Event]]] = {}
        self._count = 0

    def passing(self, events: Iterable[Event]) -> Iterator[Event]:
        """The same events, each seen as it passes."""
        for event in events:
            self._see(event)
            yield event

    def events(self) -> list[Event]:
        """What was kept, in order."""
        ends = (*self._first.values(), *self._last.values())
        numbered = sorted((row for kept in ends for row in kept), key=lambda row: row[0])
        return [event for _number, event in numbered]

    def _see(self, event: Event) -> None:
        self.last_t = max(self.last_t, event.t)
        if event.kind not in _SHOWN:
            return
        self._count += 1
        row = (self._count, event)
        first = self._first.setdefault(event.kind, [])
        if event.kind == "check_in" or len(first) < _ENOUGH:
            first.append(row)
            return
        last = self._last.setdefault(event.kind, deque())
        last.append(row)
        if len(last) > _ENOUGH:
            last.popleft()
            self.left_out[event.kind] += 1
