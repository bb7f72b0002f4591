"""What every channel is and does; the contract suite holds them all to it.

Rules:
- `send` returns when the message is out, and raises NotSent when it is not (or nobody can know): then it is
  tried again. It never returns in doubt, and never blocks for much over a minute.
- A channel knows one address and keeps no state that a restart would lose.
- A reason never quotes an address: addresses hold passwords.
"""

from typing import NamedTuple, Protocol

from overnight.core.model import TellKind


class Message(NamedTuple):
    """What goes out. `key` is the same when it is repeated; `at` is wall time, seconds since the epoch."""

    key: str
    kind: TellKind
    run: str
    title: str
    body: str
    at: float


class NotSent(Exception):  # it says what happened, as the errors of `overnight.errors` do
    """The message is not out. `for_good`: trying again cannot help."""

    def __init__(self, reason: str, *, for_good: bool = False) -> None:
        super().__init__(reason)
        self.for_good = for_good


class Channel(Protocol):
    """One way to one place."""

    def send(self, message: Message) -> None:
        """Deliver the message. Raises NotSent."""
