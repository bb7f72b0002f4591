"""The results in words: the numbers that count, the best parameters, and what makes a best doubtful."""

from gettext import NullTranslations
from statistics import mean

from overnight.core.humane import duration, number, rate, size
from overnight.report import clock
from overnight.report.document import Table, Tile
from overnight.report.safe import clean
from overnight.report.summary import Summary, Suspicion
from overnight.report.units import counted, place, share, singular
from overnight.report.view import View

_CELL = 60
_DOUBTED = {"infinite", "zero", "perfect", "lonely", "early", "constant"}
"""All but `edge`, which is no reason for doubt but one for another search: `todo` says so."""


def tiles(view: View, summary: Summary | None, words: NullTranslations) -> tuple[Tile, ...]:
    """The numbers that count, the result first."""
    found = [*_result_tiles(summary, words)] if summary else []
    return (*found, *_run_tiles(view, words))


def _result_tiles(summary: Summary, words: NullTranslations) -> list[Tile]:
    _ = words.gettext
    if summary.best is None or summary.median is None or summary.first is None:
        return []
    at = place(words, f"{summary.unit} {summary.best.number}")
    best = Tile(_("best {metric}").format(metric=clean(summary.metric, 30)), number(summary.best.value), at)
    middle = _("median {median}").format(median=number(summary.median))
    gained = Tile(_("better than the first"), share(summary.gain or 0.0), middle)
    found = [best, gained]
    if summary.count >= 9 and summary.late_gain is not None:
        note = _("converged") if summary.converged else _("still improving")
        found.append(Tile(_("gained by the last third"), share(summary.late_gain), note))
    return found


def _run_tiles(view: View, words: NullTranslations) -> list[Tile]:
    _ = words.gettext
    found = []
    if view.outer is not None:
        speed = view.outer.rate_per_s
        if not speed and view.elapsed_s > 0 and view.state != "running":
            speed = view.outer.reached / view.elapsed_s
        note = rate(speed, singular(words, view.outer.unit)) if speed and view.outer.unit != "percent" else ""
        found.append(Tile(_("done"), counted(words, view.outer), states(view, words) or note))
    elif view.states:
        found.append(Tile(_("trials"), str(sum(view.states.values())), states(view, words)))
    span = f"{clock.face(view, 0.0)} → {clock.face(view, view.elapsed_s)}"
    found.append(Tile(_("time"), duration(view.elapsed_s), span))
    memory = [s.rss_bytes for s in view.samples if s.rss_bytes is not None]
    cpu = [s.cpu_percent for s in view.samples if s.cpu_percent is not None]
    if memory:
        busy = _("CPU {share} of one core").format(share=f"{mean(cpu):.0f} %") if cpu else ""
        found.append(Tile(_("memory at most"), size(max(memory)), busy))
    return found


def states(view: View, words: NullTranslations) -> str:
    """`84 complete, 16 pruned, 3 failed`."""
    _ = words.gettext
    names = {
        "complete": _("complete"),
        "pruned": _("pruned"),
        "failed": _("failed"),
        "running": _("left running"),
        "waiting": _("waiting"),
    }
    return ", ".join(f"{view.states[s]} {name}" for s, name in names.items() if view.states.get(s))


def tables(view: View, summary: Summary | None, words: NullTranslations) -> tuple[Table, ...]:
    """The best parameters, the leading trials, the Pareto front; last metrics where there are no trials."""
    made = [_parameters(view, summary, words), _leaders(view, summary, words), _front(view, words)]
    if not view.trials:
        made.append(_metrics(view, words))
    return tuple(table for table in made if table is not None)


def _parameters(view: View, summary: Summary | None, words: NullTranslations) -> Table | None:
    _ = words.gettext
    params = dict(summary.params) if summary else view.params
    if not params:
        return None
    ranges = view.study.ranges if any(view.study.ranges.get(name) for name in params) else None
    head = (_("parameter"), _("best"), *((_("searched in"),) if ranges else ()))
    rows = tuple(
        (clean(name, _CELL), _value(value), *((clean(ranges.get(name, ""), _CELL),) if ranges else ()))
        for name, value in params.items()
    )
    return Table(head, rows, _("Best parameters"))


def _leaders(view: View, summary: Summary | None, words: NullTranslations) -> Table | None:
    _ = words.gettext
    leaders = view.study.leaders
    if len(leaders) < 2:
        return None
    names = list(leaders[0][2])[:6]
    metric = clean(summary.metric if summary else _("value"), 30)
    rows = tuple(
        (str(trial), number(value), *(_value(params.get(name, "")) for name in names))
        for trial, value, params in leaders
    )
    return Table((_("trial"), metric, *(clean(n, 30) for n in names)), rows, _("Leading trials"))


def _front(view: View, words: NullTranslations) -> Table | None:
    _ = words.gettext
    front = view.study.front
    if not front:
        return None
    count = len(front[0][1])
    head = (_("trial"), *(_("objective {n}").format(n=i + 1) for i in range(count)), _("parameters"))
    rows = tuple(
        (
            str(trial),
            *map(number, values),
            clean(", ".join(f"{k}={_value(v)}" for k, v in params.items()), 120),
        )
        for trial, values, params in front[:10]
    )
    return Table(head, rows, _("Trials that no other one beats in everything"))


def _metrics(view: View, words: NullTranslations) -> Table | None:
    _ = words.gettext
    if not view.metrics:
        return None
    rows = tuple((clean(k, _CELL), number(v)) for k, v in list(view.metrics.items())[:12])
    return Table((_("metric"), _("last value")), rows, _("Last values"))


def _value(text: str) -> str:
    """A parameter with no more digits than are meant."""
    try:
        return number(float(text)) if text.lower() not in ("nan", "inf", "-inf", "infinity") else text
    except ValueError:
        return clean(text, _CELL)


def doubts(summary: Summary | None, words: NullTranslations) -> tuple[str, ...]:
    """Why the best may not be one."""
    if summary is None:
        return ()
    return tuple(_doubt(s, words) for s in summary.suspicions if s.doubt in _DOUBTED)


def _doubt(suspicion: Suspicion, words: NullTranslations) -> str:
    _ = words.gettext
    about = clean(suspicion.subject, 120)
    sentences = {
        "infinite": _("Infinite or missing values were reported as results ({about}); they are not counted."),
        "zero": _("The best is exactly 0: often a broken evaluation, such as NaN replaced by 0."),
        "perfect": _("The best is exactly 1: check that the evaluation does not see the training data."),
        "lonely": _("The best ({about}) stands far from all others: repeat it with another seed."),
        "early": _(
            "The best came among the first tenth (trial {about}): the search did not improve on chance."
        ),
        "constant": _("All results are the same ({about}): the parameters seem to have no effect."),
    }
    return sentences[suspicion.doubt].format(about=about)


def result_note(view: View, words: NullTranslations) -> str:
    """Where the results come from."""
    _ = words.gettext
    study = view.study
    if study.note:
        return clean(study.note)
    if not study.storage:
        return _("Read from the log.") if view.trials or view.curves else ""
    note = _("Read from the study {name} in {storage}.").format(
        name=clean(study.name, 60), storage=clean(study.storage)
    )
    if study.others:
        others = ", ".join(clean(name, 60) for name in study.others[:5])
        note += " " + _("Also there: {others}.").format(others=others)
    return note
