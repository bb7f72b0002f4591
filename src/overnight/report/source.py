"""The facts of a report out of a replayed watch, its recorded events and the study it worked on.

Rules:
- What the study's own storage says goes before what the log printed; when trials happened is known from the
  log alone, since storages disagree about time zones.
- Nothing is decided here: the watch is only read.
"""

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from overnight.core.humane import number
from overnight.core.model import Best, Direction, Event, EventKind, Exit, Progress, Spec, Start
from overnight.core.watch import Watch
from overnight.readers.study import Range, Study
from overnight.readers.study import Trial as StudyTrial
from overnight.report.view import CurvePoint, NewLines, Provenance, Step, StudyFacts, TrialPoint, View

_LEADERS = 5
_MOST_CURVES = 12


class Recorded(NamedTuple):
    """What the run directory says besides the log. `left_out`: how many events of each kind are not among `events`."""

    spec: Spec
    start: Start | None
    exit: Exit | None
    events: list[Event]
    log: str
    left_out: Mapping[EventKind, int] = {}


def view_of(
    watch: Watch,
    recorded: Recorded,
    now: float,
    studies: Sequence[Study],
    note: str,
    provenance: Provenance,
    new_lines: NewLines | None = None,
) -> View:
    """Everything the report needs. `now`: seconds since the start; `note`: why no study could be read."""
    spec, status = recorded.spec, watch.status(now)
    progress = _counted(watch, status.progress)
    study = studies[0] if studies else None
    best = status.best
    best_trial = study.best() if study else None
    direction = _direction(study, best, spec)
    return View(
        run=spec.run,
        name=status.name,
        argv=watch.veil.words(spec.argv),
        cwd=spec.cwd,
        start_at=recorded.start.at if recorded.start else spec.created_at,
        elapsed_s=status.elapsed_s,
        state=status.state,
        phase=status.phase,
        exit=recorded.exit or watch.exit,
        interrupted=watch.veil.record(watch.interrupted) if watch.interrupted else None,
        stopped_by=watch.stop.by if watch.stop else "",
        tags=status.tags,
        env=watch.veil.variables(spec.env),
        replaces=spec.replaces,
        changed=status.changed,
        progress=progress,
        steps=_steps(watch, progress, recorded.events, status.elapsed_s),
        metrics=status.metrics,
        best=best,
        metric=_metric(study, best),
        direction=direction,
        params=watch.veil.variables(best_trial.params if best_trial else best.params if best else {}),
        trials=_trials(watch, study),
        first_trial=min((n for n, _value, _t in watch.metrics.trial_values), default=None),
        states={str(k): n for k, n in (study.counts() if study else watch.metrics.trials).items()},
        curves={watch.veil.text(name): points for name, points in _curves(watch).items()},
        curve_unit=_curve_unit(status.progress),
        records=status.records,
        problems=status.problems,
        new_lines=_quoted(watch, new_lines),
        question=status.question,
        samples=sorted(watch.samples, key=lambda s: s.t),
        events=recorded.events,
        left_out=recorded.left_out,
        study=_facts(study, studies, note),
        provenance=provenance,
        log=recorded.log,
        log_gone=spec.attached is not None
        and spec.attached.log is not None
        and not os.path.exists(recorded.log),
        startable=spec.attached is None or spec.attached.env is not None,
        log_lines=watch.reader.lines,
        tail=watch.reader.tail(12),
    )


def _quoted(watch: Watch, new: NewLines | None) -> NewLines | None:
    if new is None:
        return None
    return new._replace(lines=[watch.veil.record(quote) for quote in new.lines])


def _counted(watch: Watch, progress: list[Progress]) -> list[Progress]:
    """The counters; trials are counted, as their numbers start at 0 or where an earlier run ended."""
    done = sum(watch.metrics.trials.values())
    if not progress or progress[0].unit != "trial" or not done:
        return progress
    outer, total = progress[0], progress[0].total
    percent = min(100.0, 100.0 * done / total) if total else None
    return [msgspec.structs.replace(outer, current=float(done), percent=percent), *progress[1:]]


def _direction(study: Study | None, best: Best | None, spec: Spec) -> Direction | None:
    if study is not None:
        return study.direction
    if best is not None:
        return best.direction
    return spec.goal.direction if spec.goal else None


def _metric(study: Study | None, best: Best | None) -> str:
    if study is not None and study.metric_names:
        return study.metric
    return best.name if best else "value"


def _trials(watch: Watch, study: Study | None) -> list[TrialPoint]:
    seen = {n: (value, t) for n, value, t in watch.metrics.trial_values}
    if study is None:
        return [TrialPoint(n, "complete", value, t) for n, (value, t) in sorted(seen.items())]
    if study.direction is None:
        return []
    return [_trial_point(trial, seen.get(trial.number, (None, None))[1]) for trial in study.trials]


def _trial_point(trial: StudyTrial, t: float | None) -> TrialPoint:
    value = trial.values[0] if trial.values else trial.last_report if trial.state == "pruned" else None
    return TrialPoint(trial.number, trial.state, value, t)


def _curves(watch: Watch) -> dict[str, list[CurvePoint]]:
    """The series with at least two points; without a printed step the place in the series counts."""
    found: dict[str, list[CurvePoint]] = {}
    for name in list(watch.metrics.names())[:_MOST_CURVES]:
        points = watch.metrics.series(name)
        if len(points) >= 2:
            found[name] = [
                CurvePoint(p.step if p.step is not None else float(i + 1), p.value, p.t)
                for i, p in enumerate(points)
            ]
    return found


def _curve_unit(progress: list[Progress]) -> str:
    units = [p.unit for p in progress]
    return next((u for u in ("epoch", "step", "iteration") if u in units), "step")


def _steps(watch: Watch, progress: list[Progress], events: list[Event], elapsed: float) -> list[Step]:
    """How far the outermost counter was and when: from the check-ins, and for trials from each of them."""
    if not progress:
        return []
    outer = progress[0]
    points = [Step(0.0, 0.0), *_checked(events, outer.unit), Step(elapsed, outer.reached)]
    if outer.unit == "trial":
        numbers = [n for n, _value, _t in watch.metrics.trial_values]
        first = min(numbers, default=0)
        points += [
            Step(t, float(n - first + 1)) for n, _value, t in watch.metrics.trial_values if t is not None
        ]
    return _rising(points, outer.reached)


def _checked(events: list[Event], unit: str) -> list[Step]:
    return [
        Step(event.t, float(row.get("done") or row["current"]))
        for event in events
        if event.kind == "check_in"
        for row in (event.data.get("progress") or [])[:1]
        if row.get("unit") == unit
    ]


def _rising(points: list[Step], most: float) -> list[Step]:
    risen: list[Step] = []
    top = 0.0
    for point in sorted(points):
        top = max(top, min(point.current, most))
        if risen and risen[-1].t == point.t:
            risen.pop()
        risen.append(Step(point.t, top))
    return risen


def _facts(study: Study | None, studies: Sequence[Study], note: str) -> StudyFacts:
    if study is None:
        return StudyFacts(note=note)
    best = study.best()
    params = best.params if best else {}
    edges = [(name, study.ranges[name].edge(value)) for name, value in params.items() if name in study.ranges]
    return StudyFacts(
        name=study.name,
        storage=study.storage,
        objectives=len(study.directions),
        edges=tuple(f"{name} ({number(float(params[name]))})" for name, end in edges if end),
        ranges={name: _range(extent) for name, extent in study.ranges.items()},
        leaders=_leaders(study),
        front=tuple((t.number, t.values, t.params) for t in study.front()) if study.direction is None else (),
        others=tuple(s.name for s in studies[1:]),
        note=note,
    )


def _leaders(study: Study) -> tuple[tuple[int, float, dict[str, str]], ...]:
    if study.direction is None:
        return ()
    done = [(t.value, t) for t in study.trials if t.value is not None]
    sign = 1 if study.direction == "minimize" else -1
    ranked = sorted(done, key=lambda pair: (sign * pair[0], pair[1].number))[:_LEADERS]
    return tuple((t.number, value, t.params) for value, t in ranked)


def _range(extent: Range) -> str:
    if extent.choices:
        return ", ".join(extent.choices)
    if extent.low is None or extent.high is None:
        return ""
    return f"{number(extent.low)} … {number(extent.high)}" + (" (log)" if extent.log else "")
