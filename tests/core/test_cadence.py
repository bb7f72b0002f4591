"""When to look, and which phases follow which."""

import pytest

from overnight.core import cadence
from overnight.core.lifecycle import TABLE, ImpossibleStep, step


def times(schedule: tuple[float, ...], count: int) -> list[float]:
    found, now = [], 0.0
    for _ in range(count):
        now = cadence.next_check_in(schedule, now)
        found.append(now)
    return found


@pytest.mark.rule("W2.1", "W2.2", "W2.3")
def test_thirty_ninety_then_every_three_hundred() -> None:
    assert times(cadence.DEFAULT, 5) == [30, 90, 390, 690, 990]


@pytest.mark.rule("W2.4")
def test_there_is_no_last_check_in() -> None:
    assert cadence.next_check_in(cadence.DEFAULT, 1e9) > 1e9
    assert times((0.1, 0.3), 1000)[-1] == pytest.approx(0.1 + 999 * 0.3)


@pytest.mark.rule("W5.1")
def test_no_period_is_longer_than_the_longest_wait() -> None:
    with pytest.raises(ValueError, match="300 s"):
        cadence.parse("30,90,301")
    assert cadence.parse("30,90,300") == (30, 90, 300)


@pytest.mark.parametrize("text", ["", "a", "30,,300", "0", "-1,2", "90,30,300", "nan", "inf"])
def test_a_schedule_that_cannot_be_kept_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="schedule"):
        cadence.parse(text)


def test_a_step_outside_the_table_raises() -> None:
    assert step("early", "ask") == "paused"
    with pytest.raises(ImpossibleStep):
        step("ended", "ask")
    assert not any(phase == "ended" for phase, _ in TABLE)
