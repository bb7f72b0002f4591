"""The watchman's side of the outbox: put a telling in, until it is in.

Rules:
- One thread owns the index; opening it (half a second of imports) delays nobody's watch.
- The index not taking a telling (a full disk, a lock held for long) is retried until it does: it is recorded
  in the run's events anyway, and the key keeps it single. An index found damaged is opened again, which mends
  it.
- Whom to tell is asked of the settings anew each time, so that a change counts at once. Broken settings tell
  by the default channels rather than nobody.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from overnight import settings
from overnight.core.model import Status, Telling
from overnight.errors import HomeUnusable, OvernightError, Unreadable
from overnight.store.home import unusable

if TYPE_CHECKING:
    from overnight.watchman.post import Post

T = TypeVar("T")

_AGAIN_S = 5.0
_GATHER_S = 0.5

log = logging.getLogger(__name__)


def settings_or_defaults() -> settings.Settings:
    """The settings in force; the defaults, with a word in the log, when they cannot be read."""
    try:
        return settings.load()
    except Unreadable as error:
        log.warning("defaults are used: %s", error)
        return settings.Settings()


class Outbox:
    """The home's index and the sender that works on it."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="index")
        self._opening = threading.Lock()
        self._closed = False
        self._post: Post | None = None
        self._statuses: list[Status] = []
        self._putting: asyncio.Future[None] | None = None
        self._put_at = 0.0

    async def open(self) -> None:
        """Return when the index is open and what was pending is being sent."""
        await self._until_done(lambda _post: None, "opening the index")

    async def tell(self, telling: Telling) -> None:
        """Return when the telling is in the outbox."""
        await self._until_done(
            lambda post: post.tell(telling, settings_or_defaults()), f"telling {telling.key}"
        )

    async def put_status(self, status: Status) -> None:
        """Return when the index has the status, or could not take it: the next one will do."""
        self._statuses.append(status)
        if self._putting is None or self._putting.done():
            self._putting = asyncio.ensure_future(self._put_statuses())
        await asyncio.shield(self._putting)

    async def _put_statuses(self) -> None:
        """One at once; what comes within half a second after it together, since most of the cost is the transaction."""
        loop = asyncio.get_running_loop()
        while self._statuses:
            await _pause(max(0.0, self._put_at + _GATHER_S - loop.time()))
            statuses, self._statuses = self._statuses, []
            self._put_at = loop.time()
            try:
                await self._do(partial(_put, statuses=statuses))
            except OvernightError as error:
                log.warning("status of %s: %s", ", ".join(status.run for status in statuses), error)

    async def pending(self) -> int:
        """How many messages still wait to be sent and will be tried again; 1 when nobody can say."""
        try:
            return await self._do(lambda post: post.pending())
        except OvernightError as error:
            log.warning("the outbox cannot be asked: %s", error)
            return 1

    async def close(self) -> None:
        """End the sender; what was not sent is sent by the next watchman."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        """One that is being opened has a sender a moment later: it is waited for, or there would be two of them."""
        with self._opening:
            self._closed = True
        if self._post is not None:
            self._post.close()

    async def _until_done(self, work: "Callable[[Post], T]", what: str) -> T:
        while True:
            try:
                return await self._do(work)
            except OvernightError as error:
                log.warning("%s: %s", what, error)
            await _pause(_AGAIN_S)

    async def _do(self, work: "Callable[[Post], T]") -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._with_post, work)

    def _with_post(self, work: "Callable[[Post], T]") -> T:
        """In the index thread."""
        try:
            from overnight.watchman.post import Post  # SQLAlchemy, alembic: not on the loop's thread

            with self._opening:
                if self._closed:
                    raise HomeUnusable(f"The index of {self._home} was closed.")
                if self._post is None:
                    self._post = Post(self._home, settings_or_defaults())
            return work(self._post)
        except Unreadable:
            if self._post is not None:
                self._post.close()
            self._post = None
            raise
        except OSError as error:  # no descriptor is left, not even for a module
            raise unusable(self._home, error) from error


def _put(post: "Post", statuses: list[Status]) -> None:
    post.put_statuses(statuses)


async def _pause(seconds: float) -> None:
    """Let `seconds` go by: no event tells that a disk has room again."""
    never = asyncio.get_running_loop().create_future()
    await asyncio.wait({never}, timeout=seconds)
