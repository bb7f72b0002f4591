"""What all recognizers share: numbers as programs print them, units, and facts made from matches.

Rules:
- A recognizer is a literal gate (substrings, one of which a line must hold) and a function from a line to
  facts.
- Regular expressions are linear: no nested repetition, bounded lengths, anchored where possible.
- A number is what a program prints as one: `1,234`, `6.1E+00`, `.5`, `nan`, `-inf`, `1.2k`; not a date, not
  a version.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from overnight.core.lines import Line
from overnight.core.model import Fact, MetricSeen, ProgressSeen

Read = Callable[[Line], list[Fact] | None]
"""From a line to its facts; None: the line is somebody else's; an empty list: mine, and it states nothing."""


class Family(NamedTuple):
    """One framework family. `gate`: substrings, any of which opens it."""

    gate: tuple[str, ...]
    read: Read


NUMBER = r"[-+]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?"
"""A finite number."""

VALUE = rf"(?:{NUMBER}|[-+]?(?:nan|NaN|NAN|inf|Inf|INF|infinity)\b)"
"""A number that may be no number at all."""

SCALED = r"\d+(?:\.\d+)?[kKMGTP]?"
"""A count as tqdm prints it with `unit_scale`."""

_SCALES = {"k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}

_UNIT_WORDS = {
    "trial": "trials",
    "run": "runs",
    "generation": "generations gen",
    "fold": "folds",
    "fit": "fits",
    "round": "rounds",
    "epoch": "epochs ep epoche",
    "task": "tasks jobs job",
    "test": "tests",
    "episode": "episodes épisode",
    "step": "steps timestep timesteps",
    "iteration": "iterations iter iters it its",
    "batch": "batches ba bat minibatch",
    "frame": "frames",
    "file": "files",
    "item": "items sample samples example examples image images img",
    "byte": "bytes b",
    "percent": "",
}
UNITS = {word: unit for unit, others in _UNIT_WORDS.items() for word in (unit, *others.split())}
"""Unit words as printed, and the word of the vocabulary that they mean."""


def number(text: str) -> float:
    """The value of a matched NUMBER, VALUE or SCALED."""
    scale = _SCALES.get(text[-1])
    if scale is not None and text[0].isdigit():
        return float(text[:-1].replace(",", "")) * scale
    return float(text.replace(",", ""))


def progress(unit: str, current: str, total: str | None, line: int) -> ProgressSeen:
    """Progress from matched texts."""
    return ProgressSeen(
        unit=unit,
        current=number(current),
        total=number(total) if total is not None else None,
        line=line,
    )


def metric(
    name: str, value: str | float, line: int, step: float | None = None, unit: str | None = None
) -> MetricSeen:
    """A metric from a matched text."""
    found = number(value) if isinstance(value, str) else value
    return MetricSeen(name=name, value=found, line=line, step=step, step_unit=unit)


def innermost(facts: Sequence[Fact]) -> tuple[float | None, str | None]:
    """Step and unit of the last counter among `facts`: what the metrics of the same line belong to."""
    for fact in reversed(facts):
        if isinstance(fact, ProgressSeen):
            return fact.current, fact.unit
    return None, None


def compiled(pattern: str) -> re.Pattern[str]:
    """A verbose regular expression over ASCII classes."""
    return re.compile(pattern, re.VERBOSE | re.ASCII)
