"""One watchman per home, by flock.

Rules:
- The lock lives and dies with the process, whatever kills it; no file has to be cleaned up.
- Whoever only looks holds the lock shared for an instant. That must never pass for a watchman: a starting one
  takes a refusal as final only when the lock cannot be shared either.
"""

import fcntl
import os

from overnight.watchman.start import LOCK


class HomeLock:
    """The home's watch, held until `release` or the end of the process."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def release(self) -> None:
        """Let somebody else have it."""
        os.close(self.fd)


def take(home: str) -> HomeLock | None:
    """The lock; None when another watchman holds it. Raises OSError when the home cannot be written."""
    fd = os.open(os.path.join(home, LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    while not _try(fd, fcntl.LOCK_EX):
        if not _try(fd, fcntl.LOCK_SH):
            os.close(fd)
            return None
        # Somebody was only looking: it is gone by now, or at the next turn.
    os.ftruncate(fd, 0)
    os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)  # for people; what counts is the lock
    return HomeLock(fd)


def _try(fd: int, how: int) -> bool:
    try:
        fcntl.flock(fd, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
