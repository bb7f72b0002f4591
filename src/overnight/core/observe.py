"""A log, read: bytes in, observations out, in the log's order.

Rules:
- Every line meets the signatures. The recognizers see every line too, as long as one feed brings at most
  20,000 lines; of a longer backlog they see the first 200, the last 5,000 and every n-th between, 10,000 in all:
  counters and metrics are about the present, problems are about every line.
- A problem that repeats without anything between is one observation, with the exact count.
- The tail holds informative lines: no bars that were rewritten, no blanks, no immediate repeats.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

import msgspec

from overnight.core.lines import Line, LineSplitter
from overnight.core.model import Fact, Observation, ProblemSeen
from overnight.core.problems import ProblemBook
from overnight.core.scan import Matcher
from overnight.core.signatures import Signature

FirstLogs = Literal["none yet", "valid", "invalid"]

_WHOLE = 20_000
_HEAD, _TAIL, _MIDDLE = 200, 5_000, 10_000
_KEPT = 60
_ENOUGH_LINES = 5


class Catalog(msgspec.Struct, frozen=True):
    """The known problems."""

    signatures: tuple[Signature, ...]


class Reads(Protocol):
    """From a line to what it states."""

    def read(self, line: Line) -> list[Fact]: ...


class LogReader:
    """Reads one log; keeps what the whole of it says."""

    def __init__(self, catalog: Catalog, recognizers: Reads) -> None:
        self.problems = ProblemBook(Matcher(catalog.signatures))
        self.first_logs: FirstLogs = "none yet"
        self.offset = 0
        self.lines = 0
        self._splitter = LineSplitter()
        self._recognizers = recognizers
        self._tail: deque[str] = deque(maxlen=_KEPT)
        self._informative = 0

    def feed(self, data: bytes, now: float | None) -> list[Observation]:
        """New bytes of the log, read at `now`."""
        self.offset += len(data)
        return self._observe(self._splitter.feed(data), now)

    def flush(self, now: float | None) -> list[Observation]:
        """The log is over: its last line needs no end."""
        seen = self._observe(self._splitter.flush(), now)
        cut = self.problems.flush(now)
        return [*seen, cut] if cut is not None else seen

    def tail(self, count: int) -> list[str]:
        """The last informative lines, oldest first."""
        return list(self._tail)[-count:]

    def _observe(self, lines: Sequence[Line], now: float | None) -> list[Observation]:
        found: list[Observation] = []
        for line, recognise in _sampled(lines):
            text = line.text
            if not text or text.isspace():
                continue
            self._problem(line, now, found)
            facts = self._recognizers.read(line) if recognise else []
            found += facts
            self._remember(line, bool(facts))
        if lines:
            self.lines = lines[-1].number
        return found

    def _problem(self, line: Line, now: float | None, found: list[Observation]) -> None:
        seen = self.problems.see(line, now)
        if seen is None:
            return
        last = found[-1] if found else None
        if isinstance(last, ProblemSeen) and last.problem.signature == seen.problem.signature:
            found[-1] = ProblemSeen(problem=seen.problem, new=last.new, by=last.by + 1)
        else:
            found.append(seen)
        if self.first_logs == "none yet" and seen.problem.severity == "critical":
            self.first_logs = "invalid"

    def _remember(self, line: Line, stated: bool) -> None:
        if self.first_logs == "none yet":
            self._informative += 1
            if stated or self._informative >= _ENOUGH_LINES:
                self.first_logs = "valid"
        if not line.rewrite and (not self._tail or self._tail[-1] != line.text):
            self._tail.append(line.text[:500])


def _sampled(lines: Sequence[Line]) -> Iterator[tuple[Line, bool]]:
    """Each line, and whether the recognizers should see it."""
    count = len(lines)
    if count <= _WHOLE:
        for line in lines:
            yield line, True
        return
    stride = max(1, count // _MIDDLE)
    for index, line in enumerate(lines):
        yield line, index < _HEAD or index >= count - _TAIL or index % stride == 0
