"""Blocking work off the loop.

Rules:
- Short work (the files of the home) shares a few threads.
- What many runs want at the same moment is done by one thread in one go: a thread for each costs more than the work.
- Work that may block for minutes (stopping a tree, waiting for keepers, a look at somebody's mounts) has a
  daemon thread of its own: it takes no place in the pool and never keeps the process from ending.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_AT_ONCE = 4


class Threads:
    """Where the loop's blocking work goes."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="short")
        self._gathered: list[tuple[Callable[[], Any], asyncio.Future[Any]]] = []

    async def short(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `work`, done in the pool."""
        return await asyncio.wrap_future(self._pool.submit(work, *args, **kwargs))

    def gathered(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """The result of `work`, done in the pool with all that is asked for in the same turn of the loop."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        if not self._gathered:
            loop.call_soon(self._do_gathered)
        self._gathered.append((work, done))
        return done

    def _do_gathered(self) -> None:
        gathered, self._gathered = self._gathered, []
        asked = [done for _work, done in gathered]
        outcomes = asyncio.wrap_future(self._pool.submit(_each, [work for work, _done in gathered]))
        outcomes.add_done_callback(
            lambda outcomes: None if outcomes.cancelled() else _share(outcomes.result(), asked)
        )

    async def long(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `work`, done in a thread of its own."""
        done: Future[T] = Future()
        threading.Thread(target=_work, args=(done, partial(work, *args, **kwargs)), daemon=True).start()
        return await asyncio.wrap_future(done)

    def close(self) -> None:
        """Take no more short work."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _each(works: Sequence[Callable[[], Any]]) -> list[tuple[Any, BaseException | None]]:
    """The result or the error of each work, one after the other."""
    outcomes: list[tuple[Any, BaseException | None]] = []
    for work in works:
        try:
            outcomes.append((work(), None))
        except BaseException as error:  # noqa: BLE001 - handed to whoever awaits it: nothing is lost here
            outcomes.append((None, error))
    return outcomes


def _share(
    outcomes: Sequence[tuple[Any, BaseException | None]], asked: "Sequence[asyncio.Future[Any]]"
) -> None:
    """Hand each outcome to who asked for it; who was cancelled meanwhile needs none."""
    for (result, error), done in zip(outcomes, asked, strict=True):
        if done.cancelled():
            continue
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)


def _work(done: "Future[T]", work: Callable[[], T]) -> None:
    try:
        done.set_result(work())
    except BaseException as error:  # noqa: BLE001 - handed to whoever awaits it: nothing is lost here
        done.set_exception(error)
