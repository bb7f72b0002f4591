"""Optuna 3 to 5, and its journal file.

Rules:
- Parameters may hold anything (braces, quotes, the word `value`): the start of the line and its last
  `Best is trial N with value: V.` are read, what is between only for the parameters of the best.
- Terminals wrap lines (PowerShell at 79 columns): a value may stand without its parameters.
- Several objectives (`values: [..]`) make a trial complete, without a value that could be the best.
"""

import re

from overnight.core.lines import Line
from overnight.core.model import Fact, Goal, GoalSeen, TrialSeen, TrialState
from overnight.core.recognizers.base import VALUE, Family, number

_FINISHED = re.compile(rf"Trial (?P<number>\d+) finished with value(?:s)?: (?P<value>{VALUE})?")
_BEST = re.compile(rf"Best is trial (?P<number>\d+) with value: (?P<value>{VALUE})")
_PRUNED = re.compile(r"Trial (?P<number>\d+) pruned\.")
_FAILED = re.compile(
    r"Trial (?P<number>\d+) failed (?:with (?:parameters|value)|because of the following error: )"
)
_REASON = re.compile(r"because of the following error: (?P<reason>.{1,300}?)(?:\.\s*)?$")
_PARAMETERS = re.compile(r"parameters: \{(?P<params>.{0,2000}?)\}\.? ?(?:Best is trial|$)")
_PARAMETER = re.compile(r"'(?P<name>[^']{1,80})': (?P<value>'[^']{0,200}'|[^,'{}]{1,80})")
_JOURNAL = re.compile(r'^\{"op_code": (?P<op>\d+),')
_JOURNAL_TRIAL = re.compile(
    rf'"trial_id": (?P<id>\d+), "state": (?P<state>[123]), "values": (?:null|\[(?P<value>{VALUE})?)'
)
_JOURNAL_DIRECTION = re.compile(r'"directions": \[(?P<way>[12])\]')

_STATES: dict[str, TrialState] = {"1": "complete", "2": "pruned", "3": "failed"}


def read(line: Line) -> list[Fact] | None:
    """One trial of a study."""
    text = line.text
    match = _FINISHED.search(text)
    if match:
        value = number(match.group("value")) if match.group("value") else None
        return [_trial(line, match, value)]
    match = _PRUNED.search(text)
    if match:
        return [TrialSeen(number=int(match.group("number")), state="pruned", line=line.number)]
    match = _FAILED.search(text)
    if match:
        reason = _REASON.search(text)
        why = reason.group("reason") if reason else None
        return [TrialSeen(number=int(match.group("number")), state="failed", line=line.number, reason=why)]
    return None


def _trial(line: Line, match: re.Match[str], value: float | None) -> TrialSeen:
    best = _BEST.search(line.text, match.end())
    found = _PARAMETERS.search(line.text, match.end())
    params = {p["name"]: p["value"].strip("'") for p in _PARAMETER.finditer(found["params"])} if found else {}
    return TrialSeen(
        number=int(match.group("number")),
        state="complete",
        value=value,
        params=params,
        best=(int(best["number"]), number(best["value"])) if best else None,
        line=line.number,
    )


def read_journal(line: Line) -> list[Fact] | None:
    """One row of a JournalStorage file: op 0 creates a study, op 6 ends a trial."""
    match = _JOURNAL.match(line.text)
    if match is None:
        return None
    if match["op"] == "0":
        way = _JOURNAL_DIRECTION.search(line.text)
        if way is None:
            return []
        goal = Goal(direction="minimize" if way["way"] == "1" else "maximize")
        return [GoalSeen(goal=goal, line=line.number)]
    trial = _JOURNAL_TRIAL.search(line.text) if match["op"] == "6" else None
    if trial is None:
        return []
    state = _STATES[trial["state"]]
    value = number(trial["value"]) if trial["value"] and state == "complete" else None
    return [TrialSeen(number=int(trial["id"]), state=state, value=value, line=line.number)]


FAMILIES = (Family(("Trial ",), read), Family(('{"op_code": ',), read_journal))
