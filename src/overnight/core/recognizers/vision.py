"""YOLO (Ultralytics, v5, v7), OpenMMLab bars, Detectron2, Rich bars.

Rules:
- A YOLO row begins with `epoch/last epoch` and the GPU memory; its `all` row is the validation of the epoch.
- `[>>>   ] 435/977, 0.7 task/s` is the bar of an evaluation: iterations.
- A line of a launcher about a job step (`slurmstepd: ... StepId=17.0`) counts nothing.
- Detectron2 evaluates tasks: `segm AP`, `bbox AP`.
"""

import re

from overnight.core.lines import Line
from overnight.core.model import Fact, TrialSeen
from overnight.core.recognizers.base import NUMBER, VALUE, Family, metric, progress

_YOLO = re.compile(rf"^\s*(?P<epoch>\d{{1,6}})/(?P<last>\d{{1,6}})\s+{NUMBER}[GM]?B?\s+(?={NUMBER}\s)")
_YOLO_BAR = re.compile(r":\s+\d{1,3}%[^\d]{1,60}(?P<current>\d{1,9})/(?P<total>\d{1,9})(?=[\s\[]|$)")
_ALL = re.compile(rf"^\s*all\s+\d+\s+\d+\s+({NUMBER})\s+({NUMBER})\s+({NUMBER})\s+({NUMBER})(?:\s|$|:)")
_ALL_NAMES = ("precision", "recall", "mAP50", "mAP50-95")
_MM_BAR = re.compile(r"\[[> ]{10,60}\]\s(?P<current>\d+)/(?P<total>\d+), [\d.]+ task/s")
_RICH = re.compile(r"(?P<current>\d{1,9})/(?P<total>\d{1,9})\s+\d+:\d\d:\d\d (?:•|\u2022) [-\d]")
_TUNER = re.compile(r"training failure for hyperparameter tuning iteration (?P<number>\d+)")
_CELL = re.compile(rf"{VALUE}\Z")
_INFERENCE = re.compile(r"Inference done (?P<current>\d+)/(?P<total>\d+)")


def _yolo(line: Line) -> list[Fact] | None:
    match = _YOLO.match(line.text)
    if match is None:
        return None
    facts: list[Fact] = [progress("epoch", match["epoch"], match["last"], line.number)]
    bar = _YOLO_BAR.search(line.text, match.end())
    if bar:
        facts.append(progress("iteration", bar["current"], bar["total"], line.number))
    return facts


def _validation(line: Line) -> list[Fact] | None:
    match = _ALL.match(line.text)
    if match is None:
        return None
    return [metric(n, v, line.number) for n, v in zip(_ALL_NAMES, match.groups(), strict=True)]


def _bar(pattern: re.Pattern[str], line: Line, unit: str = "iteration") -> list[Fact] | None:
    match = None
    for found in pattern.finditer(line.text):
        match = found
    return [progress(unit, match["current"], match["total"], line.number)] if match else None


def _tuner(line: Line) -> list[Fact] | None:
    """Ultralytics' tuner goes on after a training that failed, and counts it."""
    match = _TUNER.search(line.text)
    return [TrialSeen(number=int(match["number"]), state="failed", line=line.number)] if match else None


def _launcher(line: Line) -> list[Fact] | None:
    """`slurmstepd: error: *** STEP 17.0 ON node7 CANCELLED ***`; a bar may stand before it."""
    return [] if line.text.startswith(("slurmstepd", "srun:")) else None


class Evaluations:
    """Detectron2's `copypaste` lines: names on one, values on the next."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._task = ""

    def families(self) -> tuple[Family, ...]:
        return (Family(("copypaste: ",), self._read),)

    def _read(self, line: Line) -> list[Fact] | None:
        parts = line.text.partition("copypaste: ")[2].strip()
        cells = parts.split(",")
        if parts.startswith("Task: "):
            self._task = parts[6:].strip()
        elif cells[0][:1].isalpha():
            self._names = cells
        elif len(cells) == len(self._names) and all(_CELL.match(c) for c in cells):
            named = zip(self._names, cells, strict=True)
            return [metric(f"{self._task} {n}".strip(), v, line.number) for n, v in named]
        return []


FAMILIES = (
    Family(("slurmstepd", "srun:"), _launcher),
    Family(("G   ", "G  ", "M  ", "G\t"), _yolo),
    Family((" all ",), _validation),
    Family(("hyperparameter tuning iteration",), _tuner),
    Family((" task/s",), lambda line: _bar(_MM_BAR, line)),
    Family((" • ",), lambda line: _bar(_RICH, line)),
    Family(("Inference done",), lambda line: _bar(_INFERENCE, line, "item")),
)
