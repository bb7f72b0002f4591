"""The end of a log that somebody else writes.

Rules:
- Read by offset, opened for each read: no descriptor is held, a thousand logs cost none.
- What is no plain file is no log.
- A log that became shorter was cut by somebody (`> output.log`, copytruncate): reading goes on at its start.
  It is said once, what was already understood stays.
"""

import os
from collections.abc import Iterator

from overnight.store import files

PIECE = 1 << 20
"""Bytes read at once: a flood is scanned in few pieces, and other runs get their turn between them."""


class LogTail:
    """The bytes of `path` from `position` on. `cut`: how often the log was found shorter than before."""

    def __init__(self, path: str, position: int) -> None:
        self.path = path
        self.position = position
        self.cut = 0

    @property
    def lost(self) -> bool:
        """Whether offsets do not lead back into the log."""
        return self.cut > 0

    def holds(self, offset: int) -> bool:
        """Whether the log is there up to that offset."""
        try:
            return offset <= os.stat(self.path).st_size
        except OSError:
            return offset == 0

    def past(self) -> Iterator[bytes]:
        """What stands in the log from here to its end."""
        return iter(self.read, b"")

    def told(self) -> tuple[str, dict[str, object]]:
        """The last cut in a sentence, and what a restart needs to know of it."""
        return f"The log was cut by somebody; it is read on from its start ({self.cut}).", {}

    def close(self) -> None:
        """Nothing is held open."""

    def read(self) -> bytes:
        """The next bytes, at most a piece; empty at the end. Raises OSError, a missing log aside."""
        try:
            fd = files.plain(self.path, os.O_RDONLY)
        except FileNotFoundError:
            return b""
        try:
            size = os.fstat(fd).st_size
            if size < self.position:
                self.position = 0
                self.cut += 1
            # No more than there is: a buffer for a whole piece costs more than to read a line.
            data = os.pread(fd, min(PIECE, size - self.position), self.position)
        finally:
            os.close(fd)
        self.position += len(data)
        return data
