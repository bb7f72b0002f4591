"""The index and the sender of a home, opened together. Imports SQLAlchemy: only the index thread loads
this."""

import time
from collections.abc import Sequence

from overnight.core.model import Status, Telling
from overnight.errors import Unreadable
from overnight.notify.channels import addresses
from overnight.notify.outbox import Sender
from overnight.settings import Settings
from overnight.store.index import Index
from overnight.store.rebuild import rebuild


class Post:
    """Where tellings go. Raises HomeUnusable; an index that is damaged is made anew from the run
    directories."""

    def __init__(self, home: str, settings: Settings) -> None:
        self._home = home
        self._index = _index(home, settings)
        self._sender = Sender(self._index, settings)
        self._sender.start()

    def tell(self, telling: Telling, settings: Settings) -> None:
        """Put the telling into the outbox, for every channel that the settings name now."""
        self._index.enqueue(telling, addresses(settings, self._home), time.time())
        self._sender.wake()

    def put_statuses(self, statuses: Sequence[Status]) -> None:
        """The latest statuses of runs, for who lists them."""
        self._index.put_status(*statuses)

    def pending(self) -> int:
        """How many messages are on their way."""
        return self._sender.pending()

    def close(self) -> None:
        """Send no more: what is pending stays in the outbox."""
        self._sender.stop()


def _index(home: str, settings: Settings) -> Index:
    try:
        return Index(home)
    except Unreadable:
        rebuild(home, addresses(settings, home), time.time())
        return Index(home)
