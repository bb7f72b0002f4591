"""Waiting for runs inside an event loop: any number of waiters, each woken by what changed in its run alone.

Rules:
- One inotify instance for all; a run is watched as long as somebody waits for it. Its log wakes nobody: what matters in
  it becomes an event of the run.
- Who waits also keeps watch over the watchman: when it dies, it is started again at once.
- A wait that is cancelled leaves nothing behind.
- `Feed` is the port: `overnight.testing` has one that replays a night in virtual time.
"""

import asyncio
import errno
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from inotify_simple import INotify, flags

from overnight.app.knowing import LOOK_S, unread_for
from overnight.errors import OvernightError
from overnight.store.rundir import EVENTS, EXIT, STATUS, RunDir
from overnight.watchman.start import ensure_if_needed, watchman_pid

_TOLD = frozenset({EVENTS, STATUS, EXIT})
_FOLDER = flags.CREATE | flags.MOVED_TO | flags.DELETE_SELF | flags.ONLYDIR
_FILE = flags.MODIFY


class Feed(Protocol):
    """How to wait for a run."""

    def now(self) -> float:
        """Wall time, seconds since the epoch."""
        ...

    async def until(self, run: RunDir, enough: Callable[[], bool], timeout_s: float) -> None:
        """Return when `enough()` is true, asked now and after each change of the run, or when `timeout_s` passed."""
        ...


class LiveFeed:
    """The changes of real runs, by inotify. Belongs to one event loop; close it there."""

    def __init__(self) -> None:
        self._inotify: INotify | None = None
        self._folders: dict[str, _Folder] = {}
        self._by_watch: dict[int, _Folder] = {}
        self._guard: int | None = None
        self._minding: asyncio.Future[None] | None = None

    def now(self) -> float:
        """Wall time."""
        return time.time()

    async def until(self, run: RunDir, enough: Callable[[], bool], timeout_s: float) -> None:
        """See `Feed`. An end that no watchman takes up counts as a change, once."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        async with self._followed(run) as changed:
            unread_told = False
            while not enough():
                left = deadline - loop.time()
                if left <= 0:
                    return
                unread = None if unread_told else unread_for(run)
                if unread is not None and unread <= 0:
                    unread_told = True
                    continue
                look = None if self._folders[run.path].told else LOOK_S
                await _woken(changed, min(t for t in (left, unread, look) if t is not None))

    def close(self) -> None:
        """Let go of everything."""
        self._drop_guard()
        if self._inotify is not None:
            asyncio.get_running_loop().remove_reader(self._inotify.fileno())
            self._inotify.close()
            self._inotify = None
        self._folders.clear()
        self._by_watch.clear()

    # ------------------------------------------------------------ following

    @asynccontextmanager
    async def _followed(self, run: RunDir) -> AsyncIterator[asyncio.Event]:
        changed = asyncio.Event()
        folder = self._folders.get(run.path) or self._follow(run)
        folder.waiters.add(changed)
        try:
            if self._guard is None:
                await self._mind(run.home)
            yield changed
        finally:
            folder.waiters.discard(changed)
            if not folder.waiters and self._folders.get(run.path) is folder:
                self._unfollow(folder)

    def _follow(self, run: RunDir) -> "_Folder":
        if self._inotify is None:
            self._inotify = INotify(nonblocking=True)
            asyncio.get_running_loop().add_reader(self._inotify.fileno(), self._changes)
        folder = _Folder(run)
        try:
            self._watch(folder, run.path, _FOLDER)
            self._watch_events(folder)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            folder.told = False  # the kernel has no watches left: it is looked at
        self._folders[run.path] = folder
        return folder

    def _watch(self, folder: "_Folder", path: str, mask: int) -> None:
        assert self._inotify is not None
        wd = self._inotify.add_watch(path, mask)
        folder.watches.add(wd)
        self._by_watch[wd] = folder

    def _watch_events(self, folder: "_Folder") -> None:
        """The file comes with the first event."""
        path = folder.run.file(EVENTS)
        if os.path.exists(path):
            self._watch(folder, path, _FILE)

    def _unfollow(self, folder: "_Folder") -> None:
        del self._folders[folder.run.path]
        for wd in folder.watches:
            self._by_watch.pop(wd, None)
            try:
                if self._inotify is not None:
                    self._inotify.rm_watch(wd)
            except OSError:  # the folder went first
                continue
        if not self._folders:
            self._drop_guard()

    def _changes(self) -> None:
        assert self._inotify is not None
        touched: set[_Folder] = set()
        for event in self._inotify.read(timeout=0):
            if event.mask & flags.Q_OVERFLOW:
                touched.update(self._folders.values())
                continue
            folder = self._by_watch.get(event.wd)
            if folder is None or (event.name and event.name not in _TOLD):
                continue
            if event.name == EVENTS:
                self._watch_events(folder)
            touched.add(folder)
        for folder in touched:
            for changed in folder.waiters:
                changed.set()

    # ------------------------------------------------------------ the watchman

    async def _mind(self, place: str) -> None:
        """See to it that there is a watchman, and hold on to it: its end is an event."""
        self._drop_guard()
        await asyncio.to_thread(_ensured, place)
        pid = watchman_pid(place)
        if pid is None or self._guard is not None or not self._folders:
            return
        try:
            self._guard = os.pidfd_open(pid)
        except OSError:  # gone again, or no descriptor is left: the next wait looks anew
            return
        asyncio.get_running_loop().add_reader(self._guard, self._watchman_gone, place)

    def _watchman_gone(self, place: str) -> None:
        self._drop_guard()
        self._minding = asyncio.ensure_future(self._mind(place))

    def _drop_guard(self) -> None:
        if self._guard is not None:
            asyncio.get_running_loop().remove_reader(self._guard)
            os.close(self._guard)
            self._guard = None


class _Folder:
    """A followed run and who waits for it."""

    def __init__(self, run: RunDir) -> None:
        self.run = run
        self.told = True
        self.watches: set[int] = set()
        self.waiters: set[asyncio.Event] = set()


def _ensured(place: str) -> None:
    """A watchman that cannot be started is no reason not to wait: the keepers record the end."""
    try:
        ensure_if_needed(place)
    except OvernightError:
        return


async def _woken(changed: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await changed.wait()
    except TimeoutError:
        return
    changed.clear()
