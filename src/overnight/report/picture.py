"""What a finished picture is, for writers that know no chart library."""

from dataclasses import dataclass
from typing import Literal

Symbol = Literal["dot", "line", "dash", "ring", "cross", "hollow", "arrow", "band"]


@dataclass(frozen=True, slots=True)
class Mark:
    """One entry of a legend: the symbol, its CSS variable and what it means."""

    symbol: Symbol
    colour: str
    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart ready for the page, drawn for both widths. `part` is the section that it belongs to."""

    part: Literal["results", "course", "night"]
    title: str
    svgs: tuple[str, ...]
    legend: tuple[Mark, ...] = ()
    note: str = ""
