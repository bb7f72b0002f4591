"""Messages leave the outbox here.

Rules:
- A message is marked after it was sent. A crash in between repeats it under the same key; none is lost.
- Sending never holds up the watch, nor one channel another: each busy channel has a thread of its own.
- No polling: the sender sleeps on a condition until somebody wakes it or the next message is due.
- What was sent and cannot be marked (a full disk) is remembered, and not sent again by this process.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from overnight.core.model import Event, Telling
from overnight.errors import OvernightError
from overnight.notify.channels import Message, NotSent, open_channel
from overnight.notify.texts import render
from overnight.settings import Settings
from overnight.store.rundir import RunDir

FIRST_DELAY_S = 5.0
LONGEST_DELAY_S = 900.0
MOST_TRIES = 100
"""About a day of trying: 5, 10, 20 ... 640 s, then every 15 minutes."""
TROUBLE_DELAY_S = 30.0
"""Before the outbox itself is tried again when it could not be read or written."""

_log = logging.getLogger(__name__)


def next_attempt(tries: int, now: float) -> float | None:
    """When to try again after `tries` failed tries (1 or more); None: give up."""
    if tries >= MOST_TRIES:
        return None
    return now + min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(tries - 1, 20))


class Due(Protocol):
    """One message to one channel, as the outbox holds it."""

    @property
    def id(self) -> int: ...
    @property
    def telling(self) -> Telling: ...
    @property
    def channel(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def tries(self) -> int: ...


class Outbox(Protocol):
    """What the sender needs of the store's index."""

    @property
    def home(self) -> str: ...
    def due(self, now: float) -> Sequence[Due]: ...
    def next_due(self, after: float) -> float | None: ...
    def pending(self) -> int: ...
    def mark_sent(self, id_: int, now: float) -> None: ...
    def mark_failed(self, id_: int, error: str, next_try: float | None) -> None: ...


class Delivery(NamedTuple):
    """What came of one try: `sent_at`, or the `error` and whether it is `for_good`."""

    sent_at: float | None
    error: str = "the channel broke down"
    for_good: bool = False


class Sender:
    """Sends what is due until it is stopped, in threads of its own: `wake` never blocks."""

    def __init__(self, index: Outbox, settings: Settings) -> None:
        self._index = index
        self._lang = settings.lang
        self._changed = threading.Condition()
        self._woken = True
        self._stopping = False
        self._busy: dict[str, threading.Thread] = {}
        self._unmarked: dict[int, tuple[Due, Delivery]] = {}
        self._settling = 0
        self._settled = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def wake(self) -> None:
        """There may be something new to send."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    def pending(self) -> int:
        """How many messages are still to be sent. What is out is in its run's history when it is no longer counted: the
        run may be closed then, and a later rebuild repeats nothing."""
        with self._settled:
            self._settled.wait_for(lambda: not self._settling)
            return self._index.pending()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Send no more; a try under way gets `timeout_s`, and is repeated by the next sender otherwise."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        deadline = time.monotonic() + timeout_s
        for thread in (self._thread, *self._busy.values()):
            if thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))

    # ------------------------------------------------------------ the sender's own thread

    def _run(self) -> None:
        while self._wait_for_work(self._round()):
            pass

    def _wait_for_work(self, until: float | None) -> bool:
        """Sleep until woken or `until` (wall time); False when it is time to stop."""
        with self._changed:
            if not self._woken and not self._stopping:
                self._changed.wait(None if until is None else max(0.0, until - time.time()))
            self._woken = False
            return not self._stopping

    def _round(self) -> float | None:
        """Set every channel with due messages to work; when to look again if nobody wakes us."""
        now = time.time()
        again = None if self._mark_late() else now + TROUBLE_DELAY_S
        try:
            for address, batch in self._batches(now).items():
                self._work_on(address, batch)
            due = self._index.next_due(after=now)  # what is due now is at work, and wakes us when it is done
        except OvernightError as error:
            _log.warning("The outbox cannot be used now: %s", error)
            due = now + TROUBLE_DELAY_S
        if due is not None:
            due = min(due, now + LONGEST_DELAY_S)  # the clock may be put back or on meanwhile
        return min((t for t in (again, due) if t is not None), default=None)

    def _batches(self, now: float) -> dict[str, list[Due]]:
        """What is due, by channel. Busy ones are asked for first: who is free by then has marked its rows."""
        with self._changed:
            busy, unmarked = set(self._busy), set(self._unmarked)
        batches: dict[str, list[Due]] = {}
        for due in self._index.due(now):
            if due.address not in busy and due.id not in unmarked:
                batches.setdefault(due.address, []).append(due)
        return batches

    def _work_on(self, address: str, batch: list[Due]) -> None:
        thread = threading.Thread(target=self._send_all, args=(address, batch), name="channel", daemon=True)
        with self._changed:
            self._busy[address] = thread
        thread.start()

    # ------------------------------------------------------------ a channel's thread

    def _send_all(self, address: str, batch: list[Due]) -> None:
        try:
            for due in batch:
                if self._stopping:
                    return
                self._send(due)
        finally:
            with self._changed:
                del self._busy[address]
            self.wake()

    def _send(self, due: Due) -> None:
        delivery = Delivery(None)
        try:
            delivery = deliver(due, self._lang, time.time())
        finally:  # also when a service's own code broke: the message must neither be lost nor hammered
            self._settle(due, delivery)

    def _settle(self, due: Due, delivery: Delivery) -> None:
        try:
            self._mark(due, delivery)
        except OvernightError as error:
            _log.warning("%s: what became of %s could not be marked: %s", due.channel, due.telling.key, error)
            with self._changed:
                self._unmarked[due.id] = (due, delivery)  # the wake at the end of the batch tries again

    def _mark_late(self) -> bool:
        """Mark what could not be marked before; False when it still cannot be."""
        try:
            for id_, (due, delivery) in list(self._unmarked.items()):
                self._mark(due, delivery)
                with self._changed:
                    del self._unmarked[id_]
        except OvernightError:
            return False
        return True

    def _mark(self, due: Due, delivery: Delivery) -> None:
        if delivery.sent_at is None:
            again = None if delivery.for_good else next_attempt(due.tries + 1, time.time())
            self._index.mark_failed(due.id, delivery.error, again)
            _log.warning("%s: %s is not told: %s", due.channel, due.telling.key, delivery.error)
            return
        with self._being_settled():
            self._index.mark_sent(due.id, delivery.sent_at)
            _record(self._index.home, due, delivery.sent_at)

    @contextmanager
    def _being_settled(self) -> Iterator[None]:
        with self._settled:
            self._settling += 1
        try:
            yield
        finally:
            with self._settled:
                self._settling -= 1
                self._settled.notify_all()


def deliver(due: Due, lang: str, now: float) -> Delivery:
    """One try, `now` in seconds since the epoch. Raises nothing that is the channel's fault."""
    telling = due.telling
    text = render(telling, lang)
    message = Message(telling.key, telling.kind, telling.run, text.title, text.body, now)
    try:
        open_channel(due.address).send(message)
    except NotSent as error:
        return Delivery(None, str(error), error.for_good)
    return Delivery(now)


def _record(home: str, due: Due, at: float) -> None:
    """Write it into the run's own history, which a rebuild believes."""
    run = RunDir(os.path.join(home, "runs", due.telling.run))
    key = f"told:{due.telling.key}:{due.channel}"
    try:
        start = run.start()
        t = max(0.0, at - start.at) if start else due.telling.elapsed_s
        data = {"key": due.telling.key, "channel": due.channel}
        run.append([Event(t=t, kind="told", key=key, at=at, data=data)])
    except OvernightError as error:
        _log.warning("%s: %s was told, but the run's history cannot say so: %s", due.channel, key, error)
