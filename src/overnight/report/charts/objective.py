"""The objective over trials: every trial, the best so far, the records, and what failed."""

from typing import Any

import altair as alt

from overnight.core.humane import number
from overnight.report.charts import base, scale, theme, thin
from overnight.report.charts.base import Layer, Row, Scene
from overnight.report.charts.scale import Domain
from overnight.report.charts.theme import Size
from overnight.report.picture import Mark, Picture
from overnight.report.safe import clean
from overnight.report.summary import Outcome, best_so_far
from overnight.report.view import TrialPoint, View


def trials(scene: Scene) -> Picture | None:
    """The chart of a sweep; None when no trial completed with a finite value."""
    view, _ = scene.view, scene.words.gettext
    done = [p for p in view.trials if p.state == "complete" and _finite(p)]
    if not done or view.direction is None:
        return None
    domain = scale.domain([p.value for p in done if p.value is not None], view.direction)
    title = _("Objective over trials")
    svgs = base.draw("objective", title, lambda size: _chart(scene, domain, size))
    beyond = sum(not domain.holds(p.value) for p in done if p.value is not None)
    ngettext = scene.words.ngettext
    note = (
        ngettext(
            "{n} value lies beyond the scale; it is drawn at its edge.",
            "{n} values lie beyond the scale; they are drawn at its edge.",
            beyond,
        ).format(n=beyond)
        if beyond
        else ""
    )
    return Picture("results", title, svgs, tuple(_legend(scene, beyond)), note)


def _finite(point: TrialPoint) -> bool:
    return scale.drawable(point.value)


def _legend(scene: Scene, beyond: int) -> list[Mark]:
    _ = scene.words.gettext
    states = {p.state for p in scene.view.trials}
    marks = [Mark("dot", "--soft", _("trial")), Mark("line", "--accent", _("best so far"))]
    marks.append(Mark("ring", "--gold", _("record") if scene.view.records else _("best")))
    if "pruned" in states:
        marks.append(Mark("hollow", "--muted", _("pruned")))
    if "failed" in states:
        marks.append(Mark("cross", "--bad", _("failed")))
    if beyond:
        marks.append(Mark("arrow", "--muted", _("beyond the scale")))
    return marks


def _chart(scene: Scene, domain: Domain, size: Size) -> Layer:
    view, _ = scene.view, scene.words.gettext
    done = [p for p in view.trials if p.state == "complete" and _finite(p)]
    inside = thin.evenly([p for p in done if domain.holds(p.value or 0.0)], size.points)
    outside = thin.evenly([p for p in done if not domain.holds(p.value or 0.0)], size.points // 4)
    pruned = thin.evenly([p for p in view.trials if p.state == "pruned" and _finite(p)], size.points // 2)
    failed = thin.evenly([p for p in view.trials if p.state == "failed"], size.points // 2)
    edge = domain.high if view.direction == "minimize" else domain.low
    layers = [
        _points(scene, domain, pruned, size, shape="circle", filled=False, color=theme.MUTED, area=22),
        _points(scene, domain, inside, size, shape="circle", filled=True, color=theme.SOFT, area=44),
        _points(scene, domain, outside, size, shape=_arrow(view), filled=True, color=theme.MUTED, area=44),
        _points(
            scene, domain, failed, size, shape=theme.CROSS, filled=False, color=theme.BAD, area=26, at=edge
        ),
        _best_line(view, domain, done),
        _records(scene, domain, done, size),
        _best_label(view, domain, done, size),
    ]
    if view.first_trial:
        layers.insert(0, _since(view))
    shown = [layer for layer in layers if layer is not None]
    return alt.layer(*shown).properties(width=size.width, height=300 * size.scale)


def _arrow(view: View) -> str:
    return "triangle-up" if view.direction == "minimize" else "triangle-down"


def _x(view: View) -> alt.X:
    numbers = [p.number for p in view.trials]
    low, high = min(numbers), max(numbers)
    pad = max(0.6, 0.015 * (high - low))
    axis = alt.Axis(format="d", tickMinStep=1, title=None)
    return alt.X("trial:Q", axis=axis, scale=alt.Scale(domain=[low - pad, high + pad], nice=False))


def _y(domain: Domain) -> alt.Y:
    axis = alt.Axis(title=None, format="~g") if domain.log else alt.Axis(title=None)
    return alt.Y("value:Q", scale=base.value_scale(domain), axis=axis)


def _points(
    scene: Scene,
    domain: Domain,
    points: list[TrialPoint],
    size: Size,
    *,
    shape: str,
    filled: bool,
    color: str,
    area: float,
    at: float | None = None,
) -> Layer | None:
    if not points:
        return None
    data = [
        {
            "trial": p.number,
            "value": at if at is not None else domain.clip(p.value or 0.0),
            "says": _says(scene, p),
        }
        for p in points
    ]
    opacity = 1.0 if len(points) < 100 else 0.8
    mark: dict[str, Any] = {
        "shape": shape,
        "filled": filled,
        "color": color,
        "size": area * size.scale,
        "opacity": opacity,
    }
    return (
        alt.Chart(base.rows(data))
        .mark_point(**mark, strokeWidth=1.6, clip=False)
        .encode(x=_x(scene.view), y=_y(domain), description="says:N")
    )


def _says(scene: Scene, point: TrialPoint) -> str:
    _ = scene.words.gettext
    states = {"complete": "", "pruned": _("pruned"), "failed": _("failed"), "running": _("running")}
    value = "" if point.value is None else number(point.value)
    said = ", ".join(part for part in (value, states.get(point.state, "")) if part)
    return _("trial {n}: {said}").format(n=point.number, said=said)


def _best_line(view: View, domain: Domain, done: list[TrialPoint]) -> Layer | None:
    if view.direction is None:
        return None
    steps = _steps(view, done)
    data: list[Row] = [{"trial": s.number, "value": domain.clip(s.value)} for s in steps]
    data.append({"trial": max(p.number for p in view.trials), "value": domain.clip(steps[-1].value)})
    return (
        alt.Chart(base.rows(data))
        .mark_line(interpolate="step-after", color=theme.ACCENT, strokeWidth=2.5, strokeJoin="round")
        .encode(x=_x(view), y=_y(domain))
    )


def _steps(view: View, done: list[TrialPoint]) -> list[Outcome]:
    outcomes = [Outcome(p.number, p.value, p.t) for p in done if p.value is not None]
    return best_so_far(outcomes, view.direction or "minimize")


def _records(scene: Scene, domain: Domain, done: list[TrialPoint], size: Size) -> Layer:
    """The records that were told, and the best itself."""
    view, _ = scene.view, scene.words.gettext
    best = _steps(view, done)[-1]
    told = {number(r.best.value) for r in view.records}
    chosen = [p for p in done if p.number == best.number or (p.value is not None and number(p.value) in told)]
    data = [
        {
            "trial": p.number,
            "value": domain.clip(p.value or 0.0),
            "says": _("record") + " · " + _says(scene, p),
        }
        for p in chosen
    ]
    return (
        alt.Chart(base.rows(data))
        .mark_point(shape="circle", filled=False, color=theme.GOLD, size=130 * size.scale, strokeWidth=2.4)
        .encode(x=_x(view), y=_y(domain), description="says:N")
    )


def _best_label(view: View, domain: Domain, done: list[TrialPoint], size: Size) -> Layer:
    best = _steps(view, done)[-1]
    numbers = [p.number for p in view.trials]
    late = best.number > (min(numbers) + max(numbers)) / 2
    down = view.direction == "minimize"
    label = clean(number(best.value), 24)
    chart = alt.Chart(
        base.rows([{"trial": best.number, "value": domain.clip(best.value), "label": label}])
    ).encode(x=_x(view), y=_y(domain), text="label:N")
    return base.label(chart, size, left=late, below=down)


def _since(view: View) -> Layer | None:
    """Where this run began in a study that it went on with."""
    numbers = [p.number for p in view.trials]
    if view.first_trial is None or view.first_trial <= min(numbers):
        return None
    return (
        alt.Chart(base.rows([{"trial": view.first_trial - 0.5}]))
        .mark_rule(color=theme.MUTED, strokeDash=[3, 3])
        .encode(x=_x(view))
    )
