"""Waiting for a run: event-driven, bounded, and never the same news twice to one reader.

Rules:
- Who waits also keeps watch over the watchman: when it dies, it is started again at once.
- A wait for a check-in is at most 300 s; longer waits are chained, and the reader's cursor makes them lose
  nothing and repeat nothing. A wait for attention or for the end may block without limit.
- A wait comes back early for whatever the workflow would tell somebody, and for a critical error.
"""

import errno
import os
import select
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Literal, NamedTuple, Self

import msgspec
from inotify_simple import INotify, flags

from overnight.app.knowing import LOOK_S, found, is_closed, status_of, unread_for
from overnight.app.place import Place
from overnight.core.calls import SHELL
from overnight.core.model import MAX_WAIT_S, Event, Status, Struct
from overnight.core.news import is_urgent
from overnight.errors import HomeUnusable, UsageError, WaitTooLong
from overnight.store.rundir import EVENTS, EXIT, STATUS, RunDir
from overnight.watchman.start import ensure_if_needed, watchman_pid

Until = Literal["check-in", "attention", "end"]
UNTIL: tuple[Until, ...] = ("check-in", "attention", "end")

_NEWS = {
    "check-in": frozenset({"check_in", "question", "answer", "record", "interrupt", "ended"}),
    "attention": frozenset({"question", "ended"}),
    "end": frozenset({"ended"}),
}
_SHOWN = frozenset({EVENTS, STATUS, EXIT})
_CHANGES = flags.MODIFY | flags.CREATE | flags.MOVED_TO | flags.DELETE_SELF
FRESH_S = 5.0
"""How long a status may take to follow the event that it follows from."""


class WaitResult(NamedTuple):
    """What a wait came back with. `exit_status`: 0 ended well, 1 ended badly, 3 it runs, 4 a question is
    open."""

    status: Status
    exit_status: int
    digest: str


class Following:
    """A run, and the changes of it. Use it in a `with`."""

    def __init__(self, run: RunDir) -> None:
        self.run = run
        self._inotify = INotify(nonblocking=True)
        self._told = self._is_told()
        self._guard: int | None = None
        self._end_told = False
        self._mind()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Look no more."""
        self._inotify.close()
        self._drop_guard()

    def status(self) -> Status:
        """The latest status."""
        return status_of(self.run)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until the run's status or its events changed; False when `timeout_s` went by before.

        An end that no watchman takes up (there is none: a full disk, no process left) is such a change, once.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while not self._changed():
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return False
            unread = None if self._end_told else unread_for(self.run)
            if unread is not None and unread <= 0:
                self._end_told = True
                return True
            look = None if self._told else LOOK_S
            self._block(min((t for t in (left, unread, look) if t is not None), default=None))
            if not self._told:
                return True
        return True

    def _is_told(self) -> bool:
        """Whether the kernel tells the changes; when it has no watches left, the run is looked at instead."""
        try:
            self._inotify.add_watch(self.run.path, _CHANGES)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return False
        return True

    def _changed(self) -> bool:
        return any(
            event.name in _SHOWN or event.mask & flags.DELETE_SELF for event in self._inotify.read(timeout=0)
        )

    def _block(self, timeout_s: float | None) -> None:
        watched = [self._inotify.fileno()] + ([self._guard] if self._guard is not None else [])
        ready, _, _ = select.select(watched, [], [], timeout_s)
        if self._guard in ready:
            self._mind()

    def _mind(self) -> None:
        """See to it that there is a watchman, and hold on to it: its end is an event."""
        self._drop_guard()
        ensure_if_needed(self.run.home)
        pid = watchman_pid(self.run.home)
        if pid is not None:
            try:
                self._guard = os.pidfd_open(pid)
            except ProcessLookupError:
                return

    def _drop_guard(self) -> None:
        if self._guard is not None:
            os.close(self._guard)
            self._guard = None


def follow(ref: str) -> Following:
    """The run that `ref` means and its changes. Raises NoSuchRun, AmbiguousRun."""
    return Following(found(ref))


def glance(ref: str) -> Status:
    """How the run is doing by what is written: never blocks, for event loops. Raises NoSuchRun, AmbiguousRun."""
    return status_of(found(ref))


def status(ref: str) -> Status:
    """How the run is doing. Raises NoSuchRun, AmbiguousRun.

    The end of a run that nobody watched is read first: a watchman just started needs a moment for it.
    """
    run = found(ref)
    ensure_if_needed(run.home)
    seen = status_of(run)
    if seen.state != "running" or not run.over or is_closed(run):
        return seen
    deadline = time.monotonic() + FRESH_S
    with Following(run) as following:
        while (seen := following.status()).state == "running" and (left := deadline - time.monotonic()) > 0:
            following.wait(left)
    return seen


def wait(
    ref: str, timeout_s: float | None = None, until: str = "check-in", reader: str = "default"
) -> WaitResult:
    """Block until there is news of that kind for this reader, at most `timeout_s` seconds.

    Without `timeout_s`: 300 s for a check-in, no limit else. Raises WaitTooLong, UsageError, NoSuchRun.
    """
    timeout_s = bounded(timeout_s, until)
    with follow(ref) as run:
        cursor = Cursor(run.run, reader)
        _wait_for_news(run, cursor, until, timeout_s)
        return _told(run, cursor)


def bounded(timeout_s: float | None, until: str) -> float | None:
    """How long one such wait may take; None: no limit. Raises WaitTooLong, UsageError."""
    if until not in _NEWS:
        raise UsageError(f"One can wait until {', '.join(UNTIL)}, not until {until!r}.")
    if until != "check-in":
        return timeout_s
    if timeout_s is not None and timeout_s > MAX_WAIT_S:
        text = f"One wait is at most {MAX_WAIT_S:g} s, not {timeout_s:g}: chain waits, nothing is lost."
        raise WaitTooLong(text)
    return MAX_WAIT_S if timeout_s is None else timeout_s


def _wait_for_news(run: Following, cursor: "Cursor", until: str, timeout_s: float | None) -> None:
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    while not is_news(cursor.take(), until, cursor) and run.status().state == "running":
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            return
        run.wait(left)


def is_news(events: Sequence[Event], until: str, cursor: "Cursor") -> bool:
    """Whether who waits that way is told now.

    An open question is news to a reader once; who waits for attention has it for as long as it is open.
    """
    if cursor.ended or (until == "attention" and cursor.asking):
        return True
    critical = until == "check-in" and any(map(is_urgent, events))
    return critical or any(event.kind in _NEWS[until] for event in events)


def _told(run: Following, cursor: "Cursor") -> WaitResult:
    from overnight.app import wording  # 60 ms that a status need not wait for

    status = _caught_up(run, cursor.place)
    words = wording.told(cursor.place, status, SHELL)
    cursor.remember()
    return WaitResult(status, exit_status(status), words)


def _caught_up(run: Following, place: Place) -> Status:
    """The status is written right after the event that one waited for: wait for it too."""
    deadline = time.monotonic() + FRESH_S
    while True:
        status = run.status()
        left = deadline - time.monotonic()
        if status.updated_at >= place.news_at or left <= 0 or is_closed(run.run):
            return status
        run.wait(left)


def exit_status(status: Status) -> int:
    """0 ended well, 1 ended badly, 3 running and nothing that needs anyone, 4 a question is open."""
    if status.state != "running":
        return 0 if status.state == "succeeded" else 1
    return 4 if status.question is not None else 3


class _Known(Struct, frozen=True):
    """What a cursor holds on disk."""

    events: Annotated[int, msgspec.Meta(ge=0, le=2**62)] = 0
    log: Annotated[int, msgspec.Meta(ge=0, le=2**62)] = 0
    question: str | None = None
    ended: bool = False


def _known(run: RunDir, reader: str) -> _Known:
    """What the reader was told; nothing when that is damaged: to tell twice is better than to stay silent."""
    try:
        return msgspec.convert(run.cursor(reader) or {}, _Known, strict=False)
    except ValueError:
        return _Known()


class Cursor:
    """The place of a named reader, kept in the run's folder. `ended`, `asking`: what the events read so far say."""

    def __init__(self, run: RunDir, reader: str) -> None:
        self._run, self._reader = run, reader
        known = _known(run, reader)
        if run.events_before(known.events) is None:  # of events that are gone
            known = _Known()
        self.place = Place(run, known.events, known.log, first=known.events == 0)
        self._open = known.question
        self.ended = known.ended

    @property
    def asking(self) -> bool:
        """Whether a question waits for an answer."""
        return self._open is not None and not self.ended

    def take(self) -> list[Event]:
        """The events that this reader does not know yet."""
        news = self.place.take()
        for event in news:
            self._learn(event)
        return news

    def _learn(self, event: Event) -> None:
        if event.kind == "question":
            self._open = event.data.get("id")
        elif event.kind == "answer":
            self._open = None
        elif event.kind == "ended":
            self.ended = True

    def remember(self) -> None:
        """The reader was told all of it. On a full disk it will be told again: better than not at all."""
        self._keep(self.place.events, self.place.log)

    def told(self, events: int, event: Event | None, status: Status | None) -> None:
        """The reader was told so many bytes of the events, at last that `event`, or how the run stands."""
        if event is not None:
            self._learn(event)
            self.place.log = max(self.place.log, event.offset)
        if status is not None:
            self._open = status.question.id if status.question is not None else None
            self.ended = status.state != "running"
        self._keep(events, self.place.log)

    def _keep(self, events: int, log: int) -> None:
        value = {"events": events, "log": log, "question": self._open, "ended": self.ended}
        with suppress(HomeUnusable):
            self._run.set_cursor(self._reader, value)
