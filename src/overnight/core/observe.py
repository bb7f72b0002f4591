"""A log, read: bytes in, observations out, in the log's order.

Rules:
- Every line meets the signatures. The recognizers see every line too, unless one feed brings more than 256 KiB (of the
  past: 4 KiB): then they see the lines that `sampling` chooses, from which the same follows. Counters and metrics are
  about the present, problems are about every line.
- What a line states comes before what is wrong in it: an error is written behind the bar that it ended.
- A problem that repeats without anything between is one observation, with the exact count.
- The tail holds informative lines: no bars that were rewritten, no blanks, no immediate repeats.
"""

from collections import deque
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Literal, Protocol

from msgspec.structs import replace

from overnight.core.bulk import Bulk
from overnight.core.engine import Engine, Shapes
from overnight.core.lines import Block, Line, LineSplitter
from overnight.core.model import Fact, Observation, ProblemSeen
from overnight.core.problems import ProblemBook
from overnight.core.sampling import Sampler
from overnight.core.scan import Matcher
from overnight.core.signatures import Signature
from overnight.core.veil import Veil

FirstLogs = Literal["none yet", "valid", "invalid"]

BULK_BYTES = 256 * 1024
"""A feed beyond which lines are chosen: it comes from a backlog, or from more than 5 MB/s of log."""
_MARK_BYTES = 4
"""The beginning is read line by line, a quarter of the bulk and at least the mark of its encoding."""
_KEPT = 60
_LOOKED_AT, _KEPT_CHARS = 4096, 500
"""Secrets are hidden before a line is cut."""
_ENOUGH_LINES = 5


class Catalog:
    """The known problems, with what finds them, shared by all logs that are read. `engine`: for large pieces."""

    def __init__(
        self, signatures: tuple[Signature, ...], engine: Callable[[Matcher], Engine] = Shapes
    ) -> None:
        self.signatures = signatures
        self.matcher = Matcher(signatures)
        self._build = engine

    @cached_property
    def engine(self) -> Engine:
        """Built when the first large piece comes: most runs never need it."""
        return self._build(self.matcher)


class Recognizes(Protocol):
    """From a line to what it states; `probe` without learning from it, and whether its shape may state anything."""

    def read(self, line: Line) -> list[Fact]: ...

    def probe(self, line: Line) -> tuple[list[Fact], bool]: ...


class LogReader:
    """Reads one log; keeps what the whole of it says."""

    def __init__(
        self,
        catalog: Catalog,
        recognizers: Recognizes,
        *,
        objective: str | None = None,
        bulk_bytes: int = BULK_BYTES,
        veil: Veil | None = None,
    ) -> None:
        self._veil = veil or Veil()
        self.problems = ProblemBook(catalog.matcher, self._veil)
        self.first_logs: FirstLogs = "none yet"
        self.offset = 0
        self.lines = 0
        self._catalog = catalog
        self._bulk_bytes = bulk_bytes
        self._splitter = LineSplitter()
        self._recognizers = recognizers
        self._objective = objective
        self._sampler = Sampler(recognizers.probe, objective)
        self._tail: deque[str] = deque(maxlen=_KEPT)
        self._informative = 0

    def feed(self, data: bytes, now: float | None, *, bulk_bytes: int | None = None) -> list[Observation]:
        """New bytes of the log, read at `now`; of more than `bulk_bytes` lines are chosen, by default of 256 KiB."""
        found: list[Observation] = []
        bulk_bytes = self._bulk_bytes if bulk_bytes is None else bulk_bytes
        if self.offset == 0 and len(data) > bulk_bytes:
            head = max(_MARK_BYTES, bulk_bytes // 4)
            self._observe(self._splitter.feed(data[:head]), now, found)
            self.offset, data = min(head, len(data)), data[head:]
        self.offset += len(data)
        block = self._splitter.block(data) if len(data) > bulk_bytes else None
        if block is None:
            self._observe(self._splitter.feed(data), now, found)
        else:
            self._bulk(block, now, found)
            self._observe(self._splitter.feed(b""), now, found)
        return found

    def flush(self, now: float | None) -> list[Observation]:
        """The log is over: its last line needs no end."""
        found: list[Observation] = []
        self._observe(self._splitter.flush(), now, found)
        cut = self.problems.flush(now)
        return [*found, cut] if cut is not None else found

    def __getstate__(self) -> dict[str, Any]:
        """What was learned from the log, without the known problems: `attach` gives them back."""
        return {name: value for name, value in vars(self).items() if name not in ("_catalog", "_sampler")}

    def attach(self, catalog: Catalog) -> None:
        """Go on with these known problems, after the reader came back from a state."""
        self._catalog = catalog
        self._sampler = Sampler(self._recognizers.probe, self._objective)
        self.problems.attach(catalog.matcher)

    def tail(self, count: int) -> list[str]:
        """The last informative lines, oldest first, without secrets."""
        return self._veil.lines(list(self._tail)[-count:], _KEPT_CHARS)

    # ------------------------------------------------------------ line by line

    def _observe(self, lines: Sequence[Line], now: float | None, found: list[Observation]) -> None:
        for line in lines:
            text = line.text
            if not text or text.isspace():
                continue
            facts = self._recognizers.read(line)
            found += facts
            seen = self.problems.see(line, now)
            if seen is not None:
                self._add(seen, found)
            self._begun(bool(facts))
            self._remember(line)
        if lines:
            self.lines = lines[-1].number

    def _add(self, seen: ProblemSeen, found: list[Observation]) -> None:
        """One more; right after another of the same signature it is one with that."""
        last = found[-1] if found else None
        if isinstance(last, ProblemSeen) and last.problem.signature == seen.problem.signature:
            found[-1] = replace(last, problem=seen.problem, by=last.by + seen.by)
        else:
            found.append(seen)
        if self.first_logs == "none yet" and seen.problem.severity == "critical":
            self.first_logs = "invalid"

    def _begun(self, stated: bool) -> None:
        if self.first_logs == "none yet":
            self._informative += 1
            if stated or self._informative >= _ENOUGH_LINES:
                self.first_logs = "valid"

    def _remember(self, line: Line) -> None:
        if not line.rewrite and (not self._tail or self._tail[-1] != line.text):
            self._tail.append(line.text[:_LOOKED_AT])

    # ------------------------------------------------------------ in bulk

    def _bulk(self, block: Block, now: float | None, found: list[Observation]) -> None:
        bulk = Bulk(block, self.problems, now)
        for seen in bulk.read(self._catalog.engine, self._sampler, self._recognizers.read):
            if isinstance(seen, ProblemSeen):
                self._add(seen, found)
            else:
                found.append(seen)
        for place in range(max(0, len(block.parts) - _KEPT), len(block.parts)):
            line = block.line(place)
            if line.text.strip():
                self._begun(len(found) > 0)
                self._remember(line)
            self.lines = line.number
