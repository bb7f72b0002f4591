"""Waiting for the first of several runs that has news for one reader.

Rules:
- The same news as `wait` for one run: told once, kept by the reader's cursors. Runs that have nothing yet lose nothing.
- A run whose end the reader knows is waited for no more, so that a chain of waits comes to the others; when all are
  such, they are told again and nothing is waited for.
"""

import asyncio
import time

from overnight.app.feed import LiveFeed
from overnight.app.following import Cursor, WaitResult, bounded, is_news, wait
from overnight.app.knowing import found, status_of
from overnight.core.model import MAX_WAIT_S
from overnight.store.rundir import RunDir


def wait_for_first(
    refs: list[str], timeout_s: float | None = None, until: str = "check-in", reader: str = "default"
) -> list[WaitResult]:
    """Block until one of the runs has news of that kind: that run alone; after `timeout_s`, or when the reader knows of
    every end: each. Raises what `wait` raises."""
    timeout_s = bounded(timeout_s, until)
    named = {run.id: run for run in map(found, refs)}
    live = [run for run in named.values() if not Cursor(run, reader).ended]
    first = asyncio.run(_first(live, timeout_s, until, reader)) if live else None
    told = [first] if first is not None else live or list(named.values())
    return [wait(run.id, 0, until, reader) for run in told]


async def _first(runs: list[RunDir], timeout_s: float | None, until: str, reader: str) -> RunDir | None:
    """The first of them with news, by the order in which they were named where several have some."""
    feed = LiveFeed()
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    tasks = [asyncio.ensure_future(_until_news(feed, run, deadline, until, reader)) for run in runs]
    try:
        while not all(task.done() for task in tasks):
            await asyncio.wait(
                [task for task in tasks if not task.done()], return_when=asyncio.FIRST_COMPLETED
            )
            if any(task.result() for task in tasks if task.done()):
                break
        news = [run for run, task in zip(runs, tasks, strict=True) if task.done() and task.result()]
        return news[0] if news else None
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        feed.close()


async def _until_news(feed: LiveFeed, run: RunDir, deadline: float | None, until: str, reader: str) -> bool:
    """True when there is some; False at the deadline."""
    cursor, seen = Cursor(run, reader), False

    def is_enough() -> bool:
        nonlocal seen
        seen = seen or is_news(cursor.take(), until, cursor) or status_of(run).state != "running"
        return seen

    while not seen:
        left = MAX_WAIT_S if deadline is None else deadline - time.monotonic()
        await feed.until(run, is_enough, left)
        if deadline is not None and time.monotonic() >= deadline:
            break
    return seen
