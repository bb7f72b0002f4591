"""Numbers and durations as people write them, short and the same everywhere.

Rules: no more digits than are meant; a duration has at most two units; language-free (units are SI signs).
"""

import math


def duration(seconds: float) -> str:
    """`42 s`, `12 min`, `7 h 42`, `3 d 4 h`; `?` for what no clock shows."""
    if not math.isfinite(seconds):
        return "?"
    s = max(0, round(seconds))
    if s < 60:
        return f"{s} s"
    if s < 3600:
        return f"{s // 60} min" if s >= 600 or s % 60 == 0 else f"{s // 60} min {s % 60:02d}"
    if s < 86400:
        return f"{s // 3600} h {s % 3600 // 60:02d}"
    return f"{s // 86400} d {s % 86400 // 3600} h"


def roughly(seconds: float) -> str:
    """The same in one unit: `42 s`, `170 min`, `8 h`, `3 d`."""
    if math.isfinite(seconds):
        for unit, size_s in (("d", 86400), ("h", 3600), ("min", 60)):
            if seconds >= 3 * size_s:
                return f"{seconds / size_s:.0f} {unit}"
    return duration(seconds)


def number(value: float) -> str:
    """`100`, `0.0312`, `1.5e-07`: at most five significant digits, integers whole."""
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.5g}"


def size(count: float) -> str:
    """`512 B`, `3.4 MB`, `61.8 GB` (powers of 1000)."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if abs(count) < 1000 or unit == "TB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.3g} {unit}"
        count /= 1000
    raise AssertionError("unreachable")


def rate(per_second: float, unit: str) -> str:
    """`3.2 step/s`, or per minute or hour when that reads better: `1.2 trial/min`."""
    for factor, sign in ((1, "s"), (60, "min"), (3600, "h")):
        if per_second * factor >= 1 or sign == "h":
            return (
                f"{per_second * factor:.2g} {unit}/{sign}"
                if per_second * factor < 100
                else (f"{per_second * factor:.0f} {unit}/{sign}")
            )
    raise AssertionError("unreachable")
