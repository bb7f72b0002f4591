"""The look of the charts, in one place.

Rules: a colour here is a name, not a shade: `svg.py` turns each into the CSS variable beside it, and the
page's style sheet gives it its light and its dark value.
"""

from dataclasses import dataclass
from typing import Any

INK = "#1b2030"
MUTED = "#6a7182"
GRID = "#e4e7ee"
ACCENT = "#3f5bd8"
SOFT = "#a9b6f0"
GOLD = "#d69400"
BAD = "#cf3350"
WARN = "#c2700a"
GOOD = "#12805a"
CARD = "#fdfdfe"

VARIABLES = {
    INK: "--ink", MUTED: "--muted", GRID: "--grid", ACCENT: "--accent", SOFT: "--soft",
    GOLD: "--gold", BAD: "--bad", WARN: "--warn", GOOD: "--good", CARD: "--card",
}  # fmt: skip


CROSS = "M-1,-1L1,1M1,-1L-1,1"
"""A cross that does not look like a plus (Vega's own does)."""


@dataclass(frozen=True, slots=True)
class Size:
    """What a picture is drawn for. `points`: how many marks of one kind it can show."""

    name: str
    width: int
    scale: float
    font: int
    ticks: int
    points: int


WIDE = Size("wide", 720, 1.0, 12, 8, 400)
NARROW = Size("narrow", 340, 0.8, 12, 5, 160)
SIZES = (WIDE, NARROW)


def config(size: Size) -> dict[str, Any]:
    """The Vega-Lite configuration: quiet axes, no frame, room for the data."""
    axis = {
        "labelColor": MUTED, "titleColor": MUTED, "gridColor": GRID, "domainColor": GRID, "tickColor": GRID,
        "labelFontSize": size.font, "titleFontSize": size.font, "titleFontWeight": "normal",
        "labelPadding": 6, "titlePadding": 8, "ticks": False, "gridWidth": 1,
    }  # fmt: skip
    return {
        "background": None,
        "view": {"stroke": None},
        "axis": axis,
        "axisX": {"grid": False, "tickCount": size.ticks},
        "axisY": {"domain": False, "tickCount": 5},
        "text": {"fontSize": size.font, "color": INK},
        "padding": {"left": 2, "right": 10, "top": 6, "bottom": 2},
    }
