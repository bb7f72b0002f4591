"""One watchman per home, by flock.

Rules:
- The lock lives and dies with the process, whatever kills it; no file has to be cleaned up.
- Whoever only looks holds the lock shared for an instant. That must never pass for a watchman: a starting one
  takes a refusal as final only when the lock cannot be shared either, and its holder lives. That of an ended
  one may be held for a moment more, as by what it had just forked: that is waited for.
- A watchman of an older version is asked to go: it lets go of everything as at a logout, and what it had recorded and
  not done is done by its successor. One that does not go is killed, which it survives as it survives any kill.
"""

import fcntl
import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from overnight import __version__
from overnight.keeper.identity import boot_id, open_pidfd, start_ticks
from overnight.store import locks
from overnight.store.home import WATCH_LOCK, WATCH_LOCK_BYTES
from overnight.watchman.start import ground, has_ended, holder, is_older

_GO_S = 15.0
"""How long an older one may take to go: its last message gets 5 s, its tasks 2 s."""

_LEFT_S = 5.0
"""How long the lock of an ended one may be held by what it had forked: until its exec."""


class HomeLock:
    """The home's watch, held until `release` or the end of the process."""

    def __init__(self, path: str, fd: int, held: int) -> None:
        self._path, self._fd, self._held = path, fd, held

    def keeps_others_away(self) -> bool:
        """Whether the file still stands under its name: whoever looks for it there finds it locked."""
        try:
            return os.path.samestat(os.stat(self._path), os.fstat(self._fd))
        except OSError:
            return False

    @property
    def descriptors(self) -> set[int]:
        """What must stay open."""
        return {self._fd, self._held}

    def release(self) -> None:
        """Let somebody else have it."""
        locks.release(self._fd, self._held)


def take(home: str) -> HomeLock | None:
    """The lock; None when another watchman holds it. Raises OSError when the home cannot be written."""
    path = os.path.join(home, WATCH_LOCK)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    while (held := _try(fd, fcntl.LOCK_EX)) is None:
        shared = _try(fd, fcntl.LOCK_SH)
        if shared is None and has_ended(holder(home)):
            shared = _outwaited(fd)
        if shared is None:
            os.close(fd)
            return None
        if shared != fd:
            os.close(shared)
        # Somebody was only looking, or had ended: it is gone by now, or at the next turn.
    line = f"{os.getpid()} {start_ticks('self')} {__version__} {ground()}\n"
    os.pwrite(fd, line.rjust(WATCH_LOCK_BYTES).encode(), 0)  # for who looks; what counts is the lock
    return HomeLock(path, fd, held)


def take_over(home: str) -> HomeLock | None:
    """The same, also from a watchman of an older version. Raises OSError."""
    while (held := take(home)) is None:
        if not _ended_older(home):
            return None
    return held


def _ended_older(home: str) -> bool:
    """End the home's watchman if it is of an older version; False when it is not, or is not to be reached."""
    found = holder(home)
    fd = open_pidfd(found.pid, found.ticks, boot_id()) if found is not None and is_older(found) else None
    if fd is None:
        return False
    try:
        return _ended(fd, signal.SIGTERM) or _ended(fd, signal.SIGKILL)
    finally:
        os.close(fd)


def _ended(fd: int, number: signal.Signals) -> bool:
    try:
        signal.pidfd_send_signal(fd, number)
    except ProcessLookupError:
        return True
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    return bool(poller.poll(_GO_S * 1000))


def _try(fd: int, how: int) -> int | None:
    """What holds the lock now; None when it is another's."""
    try:
        return locks.lock(fd, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return None


def _outwaited(fd: int) -> int | None:
    """The same for a shared lock that is waited for; None when it is held on: somebody else was faster."""
    with suppress(_TooLongError), _alarm(_LEFT_S):
        return locks.lock(fd, fcntl.LOCK_SH)
    return None


class _TooLongError(Exception):
    """The alarm came."""


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raise _TooLongError in here after that time: the kernel knows no other bound for a wait for a lock."""

    def ring(_number: int, _frame: object) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
