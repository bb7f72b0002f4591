"""The end of a log that somebody else writes.

Rules:
- Read by offset, opened for each read: no descriptor is held, a thousand logs cost none.
- A log that became shorter was cut by somebody (`> output.log`, copytruncate): reading goes on at its start.
  It is said once, what was already understood stays.
"""

import os

PIECE = 1 << 20
"""Bytes read at once: a flood is scanned in few pieces, and other runs get their turn between them."""


class LogTail:
    """The bytes of `path` from `position` on. `cut`: how often the log was found shorter than before."""

    def __init__(self, path: str, position: int) -> None:
        self.path = path
        self.position = position
        self.cut = 0

    def read(self) -> bytes:
        """The next bytes, at most a piece; empty at the end. Raises OSError, a missing log aside."""
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return b""
        try:
            if os.fstat(fd).st_size < self.position:
                self.position = 0
                self.cut += 1
            data = os.pread(fd, PIECE, self.position)
        finally:
            os.close(fd)
        self.position += len(data)
        return data
