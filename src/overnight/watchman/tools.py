"""What all watches of a home share."""

import asyncio
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

from overnight import catalog
from overnight.catalog import Known
from overnight.keeper.identity import boottime
from overnight.watchman.changes import Changes
from overnight.watchman.reports import Reports
from overnight.watchman.sampler import Census
from overnight.watchman.telling import Outbox
from overnight.watchman.threads import Threads

_REFRESH_S = 1.0
_REFRESH_PER_RUN_S = 0.1
"""A status costs two milliseconds, the kernel's part included: whatever the number of runs, a fiftieth of a core.
Events and check-ins show at once."""

_FOLDER_BOUND_S = 5.0
"""How long a run's folder may take to give its signatures: a local one takes milliseconds."""


@dataclass
class Tools:
    """The way to threads, people, reports and the known problems. `runs`: how many are watched now; `is_alone`: whether
    nobody else can be the home's watchman."""

    outbox: Outbox
    runs: Callable[[], int]
    is_alone: Callable[[], bool]
    threads: Threads = field(default_factory=Threads)
    reports: Reports = field(default_factory=Reports)
    census: Census = field(default_factory=Census)
    changes: Changes = field(default_factory=Changes)
    host: str = field(default_factory=socket.gethostname)
    incarnation: str = field(default_factory=lambda: f"{os.getpid()}-{boottime():.2f}")

    def refresh_s(self) -> float:
        """How long a status may be older than the log: a second for up to ten runs."""
        return max(_REFRESH_S, _REFRESH_PER_RUN_S * self.runs())

    async def known(self, folder: str) -> Known:
        """The known problems of a run that works in `folder`. One that hangs (a dead mount) has none of its
        own."""
        await asyncio.shield(self._ours)
        reading = asyncio.ensure_future(self.threads.long(catalog.known, folder))
        done, _ = await asyncio.wait({reading}, timeout=_FOLDER_BOUND_S)
        if done:
            return reading.result()
        fault = f"The signatures in {folder} could not be read in time: ours are used."
        return Known(catalog.load(), {}, [fault])

    def __post_init__(self) -> None:
        # Begun at once: a first run need not wait for it.
        self._ours = asyncio.ensure_future(self.threads.short(catalog.load))
