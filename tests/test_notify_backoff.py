"""When a message that failed is tried again."""

import itertools

from overnight.notify.outbox import FIRST_DELAY_S, LONGEST_DELAY_S, MOST_TRIES, next_attempt


def delays() -> list[float]:
    tries = itertools.takewhile(lambda n: next_attempt(n, 0.0) is not None, itertools.count(1))
    return [next_attempt(n, 0.0) or 0.0 for n in tries]


def test_the_delay_doubles_up_to_a_quarter_of_an_hour() -> None:
    assert delays()[:9] == [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 900.0]
    assert (delays()[0], max(delays())) == (FIRST_DELAY_S, LONGEST_DELAY_S)


def test_it_is_tried_for_about_a_day_and_then_given_up() -> None:
    assert 20 * 3600 < sum(delays()) < 28 * 3600
    assert len(delays()) == MOST_TRIES - 1
    assert next_attempt(MOST_TRIES, 0.0) is next_attempt(10_000, 0.0) is None


def test_it_depends_on_nothing_but_its_arguments() -> None:
    assert next_attempt(3, 1000.0) == next_attempt(3, 1000.0) == 1020.0
