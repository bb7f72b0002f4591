"""Optuna studies out of its journal file: one JSON operation per line, replayed as Optuna replays them.

Rules:
- Ids are implicit: a study's is its place among the created ones, a trial's its place among all trials.
- A last line without its end is still being written and is left alone; a damaged line in between is skipped,
  as one lost operation must not hide the rest of a night.
- Operation codes were read in Optuna 5's `storages/journal/_storage.py`; 10 (discard) is ignored there too.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from overnight.core.model import Direction
from overnight.errors import Unreadable
from overnight.readers import distributions
from overnight.readers.optuna_sqlite import names_of
from overnight.readers.study import Range, State, Study, Trial

MARK = b'{"op_code":'
_STATES: tuple[State, ...] = ("running", "complete", "pruned", "failed", "waiting")
_MAXIMIZE = 2
Operation = dict[str, Any]


@dataclass
class _Trial:
    study: int
    number: int
    state: State = "running"
    values: tuple[float, ...] = ()
    params: dict[str, str] = field(default_factory=dict)
    reports: dict[int, float] = field(default_factory=dict)

    def frozen(self) -> Trial:
        last = self.reports[max(self.reports)] if self.reports else None
        values = self.values if self.state == "complete" else ()
        return Trial(self.number, self.state, values, self.params, last)


@dataclass
class _Study:
    name: str
    directions: tuple[Direction, ...]
    trials: list[int] = field(default_factory=list)
    metric_names: tuple[str, ...] = ()
    ranges: dict[str, Range] = field(default_factory=dict)


def read(path: Path) -> list[Study]:
    """Every study in the journal that was not deleted. Raises `Unreadable` when it is no journal."""
    replay = _Replay()
    try:
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    replay.apply(line)
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}") from error
    if not replay.operations:
        raise Unreadable(f"{path} is no Optuna journal: no operation in it")
    return replay.studies(str(path))


class _Replay:
    def __init__(self) -> None:
        self.operations = 0
        self._studies: dict[int, _Study] = {}
        self._created = 0
        self._trials: list[_Trial] = []
        self._do: dict[int, Callable[[Operation], None]] = {
            0: self._create_study,
            1: self._delete_study,
            3: self._study_attribute,
            4: self._create_trial,
            5: self._param,
            6: self._state,
            7: self._report,
        }

    def apply(self, line: bytes) -> None:
        try:
            operation = json.loads(line)
            do = self._do.get(operation["op_code"])
            if do is not None:
                do(operation)
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
            return
        self.operations += 1

    def studies(self, path: str) -> list[Study]:
        return [
            Study(
                name=s.name,
                directions=s.directions,
                trials=tuple(self._trials[i].frozen() for i in s.trials),
                storage=path,
                metric_names=s.metric_names,
                ranges=s.ranges,
                newest=max(s.trials, default=-1) + 1,
            )
            for s in self._studies.values()
        ]

    def _create_study(self, op: Operation) -> None:
        if any(s.name == op["study_name"] for s in self._studies.values()):
            return
        ways: list[Direction] = ["maximize" if d == _MAXIMIZE else "minimize" for d in op["directions"]]
        self._studies[self._created] = _Study(str(op["study_name"]), tuple(ways))
        self._created += 1

    def _delete_study(self, op: Operation) -> None:
        self._studies.pop(op["study_id"], None)

    def _study_attribute(self, op: Operation) -> None:
        names = op["system_attr"].get("study:metric_names")
        if names is not None and op["study_id"] in self._studies:
            self._studies[op["study_id"]].metric_names = names_of(names)

    def _create_trial(self, op: Operation) -> None:
        study = self._studies.get(op["study_id"])
        if study is None:
            return
        trial = _Trial(op["study_id"], len(study.trials), _STATES[op.get("state", 0)])
        trial.values = _floats(op.get("values") or [op.get("value")])
        for name, stored in op.get("params", {}).items():
            self._set(study, trial, name, stored, op["distributions"][name])
        study.trials.append(len(self._trials))
        self._trials.append(trial)

    def _param(self, op: Operation) -> None:
        trial = self._trials[op["trial_id"]]
        study = self._studies.get(trial.study)
        if study is not None:
            self._set(study, trial, op["param_name"], op["param_value_internal"], op["distribution"])

    def _set(self, study: _Study, trial: _Trial, name: str, stored: float, distribution: str) -> None:
        trial.params[name] = distributions.value(stored, distribution)
        study.ranges[name] = distributions.extent(distribution)

    def _state(self, op: Operation) -> None:
        trial = self._trials[op["trial_id"]]
        if trial.state in ("complete", "pruned", "failed"):
            return  # two workers raced: Optuna keeps the first end
        trial.state = _STATES[op["state"]]
        if op.get("values"):
            trial.values = _floats(op["values"])

    def _report(self, op: Operation) -> None:
        value = op["intermediate_value"]
        if value is not None and math.isfinite(value):
            self._trials[op["trial_id"]].reports[int(op["step"])] = value


def _floats(values: list[Any]) -> tuple[float, ...]:
    return tuple(float(v) for v in values if v is not None)
