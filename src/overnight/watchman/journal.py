"""What happened to one run, recorded once and before it is acted on.

Rules:
- An event whose key is known is dropped: a restarted watchman cannot repeat what its predecessor recorded.
- A watchman that hung while another one took its place finds that out here, before it writes.
- A disk that takes nothing loses nothing and stops nothing: events wait in memory, in order, and are written
  as soon as the disk takes them. Acting goes on meanwhile.
"""

import time
from collections.abc import Callable, Sequence

import msgspec

from overnight.core.model import Event
from overnight.errors import HomeUnusable
from overnight.store.rundir import RunDir
from overnight.watchman.recorded import Recorded
from overnight.watchman.threads import Threads


class OvertakenError(Exception):
    """The folder says other than what was about to be recorded: begin anew from the folder."""


class Journal:
    """The run's `events.jsonl`. `trouble`: why it cannot be written at present, in a sentence; else None.
    `last_t`: the latest time of an event, in seconds since the run's start."""

    def __init__(
        self, run_dir: RunDir, recorded: Recorded, threads: Threads, is_alone: Callable[[], bool]
    ) -> None:
        self.trouble: str | None = None
        self.last_t = recorded.last_t
        self._run_dir = run_dir
        self._keys = recorded.keys
        self._threads = threads
        self._is_alone = is_alone
        self._waiting: list[Event] = []

    def knows(self, key: str) -> bool:
        return hash(key) in self._keys

    async def record(self, events: Sequence[Event]) -> list[Event]:
        """Stamp and write the new ones among `events`; returns those, in order.

        Raises Unreadable (the run is gone), OvertakenError.
        """
        fresh = [self._stamped(event) for event in events if self._is_new(event)]
        self.last_t = max((event.t for event in fresh), default=self.last_t)
        self._waiting += fresh
        await self.flush()
        return fresh

    async def flush(self) -> None:
        """Write what waits. Raises Unreadable, OvertakenError."""
        batch = list(self._waiting)
        if not batch:
            return
        self._waiting = []
        try:
            await self._threads.short(self._write, batch)
        except HomeUnusable as error:
            self._waiting = batch + self._waiting
            self.trouble = str(error)
            return
        self.trouble = None

    def _write(self, batch: list[Event]) -> None:
        if not self._is_alone():
            raise OvertakenError("another watchman may be at work in this home")
        self._run_dir.append(batch)

    @property
    def count(self) -> int:
        """How many events are recorded, those that wait for the disk among them."""
        return len(self._keys)

    @property
    def behind(self) -> bool:
        """Whether something still waits for the disk."""
        return bool(self._waiting)

    def _is_new(self, event: Event) -> bool:
        if self.knows(event.key):
            return False
        self._keys.add(hash(event.key))
        return True

    def _stamped(self, event: Event) -> Event:
        return msgspec.structs.replace(event, at=round(time.time(), 3))
