"""Locks: flock, also for a home on a file system that has none.

Rules:
- A lock lives as long as some process has its descriptor, whatever kills the others; no file has to be cleaned up.
- Where flock is refused (some cluster and cloud file systems) a file in this host's memory stands in, known by device
  and inode of the one that should be locked, with a lock of the same life (of the open file, not of the process).
  Processes of this host hold each other off as ever; other hosts see nothing of it, which `doctor` says.
- The stand-ins lie in a folder of this user's alone; one that somebody else made is refused.
- Standard library only, cheap to import.
"""

import errno
import fcntl
import os
import stat

_REFUSED = (errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOLCK)
_MEMORY, _OTHERWISE = "/dev/shm", "/tmp"


def lock(fd: int, how: int) -> int:
    """Lock the open file; the descriptor that holds the lock: `fd` itself, or a stand-in that the caller closes.

    `how` as for flock. Raises BlockingIOError when it would have to wait and may not, OSError.
    """
    try:
        fcntl.flock(fd, how)
    except OSError as error:
        if error.errno not in _REFUSED:
            raise
        return _stand_in(fd, how)
    return fd


def release(fd: int, held: int) -> None:
    """Close the file and what held its lock."""
    os.close(fd)
    if held != fd:
        os.close(held)


def _stand_in(fd: int, how: int) -> int:
    found = os.fstat(fd)
    path = os.path.join(_folder(), f"{found.st_dev:x}-{found.st_ino:x}")
    other = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        _lock_open_file(other, how)
    except OSError:
        os.close(other)
        raise
    return other


def _lock_open_file(fd: int, how: int) -> None:
    import struct  # here for start-up: hardly any home needs it

    kind = fcntl.F_WRLCK if how & fcntl.LOCK_EX else fcntl.F_RDLCK
    wanted = struct.pack("hhqqi", kind, os.SEEK_SET, 0, 0, 0)
    fcntl.fcntl(fd, fcntl.F_OFD_SETLK if how & fcntl.LOCK_NB else fcntl.F_OFD_SETLKW, wanted)


def _folder() -> str:
    """The folder of the stand-ins. Raises OSError when it is not ours alone."""
    place = _MEMORY if os.path.isdir(_MEMORY) else _OTHERWISE
    folder = os.path.join(place, f"overnight-{os.geteuid()}")
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        pass
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise OSError(errno.EPERM, "the folder for locks belongs to somebody else", folder)
    return folder
