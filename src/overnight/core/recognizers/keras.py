"""Keras 2 and 3: bars (`500/500 ━━━━ 2s 4ms/step - loss: 0.3`, `[====>....] - ETA: 11s`) and `verbose=2`.

Rules:
- The bar counts steps of the epoch. Until it is full its metrics are running averages, of the step; a full
  bar's are the epoch's.
- A bar that a capture has glued to the one before is read from its last beginning.
"""

import re

from overnight.core.lines import Line
from overnight.core.model import Fact, MetricSeen, ProgressSeen
from overnight.core.recognizers.base import VALUE, Family, metric
from overnight.core.recognizers.counters import counters

_BAR = re.compile(
    r"(?P<current>\d{1,9})/(?P<total>\d{1,9}|Unknown|None)\s(?:[━╺╸─\s]{3,}|\[[=>.]{3,60}\]\s?|)(?:-\s)?"
    r"(?=(?:ETA:|\d+:\d\d|\d{1,6}s|\d+m?s/step|$))"
)
_METRIC = re.compile(rf" - (?P<name>[A-Za-z_][\w@/. -]{{0,60}}?): (?P<value>{VALUE})(?=\s|$)", re.ASCII)


def read(line: Line) -> list[Fact] | None:
    """The bar's own counter and the metrics behind it."""
    text = line.text
    match = None
    for found in _BAR.finditer(text):
        match = found
    if match is None:
        return None
    total = float(match["total"]) if match["total"].isdigit() else None
    current = float(match["current"])
    facts: list[Fact] = list(counters(text[: match.start()].lower(), line.number))
    facts.append(ProgressSeen(unit="step", current=current, total=total, line=line.number))
    full = total is not None and current >= total
    pairs = _METRIC.finditer(text, match.end() - 1)
    return facts + [_metric(pair, line, None if full else current) for pair in pairs]


def _metric(pair: re.Match[str], line: Line, step: float | None) -> MetricSeen:
    return metric(pair["name"], pair["value"], line.number, step, "step" if step is not None else None)


FAMILIES = (Family(("/step", "ETA: ", "==] - ", "s - loss"), read),)
