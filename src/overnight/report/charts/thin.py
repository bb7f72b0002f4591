"""Fewer points that look the same. Pure."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def evenly(points: Sequence[T], most: int) -> list[T]:
    """At most `most` of the points at equal distances, the first and the last among them."""
    if len(points) <= most:
        return list(points)
    step = (len(points) - 1) / (most - 1)
    return [points[round(i * step)] for i in range(most)]


def extremes(points: Sequence[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """At most `most` points (x, y), each bin keeping its lowest and its highest, so that no peak is lost."""
    if len(points) <= most:
        return list(points)
    bins = max(1, most // 2)
    kept: list[tuple[float, float]] = []
    for i in range(bins):
        part = points[i * len(points) // bins : (i + 1) * len(points) // bins]
        ends = {min(part, key=lambda p: p[1]), max(part, key=lambda p: p[1])}
        kept += sorted(ends)
    return kept
