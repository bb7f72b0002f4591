"""Who a process is: a pid alone is reused, a pid with its start ticks and the boot id is not.

Rules:
- Nothing is signalled or believed alive by its pid alone.
- Alive means: holds a lock, or is found by pid *and* ticks and is no zombie. A path in /proc proves nothing.
- Standard library only, cheap to import.
"""

import errno
import fcntl
import os
import time

from overnight.store import locks

_NO_LOCK = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO)


class Stat:
    """One line of /proc/PID/stat. `state`: one letter; `ticks`: start time in clock ticks since boot; `cpu_ticks`: what
    it and the children that it reaped have used; `rss_pages`: memory, in pages."""

    __slots__ = ("cpu_ticks", "name", "parent", "pid", "rss_pages", "session", "state", "ticks")

    def __init__(self, line: bytes) -> None:
        # The name is in parentheses and may itself hold spaces and parentheses: cut at the last one.
        left, _, right = line.rpartition(b")")
        number, _, name = left.partition(b" (")
        fields = right.split()
        self.pid = int(number)
        self.name = name.decode("utf-8", "replace")
        self.state = fields[0].decode()
        self.parent = int(fields[1])
        self.session = int(fields[3])
        self.cpu_ticks = sum(map(int, fields[11:15]))
        self.ticks = int(fields[19])
        self.rss_pages = int(fields[21])

    @property
    def ended(self) -> bool:
        """A zombie or on its way out: it runs no more, whatever its folder in /proc says."""
        return self.state in "ZXx"


def read_stat(pid: int | str) -> Stat | None:
    """The process's line of facts; None when there is no such process."""
    try:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return Stat(os.read(fd, 4096))
    except (OSError, ValueError, IndexError):  # it ended between open and read; or no line of facts
        return None
    finally:
        os.close(fd)


def boot_id() -> str:
    """The kernel's id of this boot."""
    with open("/proc/sys/kernel/random/boot_id", encoding="utf-8") as file:
        return file.read().strip()


def boottime() -> float:
    """Seconds since boot, suspend included; no step of the wall clock touches it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def start_ticks(pid: int | str) -> int | None:
    """When the process started, in clock ticks since boot; None when there is no such process."""
    stat = read_stat(pid)
    return stat.ticks if stat else None


def open_pidfd(pid: int, ticks: int, boot: str) -> int | None:
    """A pidfd of exactly that process, a zombie included; None when it is gone or never was on this boot.

    The ticks are read after the pidfd is open: a process that took over the number later has other ticks,
    and one that took it over earlier cannot get the old ticks back. The caller closes the descriptor.
    """
    if boot != boot_id():
        return None
    try:
        fd = os.pidfd_open(pid)
    except (ProcessLookupError, OverflowError):
        return None
    except OSError as error:
        if error.errno != errno.EINVAL:  # a number that no process has
            raise
        return None
    if start_ticks(pid) == ticks:
        return fd
    os.close(fd)
    return None


def is_held(lock_path: str) -> bool:
    """Whether some living process holds the lock file's flock. False when there is no such file, or something that
    cannot be a lock."""
    try:
        fd = os.open(lock_path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno not in _NO_LOCK:
            raise
        return False
    held = fd
    try:
        # Shared, so that two who ask at once do not see each other.
        held = locks.lock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        locks.release(fd, held)
    return False
