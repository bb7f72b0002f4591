"""A large piece of a log, read without looking at every line: what its lines would have said all the same.

Rules:
- The engine chooses the lines that may be problems, the sampler those that state something; both are read in the
  log's order. A traceback that was begun is read on line by line.
- A flood is counted, not read: when the first lines of a shape all had one verdict, so have the rest of the piece.
"""

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from overnight.core.engine import DIGITS, Engine
from overnight.core.lines import Block, Line
from overnight.core.model import Fact, MetricSeen, Observation, ProblemSeen
from overnight.core.problems import ProblemBook
from overnight.core.sampling import Sampler

_CONTEXT = 6
_ALIKE = 16
"""Lines of a shape with one verdict, after which the rest of the piece is believed to have it."""
Recognize = Callable[[Line], list[Fact]]
_HEAD = b"Traceback (most recent call last)"


class _Flood:
    """The hits of one shape in one piece."""

    def __init__(self) -> None:
        self.verdicts: list[str | None] = []
        self.waiting = 0
        self.last = 0

    @property
    def uniform(self) -> bool:
        return len(self.verdicts) >= _ALIKE and len(set(self.verdicts)) == 1


class Bulk:
    """Reads pieces of one log for one reader, whose book of problems it shares."""

    def __init__(self, engine: Engine, sampler: Sampler, problems: ProblemBook) -> None:
        self._engine, self._sampler, self._problems = engine, sampler, problems

    def read(self, block: Block, now: float | None, recognize: Recognize) -> Iterator[Observation]:
        """All observations of a piece, in order."""
        shapes = block.text.translate(None, DIGITS).split(b"\n")
        chosen = self._sampler.choose(block.parts, shapes)
        stating = set(chosen.lines)
        floods: dict[bytes, _Flood] = {}
        hits = self._engine.hits(block.text)
        for place in hits:
            floods.setdefault(shapes[place], _Flood()).last = place
        hit = set(hits)
        read_to = 0
        for place in sorted(stating | hit):
            for between in range(read_to, place):
                if not self._problems.is_open:
                    break
                yield from self._see(block, between, now)
                read_to = between + 1
            if self._problems.is_open or place in hit:
                yield from self._hit(block, place, floods.get(shapes[place]), shapes[place], now)
            if place in stating and not _is_under_frame(block, place):
                yield from _marked(recognize(block.line(place)), place in chosen.extremes)
            read_to = max(read_to, place + 1)
        for between in range(read_to, len(block.parts)):
            if not self._problems.is_open:
                break
            yield from self._see(block, between, now)

    def _hit(
        self, block: Block, place: int, flood: _Flood | None, shape: bytes, now: float | None
    ) -> Iterator[Observation]:
        if self._problems.is_open or flood is None or _HEAD in shape:
            yield from self._see(block, place, now)
            return
        if not flood.uniform:
            self._problems.jump([block.line(p).text for p in range(max(0, place - _CONTEXT), place)])
            seen = list(self._see(block, place, now))
            flood.verdicts.append(seen[0].problem.signature if seen else None)
            yield from seen
            return
        flood.waiting += 1
        signature = flood.verdicts[0]
        if place == flood.last and signature is not None:
            yield self._problems.more(signature, flood.waiting, block.line(place).number, now)

    def _see(self, block: Block, place: int, now: float | None) -> Iterator[ProblemSeen]:
        line = block.line(place)
        seen = self._problems.see(line, now) if line.text.strip() else None
        if seen is not None:
            yield seen


def _is_under_frame(block: Block, place: int) -> bool:
    """Whether the line is the source that a traceback shows under a frame."""
    return place > 0 and block.parts[place - 1].lstrip().startswith(b'File "')


def _marked(facts: list[Fact], extreme: bool) -> list[Fact]:
    if not extreme:
        return facts
    return [replace(f, extreme=True) if isinstance(f, MetricSeen) else f for f in facts]
