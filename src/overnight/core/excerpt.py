"""The lines around a place in a log, with their numbers, taken while the log streams by.

Rules:
- A place is asked for right after the piece that holds it was fed: what lies more than 64 KiB before that piece
  is gone. Nothing is read twice, so a pipe is quoted as well as a file.
- A bar that was rewritten shows its last state, as on a terminal.
- Memory is bounded: one piece, 64 KiB before it, and the few lines of at most 64 places.
"""

from collections.abc import Iterable

from overnight.core.lines import clean
from overnight.core.model import Quote

BEFORE, AFTER = 5, 3
"""Lines quoted before and after a place."""

_KEPT = 1 << 16
_LONGEST = 2000
_SHOWN = 500
_MOST_PLACES = 64


class Excerpts:
    """Feed it the pieces of a log; ask for lines as they become interesting."""

    def __init__(self) -> None:
        self._held = b""
        self._first = 1
        self._places: dict[int, dict[int, str]] = {}
        self._open: set[int] = set()

    def feed(self, data: bytes) -> None:
        """The next piece of the log."""
        gone = max(0, len(self._held) - _KEPT)
        self._first += self._held.count(b"\n", 0, gone)
        self._held = self._held[gone:] + data
        self._quote(whole=False)

    def want(self, lines: Iterable[int]) -> None:
        """Quote around these lines; each is asked for once, what is asked again costs nothing."""
        fresh = [line for line in lines if line not in self._places]
        for line in fresh[: _MOST_PLACES - len(self._places)]:
            self._places[line] = {}
            self._open.add(line)
        if fresh:
            self._quote(whole=False)

    def close(self) -> None:
        """The log is over: its last line needs no end."""
        self._quote(whole=True)

    def around(self, line: int) -> list[Quote]:
        """The lines around `line`, itself among them; empty when it had gone by before it was asked for."""
        found = self._places.get(line, {})
        return [Quote(line=n, text=found[n]) for n in sorted(found)] if line in found else []

    def _quote(self, *, whole: bool) -> None:
        if not self._open:
            return
        held = self._held.split(b"\n")
        if not whole or not held[-1]:
            held.pop()  # not written to its end yet, or nothing
        for line in list(self._open):
            self._fill(line, held)
            if line + AFTER in self._places[line] or line + AFTER < self._first:
                self._open.discard(line)

    def _fill(self, line: int, held: list[bytes]) -> None:
        found = self._places[line]
        for number in range(max(line - BEFORE, self._first), line + AFTER + 1):
            if number not in found and number - self._first < len(held):
                found[number] = _shown(held[number - self._first])


def _shown(raw: bytes) -> str:
    return clean(raw.rstrip(b"\r").rpartition(b"\r")[2][:_LONGEST])[:_SHOWN]
