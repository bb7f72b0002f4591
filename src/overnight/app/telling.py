"""The channels that people are told by: trying them, and what is on its way."""

import time
from typing import NamedTuple

from overnight import settings
from overnight.core.model import TellKind
from overnight.errors import UsageError
from overnight.notify.channels import Message, NotSent, addresses, open_channel
from overnight.store.home import home, prepare
from overnight.store.index import Index, channel_of

_TITLE = "overnight: a test"
_BODY = "This channel works. You will be told of four things only: success, failure, a record, a question."


class Tried(NamedTuple):
    """One channel and what went wrong with it; `error` None: the message is out."""

    channel: str
    error: str | None


class Pending(NamedTuple):
    """A message that is still on its way through one channel. `next_try_at`: wall time."""

    run: str
    kind: TellKind
    channel: str
    tries: int
    error: str | None
    next_try_at: float


def notify_test() -> list[Tried]:
    """Send a message through every channel of the settings, now and once. Raises HomeUnusable, Unreadable."""
    place = home()
    prepare(place)
    return [Tried(channel_of(address), _try(address)) for address in addresses(settings.load(), place)]


def _try(address: str) -> str | None:
    now = time.time()
    message = Message(f"test:{now:.0f}", "success", "test", _TITLE, _BODY, now)
    try:
        open_channel(address).send(message)
    except (NotSent, UsageError) as error:
        return str(error)
    return None


def notify_pending() -> list[Pending]:
    """The messages in the outbox that are still to be sent, the next one first."""
    index = Index(home())
    return [
        Pending(one.telling.run, one.telling.kind, one.channel, one.tries, one.error, one.next_at)
        for one in index.waiting()
    ]
