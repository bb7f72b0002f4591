"""Blocking work off the loop.

Rules:
- Short work (the files of the home) shares a few threads.
- Work that may block for minutes (stopping a tree, waiting for keepers, a look at somebody's mounts) has a
  daemon thread of its own: it takes no place in the pool and never keeps the process from ending.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_AT_ONCE = 4


class Threads:
    """Where the loop's blocking work goes."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="short")

    async def short(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `work`, done in the pool."""
        return await asyncio.wrap_future(self._pool.submit(work, *args, **kwargs))

    async def long(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `work`, done in a thread of its own."""
        done: Future[T] = Future()
        threading.Thread(target=_work, args=(done, partial(work, *args, **kwargs)), daemon=True).start()
        return await asyncio.wrap_future(done)

    def close(self) -> None:
        """Take no more short work."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _work(done: "Future[T]", work: Callable[[], T]) -> None:
    try:
        done.set_result(work())
    except BaseException as error:  # noqa: BLE001 - handed to whoever awaits it: nothing is lost here
        done.set_exception(error)
