"""The metric of a single training over epochs or steps, with its best so far; its training twin beside it."""

import altair as alt

from overnight.core.humane import number
from overnight.report.charts import base, scale, theme, thin
from overnight.report.charts.base import Layer, Row, Scene
from overnight.report.charts.scale import Domain
from overnight.report.charts.theme import Size
from overnight.report.picture import Mark, Picture
from overnight.report.safe import clean
from overnight.report.summary import Outcome, best_so_far
from overnight.report.units import plural
from overnight.report.view import CurvePoint, View


def metric(scene: Scene) -> Picture | None:
    """The chart of a curve; None with fewer than two finite values."""
    view, _ = scene.view, scene.words.gettext
    names = chosen(view)
    values = [p.value for n in names for p in view.curves[n] if scale.drawable(p.value)]
    if not names or sum(scale.drawable(p.value) for p in view.curves[names[0]]) < 2:
        return None
    domain = scale.domain(values, view.direction)
    title = _("{metric} over {units}").format(
        metric=clean(names[0], 40), units=plural(scene.words, view.curve_unit or "step")
    )
    svgs = base.draw("curve", title, lambda size: _chart(view, names, domain, size))
    return Picture("results", title, svgs, tuple(_legend(scene, names)))


def chosen(view: View) -> list[str]:
    """The metric that is judged by, and its twin of the other data set if there is one."""
    main = view.metric if view.metric in view.curves else next(iter(view.curves), "")
    if not main:
        return []
    stem = main.removeprefix("val_").removeprefix("eval_").removeprefix("valid_")
    twins = [n for n in view.curves if n != main and n.rpartition("_")[2] == stem.rpartition("_")[2]]
    return [main, *sorted(twins, key=len)[:1]]


def _legend(scene: Scene, names: list[str]) -> list[Mark]:
    _ = scene.words.gettext
    marks = [Mark("line", "--accent", clean(names[0], 40))]
    marks += [Mark("line", "--soft", clean(name, 40)) for name in names[1:]]
    if scene.view.direction:
        marks.append(Mark("ring", "--gold", _("best")))
    if any(not scale.drawable(p.value) for p in scene.view.curves[names[0]]):
        marks.append(Mark("cross", "--bad", _("not a number")))
    return marks


def _chart(view: View, names: list[str], domain: Domain, size: Size) -> Layer:
    colours = (theme.ACCENT, theme.SOFT)
    x = _x(view, names)
    lines = [
        _line(view.curves[name], domain, x, size, colour)
        for name, colour in reversed(list(zip(names, colours, strict=False)))
    ]
    extra = [_best(view, names[0], domain, x, size), _broken(view, names[0], domain, x, size)]
    layers = [layer for layer in [*lines, *extra] if layer is not None]
    return alt.layer(*layers).properties(width=size.width, height=280 * size.scale)


def _x(view: View, names: list[str]) -> alt.X:
    xs = [p.x for name in names for p in view.curves[name]]
    axis = alt.Axis(title=None, format="~s" if max(xs) >= 10_000 else "d", tickMinStep=1)
    return alt.X("x:Q", axis=axis, scale=alt.Scale(domain=[min(xs), max(xs)], nice=False))


def _y(domain: Domain) -> alt.Y:
    axis = alt.Axis(title=None, format="~g") if domain.log else alt.Axis(title=None)
    return alt.Y("value:Q", scale=base.value_scale(domain), axis=axis)


def _line(points: list[CurvePoint], domain: Domain, x: alt.X, size: Size, colour: str) -> Layer:
    finite = [(p.x, p.value) for p in points if scale.drawable(p.value)]
    data: list[Row] = [{"x": a, "value": domain.clip(b)} for a, b in thin.extremes(finite, size.points)]
    return (
        alt.Chart(base.rows(data))
        .mark_line(color=colour, strokeWidth=2.2, strokeJoin="round", strokeCap="round")
        .encode(x=x, y=_y(domain))
    )


def _best(view: View, name: str, domain: Domain, x: alt.X, size: Size) -> Layer | None:
    if view.direction is None:
        return None
    finite = [p for p in view.curves[name] if scale.drawable(p.value)]
    outcomes = [Outcome(i, p.value) for i, p in enumerate(finite)]
    point = finite[best_so_far(outcomes, view.direction)[-1].number]
    xs = [p.x for p in finite]
    late = point.x > (min(xs) + max(xs)) / 2
    label = {"x": point.x, "value": domain.clip(point.value), "label": number(point.value)}
    chart = alt.Chart(base.rows([label])).encode(x=x, y=_y(domain))
    ring = chart.mark_point(filled=False, color=theme.GOLD, size=130 * size.scale, strokeWidth=2.4)
    text = base.label(chart.encode(text="label:N"), size, left=late, below=view.direction == "minimize")
    return alt.layer(ring, text)


def _broken(view: View, name: str, domain: Domain, x: alt.X, size: Size) -> Layer | None:
    """Values that are no numbers, at the worse edge."""
    edge = domain.low if view.direction == "maximize" else domain.high
    bad = thin.evenly([p for p in view.curves[name] if not scale.drawable(p.value)], size.points // 4)
    if not bad:
        return None
    return (
        alt.Chart(base.rows([{"x": p.x, "value": edge} for p in bad]))
        .mark_point(shape=theme.CROSS, color=theme.BAD, size=26 * size.scale, strokeWidth=1.6)
        .encode(x=x, y=_y(domain))
    )
