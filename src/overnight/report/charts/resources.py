"""CPU and memory (and GPU where there is one) of the whole process tree against time."""

from collections.abc import Callable

import altair as alt

from overnight.core.humane import size as human_size
from overnight.core.model import Sample
from overnight.report.charts import base, theme, thin
from overnight.report.charts.base import Layer, Row, Scene
from overnight.report.charts.theme import Size
from overnight.report.picture import Picture
from overnight.report.view import View

Read = Callable[[Sample], float | None]
Show = Callable[[float], str]
Panel = tuple[str, Read, Show, str]


def over_time(scene: Scene) -> Picture | None:
    """One small panel per resource that was read at least three times; None when there is none."""
    view, _ = scene.view, scene.words.gettext
    panels = [p for p in _panels(scene) if sum(p[1](s) is not None for s in view.samples) >= 3]
    if not panels:
        return None
    title = _("Resources")
    svgs = base.draw("resources", title, lambda size: _chart(scene, panels, size))
    return Picture("course", title, svgs)


def _panels(scene: Scene) -> list[Panel]:
    _ = scene.words.gettext
    return [
        (_("CPU, in percent of one core"), lambda s: s.cpu_percent, lambda v: f"{v:.0f} %", "d"),
        (_("memory"), lambda s: s.rss_bytes, human_size, "~s"),
        (_("GPU"), lambda s: s.gpu_percent, lambda v: f"{v:.0f} %", "d"),
        (_("GPU memory"), lambda s: s.gpu_memory_bytes, human_size, "~s"),
    ]


def _chart(scene: Scene, panels: list[Panel], size: Size) -> Layer:
    last = panels[-1]
    charts = [_panel(scene, panel, size, labels=panel is last) for panel in panels]
    return alt.vconcat(*charts, spacing=14)


def _panel(scene: Scene, panel: Panel, size: Size, *, labels: bool) -> Layer:
    view, _ = scene.view, scene.words.gettext
    name, read, show, form = panel
    points = [(s.t, float(v)) for s in view.samples if (v := read(s)) is not None]
    peak = max(v for _t, v in points)
    x = base.time_axis(view, size, labels=labels)
    axis = alt.Axis(title=None, format=form, tickCount=3)
    y = alt.Y("value:Q", scale=alt.Scale(domain=[0, peak * 1.15 or 1], nice=False), axis=axis, stack=None)
    data: list[Row] = [
        {"at": base.moment(view, t), "value": v} for t, v in thin.extremes(points, size.points)
    ]
    chart = alt.Chart(base.rows(data)).encode(x=x, y=y)
    caption = _("{resource} · peak {peak}").format(resource=name, peak=show(peak))
    label = _caption(view, caption, peak * 1.15 or 1, x, y)
    area = chart.mark_area(color=theme.SOFT, opacity=0.4, line={"color": theme.ACCENT, "strokeWidth": 1.8})
    return alt.layer(area, label).properties(width=size.width, height=84 * size.scale + 10)


def _caption(view: View, text: str, top: float, x: alt.X, y: alt.Y) -> Layer:
    data = base.rows([{"at": base.moment(view, 0.0), "value": top, "text": text}])
    mark = alt.Chart(data).mark_text(align="left", baseline="bottom", dx=2, dy=-3, color=theme.MUTED)
    return mark.encode(x=x, y=y, text="text:N")
