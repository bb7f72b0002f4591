"""The registry of recognizers: from a line to the facts that it states.

Rules:
- A line without a digit, a NaN or an infinity states nothing, but that a trial begins or a table follows.
- Families are tried in order; the first that says a line is its own ends the reading. The generic one comes
  last.
- Source code that a traceback shows is not read.
- A shape of lines (digits erased) that stated nothing once is not read again, unless it may depend on other
  lines.
- A shape that came often and states the same numbers at the same places is read by its layout.
- Of a very long line only the beginning and the end are read: what counts stands there.
- A new family is one file and one line in `_families`. Its gate holds no digit: which gates a line opens is
  remembered by its shape, for all logs.
"""

import re
from functools import cache, lru_cache
from typing import Any

from overnight.core.lines import Line
from overnight.core.model import Fact
from overnight.core.recognizers import boosting, keras, optuna, vision
from overnight.core.recognizers.base import Family
from overnight.core.recognizers.generic import Generic
from overnight.core.recognizers.layouts import Layouts
from overnight.core.recognizers.phases import phases
from overnight.core.recognizers.simulation import Simulations
from overnight.core.recognizers.sklearn import Fits
from overnight.core.recognizers.sweeps import Sweeps
from overnight.core.recognizers.tables import Tables
from overnight.core.recognizers.tools import Tools
from overnight.core.recognizers.tqdm import Bars

_WORTH = re.compile(r"\d|[nN]a[nN]|\binf\b")
_ERASED = {ord(digit): "0" for digit in "123456789"}
_MOST_SHAPES = 8192
_LONGEST = 6000
_HALF = 2500
_REMEMBERED = 400
"""Characters of a shape whose open gates are remembered: a thousand logs share what this takes."""


class Recognizers:
    """All families over one log, in the order of its lines."""

    def __init__(self) -> None:
        self._generic = Generic()
        self._sweeps = Sweeps()
        self._tables = Tables()
        self._in_frame = False
        self._bars = Bars()
        self._evaluations, self._fits = vision.Evaluations(), Fits()
        self._simulations, self._tools = Simulations(), Tools()
        self._families = self._all()
        self._wordy_families = (*self._sweeps.families(), *self._bars.families())
        self._silent: set[str] = set()
        self._other: Recognizers | None = None

    def __getstate__(self) -> dict[str, Any]:
        """What was learned, without the functions that learn."""
        left_out = ("_families", "_wordy_families", "_other")
        return {name: value for name, value in vars(self).items() if name not in left_out}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._families = self._all()
        self._wordy_families = (*self._sweeps.families(), *self._bars.families())
        self._other = None

    def _all(self) -> tuple[Family, ...]:
        return (
            *vision.FAMILIES,
            *self._evaluations.families(),
            *optuna.FAMILIES,
            *self._sweeps.families(),
            *self._bars.families(),
            *keras.FAMILIES,
            *boosting.FAMILIES,
            *self._fits.families(),
            *self._simulations.families(),
            *self._tools.families(),
            Family(("  ", "\t", "|", "│", "┃"), self._tables.read),
        )

    def read(self, line: Line) -> list[Fact]:
        """What the line states."""
        text = line.text
        if not _WORTH.search(text):
            return self._wordy(line)
        if self._is_frame(text):
            return []
        shape = text.translate(_ERASED)
        if shape in self._silent:
            return []
        layout = _LAYOUTS.get(shape)
        if layout is not None and (stated := layout.read(text, line.number)) is not None:
            return stated
        facts = self._in_full(line, shape)
        if facts:
            _LAYOUTS.learn(shape, line, facts)
        return facts

    def _in_full(self, line: Line, shape: str) -> list[Fact]:
        text = line.text
        if len(text) > _LONGEST:
            text = f"{text[:_HALF]} … {text[-_HALF:]}"
            line = line._replace(text=text)
        for place in _opened(shape) if len(shape) <= _REMEMBERED else _open_gates(text):
            facts = self._families[place].read(line)
            if facts is not None:
                return facts
        facts = self._generic.read(line)
        said = phases(text.lower(), line)
        if facts is None and not said and not self._may_follow(text):
            self._silence(shape)
        return [*(facts or ()), *said]

    def probe(self, line: Line) -> tuple[list[Fact], bool]:
        """What the line states by itself, and whether lines of its shape may state anything; nothing is
        learned from it here, only in a second reader that knows nothing but probes."""
        self._other = self._other or Recognizers()
        facts = self._other.read(line)
        return facts, bool(facts) or not self._other.is_silent(line.text)

    def is_silent(self, text: str) -> bool:
        """Whether lines of this shape were found to state nothing."""
        return text in self._silent or text.translate(_ERASED) in self._silent

    def _may_follow(self, text: str) -> bool:
        """Whether the meaning of a line depends on those before it: a row of a table, a value announced."""
        return "alue" in text or self._tables.expects(text)

    def _silence(self, shape: str) -> None:
        """Remember that lines of this shape, but for their digits, state nothing."""
        if len(self._silent) >= _MOST_SHAPES:
            self._silent.clear()
        if len(shape) <= _HALF:
            self._silent.add(shape)

    def _wordy(self, line: Line) -> list[Fact]:
        """A line without a number may still begin a trial, head a table, or say that the run is done."""
        text = line.text
        self._in_frame = False
        if text in self._silent:
            return []
        self._in_frame = text.lstrip().startswith('File "')
        if self._tables.header(line):
            self._silent.clear()
            return []
        for gate, read in self._wordy_families:
            if any(literal in text for literal in gate):
                return [*(read(line) or ()), *phases(text.lower(), line)]
        said = phases(text.lower(), line)
        if not said:
            self._silence(text)
        return said

    def _is_frame(self, text: str) -> bool:
        """Whether the line is a frame of a traceback, or the source line under one."""
        was, self._in_frame = self._in_frame, text.lstrip().startswith('File "')
        return self._in_frame or was


@cache
def _gates() -> tuple[tuple[str, ...], ...]:
    """Those of the families, in their order, which is that of every reader."""
    return tuple(family.gate for family in Recognizers()._families)


def _open_gates(text: str) -> tuple[int, ...]:
    """The places of the families that may read such a line."""
    return tuple(place for place, gate in enumerate(_gates()) if any(map(text.__contains__, gate)))


_opened = lru_cache(4096)(_open_gates)


@cache
def _forgetful() -> frozenset[int]:
    """The places of the families that remember nothing between lines."""
    plain = {*vision.FAMILIES, *optuna.FAMILIES, *keras.FAMILIES, *boosting.FAMILIES}
    return frozenset(place for place, family in enumerate(Recognizers()._families) if family in plain)


def _by_itself(line: Line) -> list[Fact] | None:
    """What the line states to a reader of nothing else; None when another one might make more of it."""
    shape = line.text.translate(_ERASED)
    if not _forgetful().issuperset(_opened(shape)):
        return None
    reader = Recognizers()
    facts = reader._in_full(line, shape)
    return None if reader._generic.doubts else facts


_LAYOUTS = Layouts(_by_itself)


def recognize(line: Line) -> list[Fact]:
    """The facts of one line on its own, without memory of the lines before it."""
    return Recognizers().read(line)
