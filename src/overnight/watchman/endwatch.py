"""When the command of a run ends: the pidfd tells, and whoever then knows how it ended records it.

Rules: without a pidfd (the command is gone, or of another boot) the end is sought at once; with no descriptor left,
again a second later, as nothing tells when one is.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine
from typing import Any

from overnight.core.model import Start
from overnight.keeper.identity import open_pidfd
from overnight.store.rundir import RunDir
from overnight.watchman.ending import record_end
from overnight.watchman.threads import Threads

_AGAIN_S = 1.0

log = logging.getLogger(__name__)


class EndWatch:
    """`beside`: lets the recording go on beside the watch, until the end is on disk."""

    def __init__(
        self, run_dir: RunDir, threads: Threads, beside: Callable[[Coroutine[Any, Any, None]], object]
    ) -> None:
        self._run_dir, self._threads, self._beside = run_dir, threads, beside
        self._start: Start | None = None
        self._pidfd: int | None = None
        self._again: asyncio.TimerHandle | None = None

    def follow(self, start: Start) -> None:
        """Have the end of this command recorded when it comes."""
        self._start = start
        self._pidfd = open_pidfd(start.pid, start.ticks, start.boot_id)
        if self._pidfd is None:
            self._seek()
        else:
            asyncio.get_running_loop().add_reader(self._pidfd, self._seek)

    def close(self) -> None:
        """Let go of the pidfd; what is being recorded goes on."""
        if self._again is not None:
            self._again.cancel()
        if self._pidfd is not None:
            asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = None

    def _seek(self) -> None:
        loop = asyncio.get_running_loop()
        if self._pidfd is not None:
            loop.remove_reader(self._pidfd)
        try:
            own = None if self._pidfd is None else os.dup(self._pidfd)
        except OSError as error:
            log.warning("the end of %s cannot be asked for: %s", self._run_dir.id, error)
            self._again = loop.call_later(_AGAIN_S, self._seek)
            return
        self._beside(self._threads.long(record_end, self._run_dir, self._start, own))
