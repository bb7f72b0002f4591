"""The arithmetic of results, and scales that survive an outlier."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.core.model import Direction
from overnight.report.charts.scale import domain
from overnight.report.charts.thin import evenly, extremes
from overnight.report.summary import Outcome, best_so_far, gain, summarize

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)


def outcomes(values: list[float]) -> list[Outcome]:
    return [Outcome(i, v) for i, v in enumerate(values)]


@pytest.mark.rule("W3.5")
def test_a_summary_says_what_the_night_was_worth() -> None:
    values = [1.0, 0.8, 0.9, 0.5, 0.6, 0.55, 0.4, 0.45, 0.5]
    summed = summarize(
        outcomes(values), "minimize", metric="loss", states={"complete": 9}, params={"lr": "0.1"}
    )
    assert summed.best == Outcome(6, 0.4)
    assert (summed.first, summed.median) == (1.0, 0.55)
    assert summed.gain == pytest.approx(0.6)
    assert summed.late_gain == pytest.approx(0.2)
    assert summed.converged is False
    assert (summed.metric, summed.params, summed.suspicions) == ("loss", {"lr": "0.1"}, ())


def test_a_search_that_found_nothing_late_has_converged() -> None:
    flat = [0.5, 0.3, 0.2, *(0.2 + i / 100 for i in range(12))]
    assert summarize(outcomes(flat), "minimize").converged is True
    assert summarize(outcomes(flat[:6]), "minimize").converged is None


@given(VALUES, st.sampled_from(["minimize", "maximize"]))
def test_minimizing_is_maximizing_the_opposite(values: list[float], direction: Direction) -> None:
    other: Direction = "maximize" if direction == "minimize" else "minimize"
    steps = best_so_far(outcomes(values), direction)
    mirrored = best_so_far(outcomes([-v for v in values]), other)
    assert [s.number for s in steps] == [s.number for s in mirrored]
    assert steps[-1].value == (min(values) if direction == "minimize" else max(values))


@pytest.mark.parametrize(
    ("before", "after", "direction", "expected"),
    [
        (2.0, 1.0, "minimize", 0.5),
        (0.5, 0.75, "maximize", 0.5),
        (-1.0, -2.0, "minimize", 1.0),
        (0.0, 0.0, "minimize", 0.0),
    ],
)
def test_a_gain_is_relative_and_positive_when_better(
    before: float, after: float, direction: Direction, expected: float
) -> None:
    assert gain(before, after, direction) == pytest.approx(expected)


def doubts(values: list[float], direction: Direction = "minimize", edges: tuple[str, ...] = ()) -> set[str]:
    return {s.doubt for s in summarize(outcomes(values), direction, edges=edges).suspicions}


def test_suspicious_bests_are_flagged() -> None:
    chance = random.Random(1)
    sound = [1.0 - i / 100 + chance.random() * 0.05 for i in range(40)]
    assert doubts(sound) == set()
    assert doubts([*sound, float("inf")]) == {"infinite"}
    assert "zero" in doubts([*sound, 0.0])
    assert "perfect" in doubts([0.9, 0.8, 1.0], "maximize")
    assert "lonely" in doubts([*sound, -9.0])
    assert "early" in doubts([0.1, *sound])
    assert doubts([0.3] * 6) == {"constant"}
    assert doubts(sound, edges=("lr (0.1)",)) == {"edge"}


def test_nothing_finite_is_no_best() -> None:
    summed = summarize(outcomes([math.inf, -math.inf]), "maximize")
    assert summed.best is None
    assert [s.doubt for s in summed.suspicions] == ["infinite"]
    assert summarize([], "minimize").suspicions == ()


# ---------------------------------------------------------------- scales


def test_an_outlier_does_not_flatten_the_curve_and_the_best_is_never_cut() -> None:
    values = [0.5 - i / 100 for i in range(40)] + [1e6]
    shown = domain(values, "minimize")
    assert shown.high < 2.0
    assert not shown.holds(1e6)
    assert shown.clip(1e6) == shown.high
    assert domain([*values, -50.0], "minimize").holds(-50.0)
    assert domain([-v for v in values], "maximize").low > -2.0


def test_several_decades_ask_for_logarithms() -> None:
    assert domain([10.0**-i for i in range(10)], "minimize").log
    assert not domain([float(i) for i in range(1, 20)], "minimize").log
    assert not domain([-1.0, *(10.0**-i for i in range(10))], "minimize").log


@given(
    st.lists(st.floats(-1e149, 1e149), min_size=1, max_size=40),
    st.sampled_from(["minimize", "maximize", None]),
)
def test_a_domain_is_a_domain_for_any_values(values: list[float], direction: Direction | None) -> None:
    shown = domain(values, direction)
    assert math.isfinite(shown.low)
    assert math.isfinite(shown.high)
    assert shown.low < shown.high
    if direction is not None:
        assert shown.holds(min(values) if direction == "minimize" else max(values))


@given(st.integers(0, 500), st.integers(4, 50))
def test_thinning_keeps_the_ends_and_the_peaks(count: int, most: int) -> None:
    points = [(float(i), math.sin(i) * i) for i in range(count)]
    few = evenly(points, most)
    assert len(few) <= max(most, 0)
    if points:
        assert (few[0], few[-1]) == (points[0], points[-1])
        kept = extremes(points, most)
        assert len(kept) <= most
        assert max(p[1] for p in kept) == max(p[1] for p in points)
        assert kept == sorted(kept)
