"""Progress against time: how far the run was, when it stood still, when the watch waited for an answer."""

import altair as alt

from overnight.core.humane import number
from overnight.report.charts import base, theme, thin
from overnight.report.charts.base import Layer, Row, Scene
from overnight.report.charts.theme import Size
from overnight.report.picture import Mark, Picture
from overnight.report.units import plural
from overnight.report.view import View


def against_time(scene: Scene) -> Picture | None:
    """The chart of the outermost counter; None with fewer than three points."""
    view, _ = scene.view, scene.words.gettext
    if len(view.steps) < 3 or view.outer is None:
        return None
    title = _("Progress against time")
    svgs = base.draw("progress", title, lambda size: _chart(scene, size))
    marks = [Mark("line", "--accent", plural(scene.words, view.outer.unit))]
    if view.outer.total:
        marks.append(Mark("dash", "--muted", _("planned: {n}").format(n=number(view.outer.total))))
    if pauses(view):
        marks.append(Mark("band", "--warn", _("waiting for an answer")))
    return Picture("course", title, svgs, tuple(marks))


def pauses(view: View) -> list[tuple[float, float]]:
    """From when to when a question was open."""
    spans: list[tuple[float, float]] = []
    since: float | None = None
    for event in view.events:
        if event.kind == "question" and since is None:
            since = event.t
        elif event.kind in ("answer", "ended") and since is not None:
            spans.append((since, event.t))
            since = None
    if since is not None:
        spans.append((since, view.elapsed_s))
    return spans


def _chart(scene: Scene, size: Size) -> Layer:
    view = scene.view
    x = base.time_axis(view, size)
    total = view.outer.total if view.outer else None
    top = max([s.current for s in view.steps] + ([total] if total else []))
    axis = alt.Axis(title=None, tickMinStep=1)
    y = alt.Y("value:Q", scale=alt.Scale(domain=[0, top * 1.06 or 1]), axis=axis, stack=None)
    line = thin.evenly(view.steps, size.points)
    data: list[Row] = [{"at": base.moment(view, s.t), "value": s.current} for s in line]
    data.append({"at": base.moment(view, view.elapsed_s), "value": line[-1].current})
    chart = alt.Chart(base.rows(data)).encode(x=x, y=y)
    area = chart.mark_area(color=theme.SOFT, opacity=0.35)
    step = chart.mark_line(color=theme.ACCENT, strokeWidth=2.4, strokeJoin="round")
    layers: list[Layer] = [_pause_bands(view, x), area, step]
    if total:
        goal = alt.Chart(base.rows([{"value": total}]))
        layers.append(goal.mark_rule(color=theme.MUTED, strokeDash=[4, 4]).encode(y=y))
    return alt.layer(*layers).properties(width=size.width, height=180 * size.scale)


def _pause_bands(view: View, x: alt.X) -> Layer:
    data = [{"at": base.moment(view, a), "until": base.moment(view, b)} for a, b in pauses(view)]
    return alt.Chart(base.rows(data)).mark_rect(color=theme.WARN, opacity=0.16).encode(x=x, x2="until:T")
