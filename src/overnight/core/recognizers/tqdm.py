"""tqdm and what prints like it: ` 45%|████▌     | 45/100 [00:10<00:12,  4.49it/s, loss=0.3]`.

Shapes: total unknown (`123it [00:10, 12.3it/s]`), rates in `s/it`, description, nested, `unit_scale`
(`1.2k/3.4M`), own units, ASCII blocks, a description that counts itself (`Epoch 3/10:  45%|`), text glued
behind the bar.

Rules:
- The last bar of a text is the one that is shown.
- The unit is the rate's (`s/it`, `file/s`), an epoch or trial bar by its description; without any: iteration.
- Metrics of a bar are running values: they belong to the bar's own counter, an inner one.
"""

import re

from overnight.core.lines import Line
from overnight.core.model import Fact, MetricSeen, ProgressSeen
from overnight.core.recognizers.base import SCALED, UNITS, Family, number
from overnight.core.recognizers.counters import counters
from overnight.core.recognizers.generic import metrics

GATE = ("/s", "s/", "?it", "it [", "%|")
TRAINER_SIGNS = (
    "Running training",
    "Total optimization steps",
    "'grad_norm'",
    "transformers.",
    "Trainer(",
    "trl.",
)

_BAR = re.compile(
    rf"(?P<percent>\d{{1,3}})%\|(?P<bar>[^|]{{0,300}})\|\s{{0,3}}(?P<current>{SCALED})\s?/\s?(?P<total>{SCALED})"
    rf"(?P<unit1>[A-Za-zé]{{0,12}})\s?\[(?P<inside>[^\]]{{0,1500}})\]?"
)
_OPEN = re.compile(
    rf"(?<![\w./])(?P<current>{SCALED})(?P<unit1>[A-Za-z]{{0,12}})\s\[(?P<inside>\d\d:\d\d[^\]<]{{0,400}})\]"
)
_CLOCK = re.compile(r"\[\d\d:\d\d")
_RATE = re.compile(r"(?P<per>[A-Za-zéà]{1,16}(?:\(s\))?)/s\b|s/(?P<each>[A-Za-zéà]{1,16})")
_BEST_TRIAL = re.compile(r"Best trial: \d+\. Best value: ")


class Bars:
    """Reads bars; a Hugging Face trainer's bar without a description counts steps."""

    def __init__(self) -> None:
        self._trainer = False

    def families(self) -> tuple[Family, ...]:
        return (Family(TRAINER_SIGNS, self._notice), Family(GATE, self.read))

    def _notice(self, line: Line) -> list[Fact] | None:
        self._trainer = True
        return None

    def read(self, line: Line) -> list[Fact] | None:
        """The last bar of the line: what its description counts, its own counter, its running metrics."""
        text = line.text
        at = text.rfind("%|")
        match = _BAR.search(text, max(0, at - 3)) if at >= 0 else None
        if match is None and _CLOCK.search(text) is not None:
            match = _OPEN.search(text)
        if match is None:
            return None
        rate = _RATE.search(match.group("inside"))
        if rate is None and match.re is _OPEN:
            return None
        described = text[_begin(text, match.start()) : match.start()]
        unit = _unit(match, rate)
        if self._trainer and unit == "iteration" and not described.strip():
            unit = "step"
        return _facts(line, described, match, unit, text[match.end() :])


def _begin(text: str, end: int) -> int:
    """Where the description of this bar starts: after the bar before it, if two are glued together."""
    return (
        max(text.rfind("]", 0, end), end - 300, -1) + 1 if text.find("%|", 0, end) >= 0 else max(0, end - 300)
    )


def _unit(match: re.Match[str], rate: re.Match[str] | None) -> str:
    printed = match.group("unit1")
    if rate is not None:
        printed = rate.group("per") or rate.group("each") or printed
    plain = printed.lower().replace("(s)", "")
    if printed.endswith("B"):
        return "byte"
    return UNITS.get(plain, "iteration" if not plain else "item")


def _facts(line: Line, described: str, match: re.Match[str], unit: str, behind: str) -> list[Fact]:
    total = match.groupdict().get("total")
    found = ProgressSeen(
        unit=_renamed(unit, described),
        current=number(match.group("current")),
        total=(number(total) or None) if total else None,
        line=line.number,
    )
    around = f"{described} {behind}" if "poch" in behind else described
    outer: list[Fact] = [c for c in counters(around.lower(), line.number) if c.unit != found.unit]
    running: list[MetricSeen] = []
    for part in (described, match.group("inside")):
        if "=" in part or ":" in part or " " in part:
            running += metrics(part, part.lower(), line.number, [found])
    return [*outer, found, *running]


def _renamed(unit: str, described: str) -> str:
    """A bar over epochs, trials or folds names them in its description, without a number of its own."""
    if unit != "iteration":
        return unit
    if _BEST_TRIAL.search(described):
        return "trial"
    words = described.lower().split()
    last = words[-1].strip(":[]()") if words else ""
    return (
        UNITS[last]
        if last in ("epoch", "epochs", "trial", "trials", "folds", "batches", "steps", "episodes")
        else unit
    )
