"""Files that are whole or not there: the few ways the store writes, and how it opens what others write.

Rules:
- `replace`: a reader sees the old text or the new one, never a half. `publish`: the first writer wins.
- Mode 0600. Raises OSError only; the callers turn it into a sentence.
- Only plain files are written over: a temporary file has a name of its own, and an error leaves none.
"""

import errno
import fcntl
import os
import stat
import threading


def replace(path: str, data: bytes, *, durable: bool = True) -> None:
    """Write `data` under `path`, atomically; what is not `durable` may be torn when the machine fails."""
    temporary = _write_temporary(path, data, durable=durable)
    try:
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise


def publish(path: str, data: bytes) -> bool:
    """Write `data` under `path` unless the name is taken; False when somebody was faster."""
    temporary = _write_temporary(path, data)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        os.unlink(temporary)
    _sync(os.path.dirname(path))
    return True


def append_lines(path: str, data: bytes) -> None:
    """Append whole lines in one durable write; a half line left by a crash is closed off first.

    A write that does not fit is taken back, so that a full disk tears nothing.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)  # several threads, and a second process after a take-over
        size = os.fstat(fd).st_size
        if size and os.pread(fd, 1, size - 1) != b"\n":
            data = b"\n" + data
        try:
            write_all(fd, data)
        except OSError:
            os.ftruncate(fd, size)
            raise
        os.fsync(fd)
    finally:
        os.close(fd)


def plain(path: str, flags: int) -> int:
    """An opener for `open`, for what must be a plain file: a pipe would hold up whoever reads it, a device never end.

    Raises OSError.
    """
    fd = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return fd
    os.close(fd)
    raise OSError(errno.EINVAL, "it is no plain file", path)


def write_all(fd: int, data: bytes) -> None:
    """Write every byte."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _write_temporary(path: str, data: bytes, *, durable: bool = True) -> str:
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.{os.getpid()}.{threading.get_ident()}")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        write_all(fd, data)
        if durable:
            os.fsync(fd)
    except OSError:
        os.unlink(temporary)
        raise
    finally:
        os.close(fd)
    return temporary


def _sync(folder: str) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
