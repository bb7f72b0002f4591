"""A pseudo terminal for commands that write differently to one (`--pty`).

Rules:
- Both keepers hold the master: a terminal without a master would hang the command up.
- One keeper copies to the log, the inner one while it lives. Killed with a read in hand it loses that one
  read, 4 KiB at most; nothing else can die between the command and its log without the other keeper taking
  over.
- The command's input stays /dev/null: nobody is there to type.
- A full disk loses output, not the run: what cannot be written is dropped, as the command goes on.
"""

import fcntl
import os
import select
import struct
import termios

_READ_BYTES = 65536
_READS_AT_ONCE = 256


class Terminal:
    """A pty pair of `size` (columns, lines); `slave` is closed by whoever is not the command."""

    __slots__ = ("master", "slave")

    def __init__(self, size: tuple[int, int]) -> None:
        self.master, self.slave = os.openpty()
        os.set_blocking(self.master, False)
        columns, lines = size
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        modes = termios.tcgetattr(self.slave)
        modes[1] &= ~termios.ONLCR  # the log is a file: a line ends in \n, not in \r\n
        termios.tcsetattr(self.slave, termios.TCSANOW, modes)

    def become_controlling(self) -> None:
        """In the command, after setsid: this is its terminal, and its output goes there."""
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
        os.dup2(self.slave, 1)
        os.dup2(self.slave, 2)

    def copy(self, log: int, until: int | None) -> None:
        """Copy to the descriptor `log` until the pidfd `until` says the end, or until nobody holds the
        terminal."""
        poller = select.poll()
        poller.register(self.master, select.POLLIN)
        if until is not None:
            poller.register(until, select.POLLIN)
        while True:
            ready = [fd for fd, _ in poller.poll()]
            alive = self._copy_what_is_there(log)
            if not alive or until in ready:
                return

    def _copy_what_is_there(self, log: int) -> bool:
        """False when the other side is closed everywhere. Bounded: an endless writer hides no end."""
        for _ in range(_READS_AT_ONCE):
            try:
                data = os.read(self.master, _READ_BYTES)
            except BlockingIOError:
                return True
            except OSError:  # EIO: the last holder of the other side has gone
                return False
            if not data:
                return False
            _write_all(log, data)
        return True


def _write_all(log: int, data: bytes) -> None:
    while data:
        try:
            data = data[os.write(log, data) :]
        except OSError:  # no room: see the rules
            return
