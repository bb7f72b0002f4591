"""A curve in one line of text.

Rules: pure; each value is one character, the lowest at the bottom and the highest at the top; a curve that does
not move is drawn in the middle.
"""

from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.-:=+*#"
"""For terminals without block characters."""


def sparkline(values: Sequence[float], *, blocks: bool) -> str:
    """`▁▂▄█`; with `blocks` false `_.:#`. The values are finite."""
    signs = BLOCKS if blocks else ASCII
    if not values:
        return ""
    low, high = min(values), max(values)
    span = high / 2 - low / 2  # halves, so that no difference overflows
    if span == 0:
        return signs[len(signs) // 2] * len(values)
    return "".join(signs[round((v / 2 - low / 2) / span * (len(signs) - 1))] for v in values)
