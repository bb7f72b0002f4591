"""Tables: a header with rows of numbers (fastai, LAMMPS, GROMACS, scikit-learn), and boxes of name and value.

Rules:
- A header begins with `epoch`, `step`, `iter` or the like and holds no number; a row holds a number for
  each of its words, the first of them whole. A header of two words heads only the next line.
- A box row is `| name | number |` (Stable-Baselines3, Lightning's test table).
- Columns that are timings or settings are not kept.
"""

import re

from overnight.core import names
from overnight.core.lines import Line
from overnight.core.model import Fact, MetricSeen, ProgressSeen
from overnight.core.recognizers.base import UNITS, VALUE, metric, number

_HEADER = re.compile(
    r"^\s*(?:Step|step|epoch|Epoch|iter|Iter|Iteration|ITER|STEP|EPOCH|it|Trial)(?:\s+[A-Za-z#|_][^\s]*)+\s*$"
)
_ROW = re.compile(r"^\s*\d{1,12}\s+[-+.\dniNI]")
_NUMBER = re.compile(rf"{VALUE}\Z")
_BOX = re.compile(
    rf"^\s*[|│┃]\s*(?P<name>[A-Za-z][\w/ @.%()-]{{0,60}}?)\s*[|│┃]\s*(?P<value>{VALUE})\s*[|│┃]?\s*$"
)
_BOX_STEPS = {
    "total_timesteps": "step",
    "total timesteps": "step",
    "num_timesteps": "step",
    "global_step": "step",
    "step": "step",
    "iterations": "iteration",
    "episodes": "episode",
    "epoch": "epoch",
}


class Tables:
    """Remembers the header over the rows."""

    def __init__(self) -> None:
        self._unit = ""
        self._columns: list[str] = []
        self._line = 0

    def header(self, line: Line) -> bool:
        """Take in a line without a number, if it heads a table."""
        if not _HEADER.match(line.text):
            return False
        self._columns = line.text.split()
        self._unit = UNITS.get(self._columns[0].lower(), "step")
        self._line = line.number
        return True

    def expects(self, text: str) -> bool:
        """Whether the line looks like a row of the table that was begun."""
        return bool(self._columns) and _ROW.match(text) is not None

    def read(self, line: Line) -> list[Fact] | None:
        """A row of the table whose header was seen last, or a row of a box."""
        text = line.text
        if self._columns and _ROW.match(text):
            return self._row(line)
        if "|" in text or "│" in text or "┃" in text:
            return _box(line)
        return None

    def _row(self, line: Line) -> list[Fact] | None:
        cells = line.text.split()
        if len(self._columns) == 2 and line.number != self._line + 1:
            return None
        if len(cells) != len(self._columns):
            return None
        step = float(cells[0])
        facts: list[Fact] = [ProgressSeen(unit=self._unit, current=step, total=None, line=line.number)]
        facts += self._metrics(cells, step, line.number)
        return facts

    def _metrics(self, cells: list[str], step: float, line: int) -> list[MetricSeen]:
        return [
            metric(name, cell, line, step, self._unit)
            for name, cell in zip(self._columns[1:], cells[1:], strict=True)
            if names.kind(name) in ("loss", "quality") and _NUMBER.match(cell)
        ]


def _box(line: Line) -> list[Fact] | None:
    match = _BOX.match(line.text)
    if match is None:
        return None
    name = match["name"]
    unit = _BOX_STEPS.get(name.rsplit("/", 1)[-1])
    if unit is not None:
        return [ProgressSeen(unit=unit, current=number(match["value"]), total=None, line=line.number)]
    known = names.kind(name)
    if known in ("loss", "quality") or (known == "other" and "_" in name):
        return [metric(name, match["value"], line.number)]
    return []
