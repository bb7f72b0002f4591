"""The log of what was started without us: somebody else renames it, cuts it, replaces it or deletes it.

Rules:
- The file that is being read is held open. One that was renamed or deleted is read to its end, and for as long as
  no other file with something in it stands under the name.
- Then, or when the file was cut, reading goes on at the new start: that is a turn. Offsets count on through turns:
  `base` is the one at the start of the present file.
- What stood right before the place that was read is compared, so that a file that was cut and has grown again
  between two looks is known. What it held in between nobody can read.
- After a restart the file is looked for under its name, behind the process's descriptors, then in its folder.
"""

import os
from collections.abc import Iterator
from typing import NamedTuple

from overnight.core.model import Attached
from overnight.core.replay import LOG_BASE, LOG_FILE
from overnight.keeper.stranger import file_id
from overnight.store import files
from overnight.watchman.tail import PIECE

_COMPARED = 64


class Place(NamedTuple):
    """Which file is being read, and the offset of its first byte in all that was read."""

    file: str
    base: int


def place_of(attached: Attached, told: tuple[str, int] | None) -> Place:
    """Where reading stood; `told`: by the recorded events (`log_place`)."""
    return Place(*told) if told else Place(attached.file, 0)


class ForeignTail:
    """The bytes of the log `path` from `offset` on; `pid`: the process that writes it, if one is known.

    `cut`: how often there was a turn. Blocks like any file. Close it.
    """

    lost = False
    """Whether offsets do not lead back into the log."""

    def __init__(self, path: str, pid: int | None, place: Place, offset: int) -> None:
        self.path = path
        self.cut = 0
        self.place = place
        self.position = max(0, offset - place.base)
        self._pid = pid
        self._fd: int | None = None
        self._before = b""
        self._why = ""

    def read(self) -> bytes:
        """The next bytes, at most a piece; empty at the end, and at a turn. Raises OSError, a missing log aside."""
        if self._fd is None and not self._open():
            return b""
        if self._was_cut():
            self._turn("was cut by somebody", self.place.file)
            return b""
        return self._next() or self._replaced()

    def holds(self, offset: int) -> bool:
        """Whether the file is there, from no later than that offset and up to it."""
        if self._fd is None:
            self._fd = self._found()
        return self._fd is not None and 0 <= offset - self.place.base <= os.fstat(self._fd).st_size

    def past(self) -> Iterator[bytes]:
        """What stands in the file from here to its end, without any turn."""
        if self._fd is None:
            self._fd = self._found()
        while self._fd is not None and (data := self._next()):
            yield data

    def watched(self) -> list[str]:
        """The paths whose changes are this log's: the open file, whatever its name, and the one under the name."""
        held = [] if self._fd is None else [f"/proc/self/fd/{self._fd}"]
        return [*held, self.path]

    def seen(self) -> tuple[str, str]:
        """Which file is read, and which one stands under the name: the changes of both are worth knowing."""
        try:
            return self.place.file, file_id(os.stat(self.path))
        except OSError:
            return self.place.file, ""

    def told(self) -> tuple[str, dict[str, object]]:
        """The last turn in a sentence, and what a restart needs to know of it."""
        text = f"The log {self._why}; it is read on from the start of the new one ({self.place.base} bytes so far)."
        return text, {LOG_FILE: self.place.file, LOG_BASE: self.place.base}

    def close(self) -> None:
        """Let go of the file."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    # ------------------------------------------------------------ the present file

    def _next(self) -> bytes:
        assert self._fd is not None
        data = os.pread(self._fd, PIECE, self.position)
        self.position += len(data)
        self._before = (self._before + data)[-_COMPARED:] if data else self._before
        return data

    def _was_cut(self) -> bool:
        assert self._fd is not None
        if os.fstat(self._fd).st_size < self.position:
            return True
        size = len(self._before)
        return size > 0 and os.pread(self._fd, size, self.position - size) != self._before

    def _replaced(self) -> bytes:
        """At the end of the file: turn to another one under the name, after a last look at what came meanwhile."""
        new = self._newcomer()
        if new is None:
            return b""
        data = self._next()
        if data:
            os.close(new)
            return data
        self._take(new, "was renamed or replaced by somebody")
        return b""

    def _newcomer(self) -> int | None:
        """Another file under the name, when something stands in it."""
        assert self._fd is not None
        new = _opened(self.path)
        if new is None:
            return None
        found = os.fstat(new)
        if os.path.samestat(found, os.fstat(self._fd)) or found.st_size == 0:
            os.close(new)
            return None
        return new

    def _take(self, fd: int, why: str) -> None:
        self.close()
        self._fd = fd
        self._turn(why, file_id(os.fstat(fd)))

    def _turn(self, why: str, file: str) -> None:
        self.cut += 1
        self._why = why
        self.place = Place(file, self.place.base + self.position)
        self.position = 0
        self._before = b""

    # ------------------------------------------------------------ finding it

    def _open(self) -> bool:
        """Have the file open; whether there is something to be read now. One that is gone makes a turn."""
        self._fd = self._found()
        if self._fd is not None:
            return True
        new = _opened(self.path)
        if new is not None:
            self._take(new, "was replaced by somebody")
        return False

    def _found(self) -> int | None:
        """The file that was being read, under whatever name."""
        for path in self._candidates():
            fd = _opened(path)
            if fd is not None and file_id(os.fstat(fd)) == self.place.file:
                return fd
            if fd is not None:
                os.close(fd)
        return None

    def _candidates(self) -> Iterator[str]:
        yield self.path
        if self._pid is not None:
            yield from (f"/proc/{self._pid}/fd/{number}" for number in (1, 2))
        number = self.place.file.partition(":")[2]
        try:
            with os.scandir(os.path.dirname(self.path)) as entries:
                yield from (entry.path for entry in entries if str(entry.inode()) == number)
        except OSError:
            return


def _opened(path: str) -> int | None:
    """The plain file at `path`; None when there is none."""
    try:
        return files.plain(path, os.O_RDONLY)
    except OSError:
        return None
