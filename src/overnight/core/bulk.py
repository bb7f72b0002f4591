"""A large piece of a log, read without looking at every line: what its lines would have said all the same.

Rules:
- The engine chooses the lines that may be problems, the sampler those that state something; both are read in the
  log's order. A traceback that was begun is read on line by line.
- A flood is counted, not read: when the first lines of a shape all had one verdict, so have the rest of the piece,
  unless a digit could tell them apart (`exit code 137`).
"""

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from overnight.core.engine import DIGITS, HEAD, Engine
from overnight.core.lines import Block, Line
from overnight.core.model import Fact, MetricSeen, Observation, ProblemSeen
from overnight.core.problems import CONTEXT, ProblemBook
from overnight.core.sampling import Sampler

_ALIKE = 16
"""Lines of a shape with one verdict, after which the rest of the piece is believed to have it."""
Recognize = Callable[[Line], list[Fact]]
_HEAD = HEAD.encode()


class _Flood:
    """The hits of one shape in one piece."""

    def __init__(self) -> None:
        self.judged = 0
        self.verdicts: set[str | None] = set()
        self.by_digits = False
        self.waiting = 0
        self.last = 0

    @property
    def uniform(self) -> bool:
        return self.judged >= _ALIKE and len(self.verdicts) == 1 and not self.by_digits


class Bulk:
    """One piece of a log, read for one reader, whose book of problems it shares."""

    def __init__(self, block: Block, problems: ProblemBook, now: float | None) -> None:
        self._block, self._problems, self._now = block, problems, now
        self._shapes = block.text.translate(None, DIGITS).split(b"\n")
        self._floods: dict[bytes, _Flood] = {}
        self._read_to = 0

    def read(self, engine: Engine, sampler: Sampler, recognize: Recognize) -> Iterator[Observation]:
        """All observations of the piece, in order."""
        chosen = sampler.choose(self._block.parts, self._shapes)
        stating = set(chosen.lines)
        hits = dict.fromkeys([*engine.hits(self._block.text), *chosen.odd])
        for place in hits:
            self._floods.setdefault(self._shapes[place], _Flood()).last = place
        for place in sorted(stating.union(hits)):
            yield from self._read_on(place)
            if place in stating and not self._is_under_frame(place):
                yield from _marked(recognize(self._block.line(place)), place in chosen.extremes)
            if self._problems.is_open or place in hits:
                yield from self._look(place)
        yield from self._read_on(len(self._block.parts))
        self._pass_by(len(self._block.parts))

    def _read_on(self, end: int) -> Iterator[Observation]:
        """As long as a traceback is open, each line is its own."""
        while self._problems.is_open and self._read_to < end:
            yield from self._see(self._read_to)

    def _look(self, place: int) -> Iterator[Observation]:
        """A line that may be a problem."""
        shape = self._shapes[place]
        flood = self._floods.get(shape)
        if self._problems.is_open or flood is None or _HEAD in shape:
            yield from self._see(place)
        elif not flood.uniform:
            if flood.judged == 0:
                flood.by_digits = self._problems.judges_digits(self._block.line(place).text)
            seen = list(self._see(place))
            flood.judged += 1
            flood.verdicts.add(seen[0].problem.signature if seen else None)
            yield from seen
        else:
            flood.waiting += 1
            (signature,) = flood.verdicts
            if place == flood.last and signature is not None:
                number = self._block.line(place).number
                yield self._problems.more(signature, flood.waiting, number, self._now)

    def _see(self, place: int) -> Iterator[ProblemSeen]:
        if place < self._read_to:
            return
        self._pass_by(place)
        self._read_to = place + 1
        line = self._block.line(place)
        seen = self._problems.see(line, self._now) if line.text.strip() else None
        if seen is not None:
            yield seen

    def _pass_by(self, place: int) -> None:
        """The lines before `place` that were left out: the last of them are what stands before a problem."""
        texts: list[str] = []
        at = place
        while at > self._read_to and len(texts) < CONTEXT:
            at -= 1
            text = self._block.line(at).text
            texts += [text] if text.strip() else []
        self._problems.pass_by(texts[::-1])
        self._read_to = max(self._read_to, place)

    def _is_under_frame(self, place: int) -> bool:
        """Whether the line is the source that a traceback shows under a frame."""
        return place > 0 and self._block.parts[place - 1].lstrip().startswith(b'File "')


def _marked(facts: list[Fact], extreme: bool) -> list[Fact]:
    if not extreme:
        return facts
    return [replace(f, extreme=True) if isinstance(f, MetricSeen) else f for f in facts]
