"""XGBoost, LightGBM and CatBoost: one line per boosting round.

`[12]\ttrain-rmse:0.5\teval-rmse:0.6`, `[10]\ttraining's l2: 0.4\tvalid_1's l2: 0.5`, with deviations of
cross-validation (`0.4+0.01`, `0.4 + 0.01`), `12:\tlearn: 0.69\ttest: 0.68\tbest: 0.68 (0)\ttotal: 50ms`.

Rules:
- A round is an iteration; its total is never printed.
- LightGBM's own `[LightGBM] [Info]` lines measure nothing (`Start training from score 107.0`).
"""

import re

from overnight.core.lines import Line
from overnight.core.model import Fact, ProgressSeen
from overnight.core.recognizers.base import VALUE, Family, metric

_ROUND = re.compile(r"(?:^|[\]\s])\[(?P<round>\d{1,7})\][\t ]+(?=[\w'@. /-]{1,60}:)")
_VALUES = re.compile(
    rf"(?P<name>[A-Za-z_][\w'@. /-]{{0,60}}?):\s?(?P<value>{VALUE})(?:\s?\+\s?{VALUE})?(?=\s|$)", re.ASCII
)
_CATBOOST = re.compile(r"(?:^|\s)(?P<round>\d{1,7}):\s+(?:learn|test|total): ")
_CAT_VALUES = re.compile(rf"(?<![a-z])(?P<name>learn|test): (?P<value>{VALUE})")


def _round(line: Line) -> list[Fact] | None:
    match = _ROUND.search(line.text)
    if match is None:
        return None
    found = list(_VALUES.finditer(line.text, match.end()))
    if not found or found[0].start() != match.end():
        return None
    step = float(match["round"])
    facts: list[Fact] = [ProgressSeen(unit="iteration", current=step, total=None, line=line.number)]
    facts += [
        metric(v["name"].replace("'s ", " "), v["value"], line.number, step, "iteration") for v in found
    ]
    return facts


def _catboost(line: Line) -> list[Fact] | None:
    match = _CATBOOST.search(line.text)
    if match is None:
        return None
    step = float(match["round"])
    facts: list[Fact] = [ProgressSeen(unit="iteration", current=step, total=None, line=line.number)]
    values = _CAT_VALUES.finditer(line.text, match.end("round"))
    return facts + [metric(v["name"], v["value"], line.number, step, "iteration") for v in values]


def _nothing(line: Line) -> list[Fact] | None:
    return [] if line.text.lstrip().startswith("[LightGBM] [") else None


FAMILIES = (
    Family(("[LightGBM] [",), _nothing),
    Family(("total: ",), _catboost),
    Family(("]\t", "]  ", "] t", "] v"), _round),
)
