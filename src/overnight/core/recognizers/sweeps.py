"""Sweeps that are not Optuna's own lines: Hyperopt, Ray Tune, and what home-made loops print.

Rules:
- Hyperopt's `TPE using 14/14 trials`: both numbers are trials done, neither is a total.
- Ray Tune's table says how many trials are in which state; those over are the progress.
- A loop that says only that the next trial begins is counted.
- `Best trial:` followed by `Value: 0.82` announces the best of the study.
"""

import re

from overnight.core.lines import Line
from overnight.core.model import Fact, MetricSeen, ProgressSeen
from overnight.core.recognizers.base import VALUE, Family, metric, number

_TPE = re.compile(rf"TPE using (?P<done>\d+)/\d+ trials with best loss (?P<value>{VALUE})")
_STATUS = re.compile(r"(?P<count>\d+)(?:/\d+)? (?P<state>TERMINATED|RUNNING|PENDING|ERROR|PAUSED)")
_TRIALS = re.compile(r"Number of trials: (?P<seen>\d+)/(?P<total>\d+)")
_VALUE_LINE = re.compile(rf"^[\s|│]*[Vv]alues?\s*[:=]\s*\[?(?P<value>{VALUE})\]?\s*$")
_BEGINNINGS = (
    ("NEXT TRIAL", "trial"),
    ("Starting training with hyperparameters", "trial"),
    ("Args in experiment", "run"),
)
_VALUE_WITHIN = 3


class Sweeps:
    """Remembers how many trials have begun, and that a best trial was just announced."""

    def __init__(self) -> None:
        self._begun: dict[str, int] = {}
        self._best_line = -10

    def families(self) -> tuple[Family, ...]:
        return (
            Family(("TPE using",), _hyperopt),
            Family(("Number of trials: ", "Trial status: "), _ray),
            Family(tuple(phrase for phrase, _unit in _BEGINNINGS), self._beginning),
            Family(("est trial",), self._announcement),
            Family(("alue",), self._value),
        )

    def _beginning(self, line: Line) -> list[Fact] | None:
        for phrase, unit in _BEGINNINGS:
            if phrase in line.text:
                self._begun[phrase] = count = self._begun.get(phrase, 0) + 1
                return [ProgressSeen(unit=unit, current=count, total=None, line=line.number)]
        return None

    def _announcement(self, line: Line) -> list[Fact] | None:
        self._best_line = line.number
        return None

    def _value(self, line: Line) -> list[Fact] | None:
        if not 0 < line.number - self._best_line <= _VALUE_WITHIN:
            return None
        match = _VALUE_LINE.search(line.text)
        return [metric("best value", match["value"], line.number)] if match else None


def _hyperopt(line: Line) -> list[Fact] | None:
    match = _TPE.search(line.text)
    if match is None:
        return None
    return [
        ProgressSeen(unit="trial", current=float(match["done"]), total=None, line=line.number),
        MetricSeen(name="best loss", value=number(match["value"]), line=line.number),
    ]


def _ray(line: Line) -> list[Fact] | None:
    states = {m["state"]: int(m["count"]) for m in _STATUS.finditer(line.text)}
    if not states:
        return None
    total = _TRIALS.search(line.text)
    over = states.get("TERMINATED", 0) + states.get("ERROR", 0)
    return [
        ProgressSeen(
            unit="trial", current=over, total=float(total["total"]) if total else None, line=line.number
        )
    ]
