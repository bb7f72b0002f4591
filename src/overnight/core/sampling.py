"""Which lines of a large piece of a log are worth reading for what they state: the metric lane.

Rules:
- Lines of the same shape (digits erased) state the same things. The first of a shape is read; what it states decides
  about the others: nothing (none is read), numbers that stand in the line (samples are read, and the lines with the
  smallest and the largest of each measured number), anything else, like trials (all are read).
- A value that is not finite has a shape of its own: all such lines are read, each with its neighbours.
- Of a line that is read only for its extreme value the reader is told, so that nobody takes it for a sample. The
  last counter before it is read too: it says where the extreme was.
- What follows from the choice is what follows from all lines: the last values, the best ones, counts of trials.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Sequence
from enum import Enum
from math import isfinite
from typing import NamedTuple

from overnight.core import names
from overnight.core.lines import Line, clean, is_odd
from overnight.core.model import Fact, MetricSeen, ProgressSeen
from overnight.core.recognizers.base import VALUE, number

_NEW = 2_000
"""New shapes of one piece that are looked at; what has more hardly repeats and is sampled."""
_MOST_PLANS = 20_000
_VALUE = re.compile(VALUE)
_WORDS = re.compile(rb"\S+")
_LABEL = 24

Read = Callable[[Line], tuple[list[Fact], bool]]
"""The facts of a line, and whether lines of its shape may ever state anything."""


class Kind(Enum):
    """What is read of the lines of a shape."""

    NONE = "none"
    MAYBE = "many samples: a bare counter is believed when it is seen to grow"
    SAMPLES = "samples"
    ALL = "all"
    NEIGHBOURS = "all, each with the line before and after it"


_SAMPLES = {Kind.SAMPLES: 32, Kind.MAYBE: 256}
"""Lines of one shape that are read of each piece, evenly spaced: for curves and rates."""


class Slot(NamedTuple):
    """Where in a line (split at spaces) a measured number stands: its word, and what surrounds it there.

    `label`: the text without digits right before it in the line, by which it is found faster.
    """

    word: int
    before: bytes
    after: bytes
    label: re.Pattern[bytes] | None = None

    def values(self, words: Sequence[bytes]) -> list[float]:
        """The numbers of many such words. Raises ValueError when one is built otherwise."""
        if self.before:
            words = [w[w.rindex(self.before) + len(self.before) :] for w in words]
        if self.after:
            words = [w[: w.index(self.after)] for w in words]
        return list(map(float, words))


class Plan(NamedTuple):
    """What to read of a shape; `words`: how many a line has; `counts`: whether it says where the run is; `odd`:
    whether its lines read otherwise than they are written."""

    kind: Kind
    words: int = 0
    slots: tuple[Slot, ...] = ()
    counts: bool = False
    odd: bool = False


class Chosen(NamedTuple):
    """Numbers (from 0) of the lines to read, ascending, and those of them that are there for a value only; `odd`:
    those that no engine can be trusted with."""

    lines: list[int]
    extremes: set[int]
    odd: list[int]


class Sampler:
    """Remembers what each shape of lines is good for. `read` must not change what is known of the run.

    `objective`: the declared metric, whose extremes count whatever its name says.
    """

    def __init__(self, read: Read, objective: str | None = None) -> None:
        self._read = read
        self._objective = names.key(objective) if objective else None
        self._plans: dict[bytes, Plan] = {}

    def choose(self, lines: Sequence[bytes], shapes: Sequence[bytes]) -> Chosen:
        """The lines of a piece that should be read; `shapes` are theirs, without digits."""
        groups: defaultdict[bytes, list[int]] = defaultdict(list)
        for place, shape in enumerate(shapes):
            groups[shape].append(place)
        self._plan(groups, lines)
        return self._chosen(groups, lines)

    # ------------------------------------------------------------ what a shape is good for

    def _plan(self, groups: dict[bytes, list[int]], lines: Sequence[bytes]) -> None:
        fresh = [shape for shape in groups if shape not in self._plans]
        if len(self._plans) + len(fresh) > _MOST_PLANS:
            self._plans.clear()
            fresh = list(groups)
        stride = 1 + len(fresh) // _NEW
        for at, shape in enumerate(fresh):
            skipped = stride > 1 and at % stride != 0 and at < len(fresh) - _NEW // 4
            plan = Plan(Kind.NONE) if skipped else self._planned(lines[groups[shape][0]])
            self._plans[shape] = plan._replace(odd=True) if is_odd(shape) else plan

    def _planned(self, raw: bytes) -> Plan:
        text = clean(raw)
        if not text or text.isspace():
            return Plan(Kind.NONE)
        facts, may_state = self._read(Line(1, 0, text))
        if not facts:
            return Plan(Kind.MAYBE if may_state else Kind.NONE)
        counts = any(isinstance(f, ProgressSeen) for f in facts)
        if not all(isinstance(f, ProgressSeen | MetricSeen) for f in facts):
            return Plan(Kind.ALL, counts=counts)
        metrics = [f for f in facts if isinstance(f, MetricSeen)]
        if not all(isfinite(f.value) for f in metrics):
            return Plan(Kind.NEIGHBOURS, counts=counts)
        measured = {f.value for f in metrics if self._matters(f.name)}
        words = raw.split()
        slots = [slot for place, word in enumerate(words) for slot in _slots(place, word, measured)]
        found = {v for slot in slots for v in slot.values([words[slot.word]])}
        printed = {number(m.group()) for m in _VALUE.finditer(text)}
        counted = {f.current for f in facts if isinstance(f, ProgressSeen)}
        if not measured <= found or not counted | {f.value for f in metrics} <= printed:
            return Plan(Kind.ALL, counts=counts)  # it is counted or computed, not printed
        return Plan(Kind.SAMPLES, len(words), tuple(_labelled(slot, raw) for slot in slots), counts)

    def _matters(self, name: str) -> bool:
        """Whether the best value of that name may be the result."""
        wanted = names.key(name) == self._objective or names.announced(name) is not None
        return wanted or names.direction(name) is not None

    # ------------------------------------------------------------ choosing

    def _chosen(self, groups: dict[bytes, list[int]], lines: Sequence[bytes]) -> Chosen:
        read: set[int] = set()
        extremes: set[int] = set()
        neighbours: list[int] = []
        counters: list[list[int]] = []
        odd: list[int] = []
        for shape, group in groups.items():
            plan = self._plans[shape]
            odd += group if plan.odd else []
            if plan.kind is Kind.NONE:
                continue
            if plan.counts:
                counters.append(group)
            most = _SAMPLES.get(plan.kind, len(group))
            if len(group) > most:
                read.update(group[:: -(-len(group) // most)])
                read.add(group[-1])
                extremes.update(_extremes(plan, group, lines))
            else:
                read.update(group)
            if plan.kind is Kind.NEIGHBOURS:
                neighbours += group
        for place in extremes:
            read.update(_before(place, counters))
        if neighbours:
            measured = [g for s, g in groups.items() if self._plans[s].slots]
            for place in neighbours:
                read.update(_around(place, measured))
        return Chosen(sorted(read | extremes), extremes - read, odd)


def _slots(place: int, word: bytes, measured: set[float]) -> list[Slot]:
    """Where a word holds one of the measured numbers."""
    text = word.decode("latin-1")
    found = []
    for match in _VALUE.finditer(text):
        if number(match.group()) in measured:
            before = re.split(r"\d", text[: match.start()])[-1].encode("latin-1")
            after = re.split(r"\d", text[match.end() :])[0].encode("latin-1")
            slot = Slot(place, before, after)
            try:
                right = slot.values([word]) == [number(match.group())]
            except ValueError:  # `1,234`, `0.5k`: read by the recognizers only
                right = False
            found += [slot] if right else []
    return found


def _extremes(plan: Plan, group: list[int], lines: Sequence[bytes]) -> set[int]:
    """The lines of the group with the smallest and the largest of each number; all, if they are built otherwise."""
    if not plan.slots:
        return set()
    text = b"\n".join([lines[place] for place in group])
    found: set[int] = set()
    for slot in plan.slots:
        values = _labelled_values(slot, text, len(group)) or _values(slot, text, plan.words, len(group))
        if values is None:
            return set(group)
        found.add(group[values.index(min(values))])
        found.add(group[values.index(max(values))])
    return found


def _labelled(slot: Slot, raw: bytes) -> Slot:
    """The slot with its label, if that is long enough to tell it from others."""
    word = list(_WORDS.finditer(raw))[slot.word]
    start = word.start() + (word.group().rindex(slot.before) + len(slot.before) if slot.before else 0)
    label = re.split(rb"\d", raw[:start])[-1][-_LABEL:]
    found = re.compile(re.escape(label) + rb"([-+.\deE]+)") if len(label) > 3 else None
    return slot._replace(label=found)


def _labelled_values(slot: Slot, text: bytes, count: int) -> list[float] | None:
    """The numbers of all lines by the slot's label; None when it does not stand once in each."""
    found = slot.label.findall(text) if slot.label is not None else []
    if len(found) != count:
        return None
    try:
        return list(map(float, found))
    except ValueError:
        return None


def _values(slot: Slot, text: bytes, words_each: int, count: int) -> list[float] | None:
    """The numbers of all lines by the slot's word; None when the lines are not built alike."""
    words = text.split()
    if len(words) != words_each * count:
        return None
    try:
        return slot.values(words[slot.word :: words_each])
    except ValueError:
        return None


def _before(place: int, groups: list[list[int]]) -> list[int]:
    """The last line before the place of whichever group comes nearest."""
    found = [group[at - 1] for group in groups if (at := bisect_left(group, place)) > 0]
    return [max(found)] if found else []


def _around(place: int, groups: list[list[int]]) -> list[int]:
    """The nearest lines before and after the place, of each group."""
    found = []
    for group in groups:
        at = bisect_left(group, place)
        found += group[max(0, at - 1) : at + 2]
    return found
