"""Many runs in one stream: what matters of each, as it happens, and runs that begin meanwhile.

Rules:
- One task per run over one feed; a run is over when its end was told, or when it was removed.
- Each thing seen carries the place after it. A reader with a name has its place kept once it asked for the next thing:
  who is killed in between is told that one again, and misses nothing.
"""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from typing import NamedTuple

from inotify_simple import INotify, flags

from overnight.app.feed import LiveFeed
from overnight.app.following import Cursor
from overnight.app.knowing import found, status_of, unread_for
from overnight.app.place import Place
from overnight.core import handle
from overnight.core.handle import Handle
from overnight.core.model import MAX_WAIT_S, Event, Status
from overnight.store import runs
from overnight.store.home import RUNS, home, prepare
from overnight.store.rundir import EVENTS, RunDir

_ARRIVALS = flags.MOVED_TO | flags.CREATE | flags.ONLYDIR
_BEGINNING = str(Handle(0))
_DAY_S = 86_400.0


class Seen(NamedTuple):
    """What was seen of a run: how it stands (the first time, and at an end that nobody watched), or an event of it.
    `since`: the place after it."""

    run: str
    status: Status | None
    event: Event | None
    since: str


async def oversee(
    refs: list[str], since: str | None = None, reader: str | None = None
) -> AsyncIterator[Seen]:
    """What happens to these runs until all have ended; without any: to all that run, and that will, for ever.

    `since`: the place of the one run that is meant. `reader`: by name, goes on from where it was in each run; without
    refs also the ends of a day that it was not told. Raises NoSuchRun, AmbiguousRun, HomeUnusable, UsageError.
    """
    kept = _Kept(reader)
    wanted = {run.id: run for run in ([found(ref) for ref in refs] if refs else kept.left())}
    begins = [(run, since or kept.since(run)) for run in wanted.values()]
    async with aclosing(_stream(begins, arrivals=not refs)) as stream:
        async for seen in stream:
            if seen.status is not None and seen.status.state == "running":
                kept.move(seen)  # a first look may be lost, what comes after it may not
                yield seen
            else:
                yield seen
                kept.move(seen)


class _Kept:
    """Where one reader is in all runs. Without a name it is nowhere, and nothing is kept."""

    def __init__(self, reader: str | None) -> None:
        self._reader = reader
        self._cursors: dict[str, Cursor] = {}

    def left(self) -> list[RunDir]:
        """The runs that live, and those whose beginning this reader was told, and not their end."""
        lively = runs.current(home(), time.time() - _DAY_S)
        return [run for run in lively if not run.over or (self.since(run) and not self._cursor(run).ended)]

    def since(self, run: RunDir) -> str | None:
        """Its place; None where it has none yet."""
        kept = run.cursor(self._reader) if self._reader is not None else None
        if kept is None or (
            kept.get("events") and self._cursor(run).place.first
        ):  # none, or of events that are gone
            return None
        return str(Handle(self._cursor(run).place.events))

    def move(self, seen: Seen) -> None:
        """That was told."""
        held = handle.read(seen.since)
        if self._reader is not None and held is not None:
            with suppress(FileNotFoundError):
                self._cursor(_run(seen.run)).told(held.events, seen.event, seen.status)

    def _cursor(self, run: RunDir) -> Cursor:
        if run.id not in self._cursors:
            self._cursors[run.id] = Cursor(run, self._reader or "")
        return self._cursors[run.id]


def _run(name: str) -> RunDir:
    return RunDir(os.path.join(home(), RUNS, name))


async def _stream(begins: list[tuple[RunDir, str | None]], *, arrivals: bool) -> AsyncGenerator[Seen]:
    feed, queue = LiveFeed(), asyncio.Queue[Seen]()
    tasks = {run.id: asyncio.ensure_future(_follow(feed, run, since, queue)) for run, since in begins}
    changes = _arrivals(feed, tasks, queue) if arrivals else None
    getting = asyncio.ensure_future(queue.get())
    try:
        while arrivals or tasks or not queue.empty() or getting.done():
            await asyncio.wait({getting, *tasks.values()}, return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                yield getting.result()
                getting = asyncio.ensure_future(queue.get())
            for run in [run for run, task in tasks.items() if task.done()]:
                tasks.pop(run).result()
    finally:
        for task in (getting, *tasks.values()):
            task.cancel()
        await asyncio.gather(getting, *tasks.values(), return_exceptions=True)
        if changes is not None:
            asyncio.get_running_loop().remove_reader(changes.fileno())
            changes.close()
        feed.close()


def _arrivals(
    feed: LiveFeed, tasks: "dict[str, asyncio.Task[None]]", queue: "asyncio.Queue[Seen]"
) -> INotify:
    """Follow each run that begins from now on."""
    prepare(home())
    changes = INotify(nonblocking=True)
    changes.add_watch(os.path.join(home(), RUNS), _ARRIVALS)

    def arrived() -> None:
        for change in changes.read(timeout=0):
            if change.name[:1] != "." and change.name not in tasks:
                follow = _follow(feed, _run(change.name), _BEGINNING, queue)
                tasks[change.name] = asyncio.ensure_future(follow)

    asyncio.get_running_loop().add_reader(changes.fileno(), arrived)
    return changes


async def _follow(feed: LiveFeed, run: RunDir, since: str | None, queue: "asyncio.Queue[Seen]") -> None:
    held = handle.read(since)
    place = Place(run, held.events if held is not None else None)
    if place.first:
        await queue.put(Seen(run.id, status_of(run), None, str(Handle(place.events))))
        if status_of(run).state != "running":
            return
    fresh: list[tuple[Event, int]] = []

    def is_enough() -> bool:
        fresh.extend(place.take_each())
        return bool(fresh) or _is_gone(place) or (run.over and (unread_for(run) or 0.0) <= 0)

    while not _is_gone(place):
        with suppress(FileNotFoundError):
            await feed.until(run, is_enough, MAX_WAIT_S)
        for event, after in fresh:
            await queue.put(Seen(run.id, None, event, str(Handle(after))))
        if any(event.kind == "ended" for event, _after in fresh):
            return
        if not fresh and run.over and status_of(run).state != "running":
            await queue.put(Seen(run.id, status_of(run), None, str(Handle(place.events))))
            return
        fresh.clear()


def _is_gone(place: Place) -> bool:
    """Whether the run was removed, or is being removed: its events go once only."""
    return not os.path.exists(place.run.file(EVENTS) if place.events else place.run.path)
