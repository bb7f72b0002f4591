"""The night on one line per kind of thing: check-ins, records, problems, questions, messages."""

import altair as alt

from overnight.core.model import Event
from overnight.report import clock
from overnight.report.charts import base, theme, thin
from overnight.report.charts.base import Layer, Row, Scene
from overnight.report.charts.progress import pauses
from overnight.report.charts.theme import Size
from overnight.report.picture import Picture
from overnight.report.view import View

_LANES = ("check_in", "record", "problem", "question", "notification")
_SHAPES = {
    "check_in": ("stroke", theme.MUTED),
    "record": ("circle", theme.GOLD),
    "problem": ("diamond", theme.BAD),
    "question": ("circle", theme.WARN),
    "notification": ("triangle-up", theme.ACCENT),
}
_LANE_HEIGHT = 34
_CHARACTER = 7.5
"""Room for one letter of a label: the page's font is unknown here, and may be wider than the one measured."""


def timeline(scene: Scene) -> Picture | None:
    """The chart of what happened when; None when nothing did."""
    _ = scene.words.gettext
    lanes = [lane for lane in _LANES if any(e.kind == lane for e in scene.view.events)]
    if not lanes:
        return None
    title = _("What happened when")
    svgs = base.draw("night", title, lambda size: _chart(scene, lanes, size))
    return Picture("night", title, svgs)


def lane_names(scene: Scene) -> dict[str, str]:
    """The lanes in words."""
    _ = scene.words.gettext
    return {
        "check_in": _("check-ins"),
        "record": _("records"),
        "problem": _("problems"),
        "question": _("questions"),
        "notification": _("messages"),
    }


def _chart(scene: Scene, lanes: list[str], size: Size) -> Layer:
    view = scene.view
    names = lane_names(scene)
    x = base.time_axis(view, size)
    order = [names[lane] for lane in lanes]
    room = _CHARACTER * max(map(len, order))
    axis = alt.Axis(title=None, domain=False, grid=True, labelLimit=0, minExtent=room)
    y = alt.Y("lane:N", sort=order, scale=alt.Scale(domain=order), axis=axis)
    layers: list[Layer] = []
    if "question" in lanes:
        layers.append(_pauses(view, names["question"], x, y))
    layers += [_lane(view, lane, names[lane], x, y, size) for lane in lanes]
    return alt.layer(*layers).properties(width=size.width - room, height=_LANE_HEIGHT * len(lanes))


def _lane(view: View, lane: str, name: str, x: alt.X, y: alt.Y, size: Size) -> Layer:
    shape, colour = _SHAPES[lane]
    events = thin.evenly([e for e in view.events if e.kind == lane], size.points)
    data: list[Row] = [
        {
            "at": base.moment(view, e.t),
            "lane": name,
            "paint": _paint(e, colour),
            "says": f"{clock.face(view, e.t)} {name}",
        }
        for e in events
    ]
    chart = alt.Chart(base.rows(data))
    mark = (
        chart.mark_tick(thickness=1.8 * size.scale, size=14, color=colour)
        if shape == "stroke"
        else chart.mark_point(shape=shape, filled=True, size=95 * size.scale, opacity=1)
    )
    encoded = mark.encode(x=x, y=y, description="says:N")
    return encoded if shape == "stroke" else encoded.encode(color=alt.Color("paint:N", scale=None))


def _paint(event: Event, colour: str) -> str:
    """A problem that is none to lose sleep over is not painted as one."""
    if event.kind != "problem":
        return colour
    shades = {"critical": theme.BAD, "minor": theme.WARN}
    return shades.get(str(event.data.get("severity")), theme.MUTED)


def _pauses(view: View, name: str, x: alt.X, y: alt.Y) -> Layer:
    data = [
        {"at": base.moment(view, a), "until": base.moment(view, b), "lane": name} for a, b in pauses(view)
    ]
    bar = alt.Chart(base.rows(data)).mark_bar(color=theme.WARN, opacity=0.35, height=8, cornerRadius=4)
    return bar.encode(x=x, x2="until:T", y=y)
