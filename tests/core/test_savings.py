"""What three naive loops would have cost: exact for short nights, estimated with bounded work for long ones."""

import pytest

from overnight.core import naive
from overnight.core.model import Return
from overnight.core.savings import MOST_LOOKS, account, grown, loops
from overnight.core.tokens import estimate

LINE = b"Epoch 17/100 - loss: 0.1234 - val_loss: 0.2345\n"


class Reading:
    """A log of equal lines of any size; counts what is read of it."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.read = 0

    def __call__(self, begin: int, end: int) -> bytes:
        end = min(end, self.size)
        self.read += max(0, end - begin)
        first = begin % len(LINE)
        return (LINE * ((end - begin) // len(LINE) + 2))[first : first + max(0, end - begin)]


def test_a_short_night_is_counted_look_by_look() -> None:
    log = Reading(3000)
    costs = loops([(0.0, 0), (900.0, 3000)], log, estimate)
    assert costs is not None
    assert costs.exact
    grew = grown([(0.0, 0), (900.0, 3000)], Reading(3000))
    assert costs.last_lines == sum(estimate(text) for _t, text in naive.last_lines(grew))
    assert costs.last_characters == sum(estimate(text) for _t, text in naive.tail_poll(grew))
    whole = sum(estimate(text) for _t, text in naive.whole_output(grew))
    assert costs.new_output == pytest.approx(whole, rel=0.02)


def test_a_long_night_is_estimated_from_looks_all_over_it() -> None:
    hours, size = 8 * 3600.0, 40_000_000
    points = [(0.0, 0), (hours, size)]
    log = Reading(size)
    costs = loops(points, log, estimate)
    assert costs is not None
    assert not costs.exact
    grew = grown(points, Reading(size))
    exact = sum(estimate(text) for _t, text in naive.last_lines(grew))
    assert costs.last_lines == pytest.approx(exact, rel=0.03)
    polls = sum(estimate(text) for _t, text in naive.tail_poll(grew))
    assert costs.last_characters == pytest.approx(polls, rel=0.03)
    assert costs.new_output == pytest.approx(
        estimate(LINE.decode() * 1000) * size / len(LINE) / 1000, rel=0.03
    )
    assert log.read < 8_000_000


def test_the_work_is_bounded_for_a_terabyte_and_a_month() -> None:
    log = Reading(1 << 40)
    costs = loops([(0.0, 0), (30 * 86_400.0, 1 << 40)], log, estimate)
    assert costs is not None
    assert log.read < 8_000_000
    bars = loops([(0.0, 0), (86_400.0, 1 << 40)], lambda begin, end: b"\r" * (end - begin), lambda _text: 1)
    assert bars is not None
    assert bars.last_lines == 288


def test_growth_in_bursts_costs_what_was_there_at_each_look() -> None:
    points = [(0.0, 0), (100.0, 0), (100.0, 4700), (36_000.0, 4700)]
    costs = loops(points, Reading(4700), estimate)
    assert costs is not None
    assert costs.last_lines == estimate((LINE * 50).decode().rstrip("\n")) * 120
    assert MOST_LOOKS < 120


@pytest.mark.parametrize("points", [[], [(0.0, 0)], [(0.0, 0), (3600.0, 0)], [(5.0, 0), (5.0, 0)]])
def test_a_silent_night_costs_nothing(points: list[tuple[float, int]]) -> None:
    costs = loops(points, lambda _begin, _end: b"", estimate)
    assert costs is not None
    assert (costs.last_lines, costs.new_output, costs.last_characters) == (0, 0, 0)


def test_a_log_that_is_gone_has_no_costs_instead_of_none_at_all() -> None:
    assert loops([(0.0, 0), (3600.0, 5000)], lambda _begin, _end: b"", estimate) is None


def test_what_stood_there_before_is_not_new_and_times_out_of_order_do_no_harm() -> None:
    costs = loops([(1000.0, 4700), (900.0, 4000), (1300.0, 9400)], Reading(9400), estimate)
    assert costs is not None
    assert costs.new_output == pytest.approx(estimate((LINE * 100).decode()), rel=0.02)


def test_an_account_is_by_reader_the_dearest_first() -> None:
    returns = [Return(at=0.0, reader=who, tool="wait", tokens=n) for who, n in (("a", 5), ("b", 9), ("a", 6))]
    assert account(returns) == {"a": 11, "b": 9}
