"""What naive loops would have read: counted on logs whose answer is known."""

import pytest

from overnight.core.savings import Growth, naive
from overnight.core.tokens import estimate

LINE = "step 1/1000 loss=0.5\n"


def reader(log: str):  # type: ignore[no-untyped-def]
    return lambda begin, end: log.encode()[begin:end].decode()


def test_growth_is_even_between_what_is_known() -> None:
    growth = Growth([(100.0, 1000), (200.0, 1000), (300.0, 3000)])
    assert [growth.at(t) for t in (0, 50, 100, 150, 250, 300, 999)] == [0, 500, 1000, 1000, 2000, 3000, 3000]


def test_a_log_that_was_cut_never_shrinks() -> None:
    growth = Growth([(10.0, 500), (20.0, 100)])
    assert growth.at(20) == 500


def test_the_loops_read_what_they_say() -> None:
    log = LINE * 1000
    costs = naive(Growth([(3000.0, len(log))]), 3000.0, len(log), reader(log))
    fifty = estimate(LINE * 50)
    assert costs.tail == pytest.approx(11 * fifty, rel=0.05)
    assert costs.new == pytest.approx(estimate(log), rel=0.01)
    most = 101 * estimate(log[-10_000:])
    assert most / 2 < costs.poll < most


def test_an_empty_night_costs_next_to_nothing() -> None:
    assert naive(Growth([]), 0.0, 0, reader("")).new == 0


def test_a_long_log_is_weighed_at_a_few_places() -> None:
    read = []

    def counting(begin: int, end: int) -> str:
        read.append(end - begin)
        return "x" * (end - begin)

    naive(Growth([(86_400.0, 10**10)]), 86_400.0, 10**10, counting)
    assert sum(read) < 50_000_000
