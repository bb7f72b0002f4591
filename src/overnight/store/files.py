"""Files that are whole or not there: the few ways the store writes, and how it opens what others write.

Rules:
- `replace`: a reader sees the old text or the new one, never a half. `publish`: the first writer wins.
- Mode 0600. Raises OSError only; the callers turn it into a sentence.
- Only plain files are written over: a temporary file has a name of its own, and an error leaves none.
- What is ours is a plain file and no link, of a size that we could have written: a pipe would hold up whoever opens it,
  a link lead out of the home, a device or a file of holes never end.
"""

import errno
import fcntl
import os
import re
import stat
import threading
from collections.abc import Iterator

from overnight.store import locks

MOST_BYTES = 64 << 20
"""More than any record of ours holds: the longest command with its environment is some 12 MiB of JSON."""
MOST_LINES_BYTES = 1 << 30
"""More than a file of lines holds: a million events are 220 MB."""
_MOST_LINE_BYTES = 16 << 20
_PIECE = 1 << 16
"""What the cache of a core holds: larger pieces are looked through more slowly."""


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


def append_lines(path: str, data: bytes, *, durable: bool = True) -> None:
    """Append whole lines in one write; a half line left by a crash is closed off first.

    A write that does not fit is taken back, so that a full disk tears nothing.
    """
    held = fd = plain(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW)
    try:
        held = locks.lock(fd, fcntl.LOCK_EX)  # several threads, and a second process after a take-over
        size = os.fstat(fd).st_size
        if size and os.pread(fd, 1, size - 1) != b"\n":
            data = b"\n" + data
        try:
            write_all(fd, data)
        except OSError:
            os.ftruncate(fd, size)
            raise
        if durable:
            os.fsync(fd)
    finally:
        locks.release(fd, held)


def plain(path: str, flags: int) -> int:
    """An opener for `open`, for what must be a plain file: a pipe would hold up whoever reads it, a device never end.

    Raises OSError.
    """
    fd = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, 0o600)
    found = os.fstat(fd)
    if stat.S_ISREG(found.st_mode):
        return fd
    os.close(fd)
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    raise OSError(errno.EINVAL, "it is no plain file", path)


def read(path: str, most: int = MOST_BYTES) -> bytes:
    """All of a file of ours. Raises OSError, also when it is none: no plain file, or more than `most` bytes."""
    fd = _own(path, os.O_RDONLY)
    try:
        left = _bound(fd, most, path) + 1  # one more, and a file of that size is known to be read to its end
        data = b""
        while left > 0 and (piece := os.read(fd, left)):
            data += piece
            left -= len(piece)
        return data
    finally:
        os.close(fd)


def lines(path: str, since: int, wanted: re.Pattern[bytes] | None = None) -> Iterator[tuple[bytes, int]]:
    """The whole lines of a file of ours from byte `since` on, each with the byte after it; none when there is no file.

    `wanted` matches the line end before each line that is meant: the others are passed over, ten times as fast as they
    are given, and an empty line says how far. A line longer than any of ours is passed over. Raises OSError.
    """
    try:
        file = open(path, "rb", opener=_own)  # noqa: SIM115  # closed below
    except FileNotFoundError:
        return
    with file:
        _bound(file.fileno(), MOST_LINES_BYTES, path)
        file.seek(since)
        rest = bytearray()
        end = since
        while piece := file.read(_PIECE):
            if cut := piece.rfind(b"\n") + 1:
                text = bytes(rest) + piece[:cut]
                rest.clear()
                for line, after in _whole(text) if wanted is None else _chosen(text, wanted):
                    yield line, end + after
                end += len(text)
            rest += piece[cut:]
            if len(rest) > _MOST_LINE_BYTES:
                end += len(rest)
                rest.clear()


def _whole(text: bytes) -> Iterator[tuple[bytes, int]]:
    after = 0
    for line in text.split(b"\n")[:-1]:
        after += len(line) + 1
        yield line, after


def _chosen(text: bytes, wanted: re.Pattern[bytes]) -> Iterator[tuple[bytes, int]]:
    after = 0
    for found in wanted.finditer(b"\n" + text):
        begin = found.start()
        if begin < len(text):  # not what comes after the last line
            after = text.index(b"\n", begin) + 1
            yield text[begin : after - 1], after
    if after < len(text):
        yield b"", len(text)


def lines_before(path: str, end: int, most: int) -> list[bytes] | None:
    """The whole lines of a file of ours that end at byte `end`, of the last `most` bytes; None when no line ends there.

    Raises OSError.
    """
    if end == 0:
        return []
    try:
        fd = _own(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        begin = max(0, end - most)
        data = os.pread(fd, end - begin, begin)
    finally:
        os.close(fd)
    if len(data) < end - begin or data[-1:] != b"\n":
        return None
    whole = data[:-1].split(b"\n")
    return whole if begin == 0 else whole[1:]


def size(path: str) -> int:
    """The bytes of a file; 0 when there is none."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _own(path: str, flags: int) -> int:
    return plain(path, flags | os.O_NOFOLLOW)


def _bound(fd: int, most: int, path: str) -> int:
    """The size of the file, which is no more than `most`. Raises OSError."""
    size = os.fstat(fd).st_size
    if size > most:
        raise OSError(errno.EFBIG, f"it is larger than any of ours: {size} bytes", path)
    return size


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
