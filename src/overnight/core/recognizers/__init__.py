"""The registry of recognizers: from a line to the facts that it states.

Rules:
- A line without a digit, a NaN or an infinity states nothing.
- Families are tried in order; the first that finds facts and claims its lines (`last`) ends the reading.
- Source code that a traceback shows is not read.
- Of a very long line only the beginning and the end are read: what counts stands there.
- A new family is one file and one line here.
"""

import re

from overnight.core.lines import Line
from overnight.core.model import Fact
from overnight.core.recognizers import optuna, tqdm
from overnight.core.recognizers.base import Family
from overnight.core.recognizers.generic import Generic

FAMILIES: tuple[Family, ...] = (*optuna.FAMILIES, *tqdm.FAMILIES)

_WORTH = re.compile(r"\d|[nN]a[nN]|\binf\b")
_LONGEST = 6000
_HALF = 2500


class Recognizers:
    """All families over one log, in the order of its lines."""

    def __init__(self) -> None:
        self._generic = Generic()
        self._in_frame = False

    def read(self, line: Line) -> list[Fact]:
        """What the line states."""
        text = line.text
        if not _WORTH.search(text):
            self._in_frame = False
            return []
        if self._is_frame(text):
            return []
        if len(text) > _LONGEST:
            line = line._replace(text=f"{text[:_HALF]} … {text[-_HALF:]}")
            text = line.text
        for family in FAMILIES:
            if any(literal in text for literal in family.gate):
                facts = family.read(line)
                if facts:
                    return facts
        return self._generic.read(line)

    def _is_frame(self, text: str) -> bool:
        """Whether the line is a frame of a traceback, or the source line under one."""
        was, self._in_frame = self._in_frame, text.lstrip().startswith('File "')
        return self._in_frame or was


def recognize(line: Line) -> list[Fact]:
    """The facts of one line on its own, without memory of the lines before it."""
    return Recognizers().read(line)
