"""scikit-learn with `verbose`: searches, joblib, forests.

Rules:
- A search counts fits: those it announced, and those that it says have ended (`[CV 3/5] END ...`).
- joblib's `Done 42 tasks` and `Done 10 out of 20` count tasks.
"""

import re

from overnight.core.lines import Line
from overnight.core.model import Fact, ProgressSeen
from overnight.core.recognizers.base import VALUE, Family, metric, progress

_TOTAL = re.compile(r"totalling (?P<total>\d+) fits")
_SCORE = re.compile(rf"(?:, |; |\(|\s)(?P<name>score|train_score|test|train)=(?P<value>{VALUE})")
_DONE = re.compile(r"\]: Done\s+(?P<current>\d+)(?: tasks| jobs| out of\s+(?P<total>\d+))")
_TREE = re.compile(r"building (?:tree|estimator) (?P<current>\d+) of (?P<total>\d+)")


class Fits:
    """Counts the fits of a search."""

    def __init__(self) -> None:
        self._total: float | None = None
        self._ended = 0

    def families(self) -> tuple[Family, ...]:
        return (
            Family(("totalling ",), self._announced),
            Family(("[CV",), self._fit),
            Family(("]: Done ",), _tasks),
            Family(("building ",), _tree),
        )

    def _announced(self, line: Line) -> list[Fact] | None:
        match = _TOTAL.search(line.text)
        if match is None:
            return None
        self._total, self._ended = float(match["total"]), 0
        return [ProgressSeen(unit="fit", current=0, total=self._total, line=line.number)]

    def _fit(self, line: Line) -> list[Fact] | None:
        text = line.text
        if not text.lstrip().startswith("[CV"):
            return None
        if " END " not in text and "total" not in text:
            return []
        self._ended += 1
        facts: list[Fact] = [
            ProgressSeen(unit="fit", current=self._ended, total=self._total, line=line.number)
        ]
        for score in _SCORE.finditer(text):
            name = score["name"] if "score" in score["name"] else f"{score['name']} score"
            facts.append(metric(name, score["value"], line.number, self._ended, "fit"))
        return facts


def _tasks(line: Line) -> list[Fact] | None:
    match = _DONE.search(line.text)
    return [progress("task", match["current"], match["total"], line.number)] if match else None


def _tree(line: Line) -> list[Fact] | None:
    match = _TREE.search(line.text)
    return [progress("iteration", match["current"], match["total"], line.number)] if match else None
