"""Many runs in one stream: what matters of each, as it happens, and runs that begin meanwhile.

Rules: one task per run over one feed; a run is over when its end was told; nothing is remembered for the reader but the
place that each line carries.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import NamedTuple

from inotify_simple import INotify, flags

from overnight.app.feed import LiveFeed
from overnight.app.knowing import found, status_of, unread_for
from overnight.app.place import Place
from overnight.core import handle
from overnight.core.handle import Handle
from overnight.core.model import MAX_WAIT_S, Event, Status
from overnight.store import runs
from overnight.store.home import RUNS, home, prepare
from overnight.store.rundir import RunDir

_NOW = float("inf")
_ARRIVALS = flags.MOVED_TO | flags.CREATE | flags.ONLYDIR


class Seen(NamedTuple):
    """What was seen of a run: how it stands (the first time, and at an end that nobody watched), or an event of it.
    `since`: the place after it."""

    run: str
    status: Status | None
    event: Event | None
    since: str


async def oversee(refs: list[str], since: str | None = None) -> AsyncIterator[Seen]:
    """What happens to these runs until all have ended; without any: to all that run, and that will, for ever.

    `since`: the place of the one run that is meant. Raises NoSuchRun, AmbiguousRun, HomeUnusable.
    """
    feed, queue = LiveFeed(), asyncio.Queue[Seen]()
    wanted = [found(ref) for ref in refs] or [run for run in runs.current(home(), _NOW) if not run.over]
    tasks = {run.id: asyncio.ensure_future(_follow(feed, run, since, queue)) for run in wanted}
    arrivals = None if refs else _arrivals(feed, tasks, queue)
    try:
        while arrivals is not None or not all(task.done() for task in tasks.values()) or not queue.empty():
            getting = asyncio.ensure_future(queue.get())
            await asyncio.wait({getting, *tasks.values()}, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in tasks.values() if task.done()]:
                task.result()
            if getting.done():
                yield getting.result()
            elif not queue.empty():
                yield await getting
            else:
                getting.cancel()
                tasks = {run: task for run, task in tasks.items() if not task.done()}
                if arrivals is not None and not tasks:
                    yield await queue.get()
    finally:
        for task in tasks.values():
            task.cancel()
        if arrivals is not None:
            asyncio.get_running_loop().remove_reader(arrivals.fileno())
            arrivals.close()
        feed.close()


def _arrivals(
    feed: LiveFeed, tasks: "dict[str, asyncio.Task[None]]", queue: "asyncio.Queue[Seen]"
) -> INotify:
    """Follow each run that begins from now on."""
    place = home()
    prepare(place)
    changes = INotify(nonblocking=True)
    changes.add_watch(os.path.join(place, RUNS), _ARRIVALS)

    def arrived() -> None:
        for change in changes.read(timeout=0):
            run = RunDir(os.path.join(place, RUNS, change.name))
            if change.name[:1] != "." and change.name not in tasks:
                tasks[run.id] = asyncio.ensure_future(_follow(feed, run, "0.0", queue))

    asyncio.get_running_loop().add_reader(changes.fileno(), arrived)
    return changes


async def _follow(feed: LiveFeed, run: RunDir, since: str | None, queue: "asyncio.Queue[Seen]") -> None:
    held = handle.read(since)
    place = Place(run, held.events if held is not None else None)
    if place.first:
        await queue.put(Seen(run.id, status_of(run), None, str(Handle(place.events))))
        if status_of(run).state != "running":
            return
    fresh: list[Event] = []

    def is_enough() -> bool:
        fresh.extend(place.take())
        return bool(fresh) or (run.over and (unread_for(run) or 0.0) <= 0)

    while True:
        with suppress(FileNotFoundError):
            await feed.until(run, is_enough, MAX_WAIT_S)
        for event in fresh:
            await queue.put(Seen(run.id, None, event, str(Handle(place.events))))
        if any(event.kind == "ended" for event in fresh):
            return
        if not fresh and run.over and status_of(run).state != "running":
            await queue.put(Seen(run.id, status_of(run), None, str(Handle(place.events))))
            return
        fresh.clear()
