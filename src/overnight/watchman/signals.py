"""Signals that reach the loop whatever else goes on.

Rules:
- They have a pipe of their own. asyncio sends them through the one that threads wake the loop with: when it is full
  (some hundred commands that end at once) a signal is lost, and with it the word to go.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Iterable


class Signals:
    """Calls `then` in the running loop with the number of each signal of `numbers`. Main thread only."""

    def __init__(self, numbers: Iterable[int], then: Callable[[int], None]) -> None:
        self._then = then
        self._loop = asyncio.get_running_loop()
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._loop.add_reader(self._read, self._came)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, _noted) for number in numbers}

    def _came(self) -> None:
        for number in os.read(self._read, 256):
            if number in self._before:
                self._then(number)

    def close(self) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(-1)
        self._loop.remove_reader(self._read)
        os.close(self._read)
        os.close(self._write)


def _noted(_number: int, _frame: object) -> None:
    """The pipe has it."""
