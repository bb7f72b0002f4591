"""What the charts have in common: the axes of time and value, and what a picture is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from gettext import NullTranslations
from typing import Any, Literal, TypeAlias

import altair as alt

from overnight.report import clock
from overnight.report.charts import svg, theme
from overnight.report.charts.scale import Domain
from overnight.report.charts.theme import SIZES, Size
from overnight.report.view import View

Row = dict[str, Any]
Layer: TypeAlias = Any
"""A chart or a part of one. Altair declares its fluent methods as unions too wide to be checked against."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What every chart is drawn from: the facts and the language."""

    view: View
    words: NullTranslations


def draw(key: str, title: str, build: Callable[[Size], Layer]) -> tuple[str, ...]:
    """The chart at every size."""
    return tuple(svg.render(build(size), size, title, key) for size in SIZES)


def rows(values: Sequence[Row]) -> alt.InlineData:
    """Data that stands in the chart itself."""
    return alt.InlineData(values=list(values))


def moment(view: View, t: float) -> float:
    """`t` for a UTC time axis that shall show local wall time: milliseconds."""
    wall = clock.wall(view, t)
    offset = wall.utcoffset()
    return 1000 * (wall.timestamp() + (offset.total_seconds() if offset else 0.0))


def time_axis(view: View, size: Size, *, labels: bool = True) -> alt.X:
    """The night from its first to its last second."""
    face = clock.pattern(view.elapsed_s)
    ticks = size.ticks if len(face) < 9 else max(3, size.ticks // 2)
    axis = alt.Axis(title=None, format=face, tickCount=ticks, labelFlush=True, labels=labels)
    ends = [moment(view, 0.0), moment(view, max(view.elapsed_s, 1.0))]
    return alt.X("at:T", axis=axis, scale=alt.Scale(type="utc", domain=ends, nice=False))


def label(chart: Layer, size: Size, *, left: bool, below: bool) -> Layer:
    """A value in bold beside its point, on a halo so that lines behind it do not cross it out."""
    place: dict[str, Any] = {
        "align": "right" if left else "left",
        "dx": -10 if left else 10,
        "dy": 15 if below else -15,
        "fontSize": size.font + 2,
        "fontWeight": "bold",
    }
    halo = chart.mark_text(**place, stroke=theme.CARD, strokeWidth=5, color=theme.CARD)
    return alt.layer(halo, chart.mark_text(**place, color=theme.INK))


def value_scale(domain: Domain) -> alt.Scale:
    """The axis of values within `domain`."""
    kind: Literal["log", "linear"] = "log" if domain.log else "linear"
    return alt.Scale(type=kind, domain=[domain.low, domain.high], nice=False, zero=False)
