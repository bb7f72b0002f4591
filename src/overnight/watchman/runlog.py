"""The log of one run, read on from a byte: ours, or one that somebody else writes.

Rules: changed logs of the home are read together, by one thread; one that is elsewhere may hang, and then takes
nobody's thread but its own.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from overnight.core.model import Spec
from overnight.store.rundir import RunDir
from overnight.watchman.foreign import ForeignTail, place_of
from overnight.watchman.tail import LogTail
from overnight.watchman.tools import Tools

P = ParamSpec("P")
T = TypeVar("T")


class RunLog:
    """`is_ours`: it stands in the run's folder; what became of one that does not, the recorded events tell (`place`).

    `begun`: a reading that was begun and not taken. `place`: where a log that is not ours, or was not always, goes on.
    """

    def __init__(self, run_dir: RunDir, spec: Spec, place: tuple[str, int] | None, tools: Tools) -> None:
        self.is_ours = spec.attached is None
        self.begun: asyncio.Future[bytes] | None = None
        self.place = place_of(spec.attached, place) if spec.attached else None
        self._attached = spec.attached
        self._run, self._path = run_dir.id, run_dir.log_path
        self._tools = tools
        self._followed: object = None
        self.go_on_from(0)

    def go_on_from(self, offset: int) -> None:
        """Read from that byte on."""
        self._tail = self._tail_from(offset)
        self._cuts = self._tail.cut

    def close(self) -> None:
        """Let go of the file."""
        self._tail.close()

    @property
    def base(self) -> int:
        """The first byte that can still be read."""
        return self.place.base if self.place is not None else 0

    @property
    def lost(self) -> bool:
        """Whether offsets do not lead back into it."""
        return bool(self._tail.lost)

    @contextmanager
    def past(self, offset: int) -> Iterator[Iterator[bytes]]:
        """What stands in it from that byte on, in pieces."""
        tail = self._tail_from(offset)
        try:
            yield iter(tail.past())
        finally:
            tail.close()

    def holds(self, offset: int) -> bool:
        """Whether it is there up to that byte."""
        tail = self._tail_from(0)
        try:
            return tail.holds(offset)
        finally:
            tail.close()

    # ------------------------------------------------------------ reading on

    def begin(self, then: "Callable[[asyncio.Future[bytes]], None]") -> None:
        """Read the next bytes; `then` is called with them."""
        self.begun = self._tools.threads.gathered(self._tail.read)
        self.begun.add_done_callback(then)

    async def piece(self) -> bytes:
        """The next bytes: those of the reading that was begun, if one was."""
        if self.begun is not None:
            reading, self.begun = self.begun, None
            return await reading
        if self.is_ours:
            return await self._tools.threads.gathered(self._tail.read)
        return await self.off_the_loop(self._tail.read)

    async def off_the_loop(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `work` on the log."""
        away = self._attached is not None and not self._attached.told
        threads = self._tools.threads
        return await (threads.long if away else threads.short)(work, *args, **kwargs)

    @property
    def is_cut(self) -> bool:
        """Whether it began anew since `cut_taken`."""
        return self._tail.cut != self._cuts

    def cut_taken(self) -> tuple[str, dict[str, object]]:
        """That it began anew, in a sentence and as facts."""
        self._cuts = self._tail.cut
        return self._tail.told()

    def follow(self, then: Callable[[], None]) -> bool:
        """See to it that the system tells changes of a log that is not ours; True when it was another one until now:
        what came meanwhile was not told."""
        attached = self._attached
        if attached is None or not isinstance(self._tail, ForeignTail):
            return False
        seen = self._tail.seen()
        if seen == self._followed:
            return False
        self._followed = seen
        self._tools.changes.follow(self._run, self._tail.watched(), then, told=attached.told)
        return True

    def _tail_from(self, offset: int) -> LogTail | ForeignTail:
        attached = self._attached
        if attached is None or attached.log is None or self.place is None:
            return LogTail(self._path, offset)
        return ForeignTail(attached.log, attached.pid, self.place, offset)
