"""Where one reader is in a run: what it was told, and what is new to it since.

Rules:
- A place is a byte in the run's events and one in its log. Whoever holds it may be a file (`Cursor`) or the reader
  itself (`core.handle`): the same events give the same news.
- A place that is not of this run is none: its reader is told a summary, once.
"""

import os
from collections.abc import Collection
from typing import get_args

from overnight.app.knowing import veil_of
from overnight.core.model import Event, EventKind
from overnight.core.news import TOLD, News, gather, is_urgent
from overnight.errors import Unreadable
from overnight.store.rundir import RunDir, open_log

_UNSHOWN: frozenset[EventKind] = frozenset({"told", "stopped_tree", "adopted", "note", "hook_begun", "hook"})
_SHOWN: frozenset[EventKind] = frozenset(get_args(EventKind)) - _UNSHOWN
_MOST_LINES_BYTES = 64 * 1024


class Place:
    """A reader's place in `run`.

    `events`, `log`: the bytes up to which it was told; None: of the events nothing that is known, of the log what the
    events say. `first`: everything is news to it. Both move on as it reads; `seen` is what it read; `news_at` wall time
    of the latest event that shows in a status.
    """

    def __init__(
        self, run: RunDir, events: int | None, log: int | None = None, *, first: bool = False
    ) -> None:
        before = run.events_before(events) if events is not None else None
        self.run = run
        self.first = first or before is None
        self.events = events if events is not None and before is not None else run.told_until()
        self.log = _offset(before or []) if log is None else log
        self._before = next((event for event in reversed(before or []) if event.kind == "check_in"), None)
        self.seen: list[Event] = []
        self.news_at = 0.0

    def take(self) -> list[Event]:
        """The events that came since the last call, of the kinds that show in a status: of the others there may be a
        million."""
        return [event for event, _after in self._taken(_SHOWN)]

    def take_each(self) -> list[tuple[Event, int]]:
        """The events of all kinds that came since the last call, each with the byte after it."""
        return self._taken(None)

    def _taken(self, kinds: Collection[EventKind] | None) -> list[tuple[Event, int]]:
        fresh: list[tuple[Event, int]] = []
        for event, after in self.run.each_event(self.events, kinds):
            self.events = after
            if event is not None:
                fresh.append((event, after))
                if event.kind not in _UNSHOWN:
                    self.news_at = max(self.news_at, event.at)
        self.seen += [event for event, _after in fresh if event.kind in TOLD]
        return fresh

    def has_urgent(self) -> bool:
        """Whether something was read that its reader should be told now."""
        return any(map(is_urgent, self.seen))

    def is_breaking(self) -> bool:
        """Whether a critical problem is the only urgent news: the end often follows it at once."""
        urgent = [event.kind for event in self.seen if is_urgent(event)]
        return bool(urgent) and set(urgent) == {"problem"}

    def news(self) -> News:
        """All that was read."""
        return gather(self.seen, self._before, first=self.first)

    def lines(self, end: int | None = None) -> list[str]:
        """The freshest lines of the log from where the reader was up to byte `end`, or all, at most 64 KiB of them,
        without secrets; the reader is told them."""
        data, self.log = _log(self.run.log_path, self.log, end)
        return veil_of(self.run).lines(seen_lines(data))

    def lines_told(self) -> list[str]:
        """The lines up to the last event that was read: two answers with the same events say the same lines."""
        return self.lines(_offset(self.seen)) if self.seen else []


def _offset(events: list[Event]) -> int:
    return max((event.offset for event in events), default=0)


def _log(path: str, begin: int, end: int | None) -> tuple[bytes, int]:
    """The bytes from `begin`, or from nearer to the end, up to `end`; and where they end. A log that was cut is read
    from its beginning."""
    try:
        file = open_log(path)
    except (FileNotFoundError, Unreadable):
        return b"", begin
    with file:
        size = os.fstat(file.fileno()).st_size
        until = size if end is None else min(end, size)
        if size < begin:
            begin = 0
        begin_here = max(begin, until - _MOST_LINES_BYTES)
        file.seek(begin_here)
        data = file.read(max(0, until - begin_here))
        cut = begin_here > begin or not _at_line(file.fileno(), begin_here)
        return whole(data, begin_here) if cut else data, max(begin, until)


def whole(data: bytes, begin: int) -> bytes:
    """A piece of a log that begins at byte `begin`, without what may be the rest of a line."""
    return data.partition(b"\n")[2] if begin else data


def _at_line(fd: int, begin: int) -> bool:
    return begin == 0 or os.pread(fd, 1, begin - 1) == b"\n"


def seen_lines(data: bytes) -> list[str]:
    """The lines of a piece of a log as a person would see them: bars at their last state, escapes gone."""
    from overnight.core.lines import LineSplitter

    splitter = LineSplitter()
    lines = [*splitter.feed(data), *splitter.flush()]
    return [line.text for line in lines if line.text.strip() and not line.rewrite]
