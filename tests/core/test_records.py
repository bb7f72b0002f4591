"""Records: only what is worth waking somebody for."""

import random

import pytest

from overnight.core.metrics import MetricBook
from overnight.core.model import Goal, Policy, Record, TrialSeen, TrialState
from overnight.core.records import RecordGate

HOUR = 3600.0


def night(
    values: list[float], *, every_s: float = HOUR, goal: Goal | None = None, policy: Policy | None = None
) -> list[Record]:
    """The records of a study whose trials end at equal distances."""
    book, gate = MetricBook(goal), RecordGate(policy or Policy())
    found = []
    for number, value in enumerate(values):
        seen = TrialSeen(number=number, state="complete", value=value, line=number)
        book.see(seen, number * every_s)
        record = gate.see(book, seen, number * every_s)
        found += [record] if record is not None else []
    return found


UP = Goal(direction="maximize")
WARM = [0.5] * 12


@pytest.mark.rule("W4.2")
def test_a_clear_record_after_the_warm_up_is_told_with_its_gain() -> None:
    (record,) = night([*WARM, 0.6], goal=UP)
    assert (record.best.value, record.best.at, record.previous) == (0.6, "trial 12", 0.5)
    assert record.gain == pytest.approx(0.2)
    assert record.t == 12 * HOUR


@pytest.mark.rule("W4.1", "W4.2")
@pytest.mark.parametrize(
    "values",
    [
        [0.1 * n for n in range(1, 11)],
        [*WARM, 0.503],
        [*WARM, 0.4],
        [*WARM, float("inf")],
        [*WARM, float("nan")],
        [*WARM, 0.5],
    ],
    ids=["warm-up", "too small", "worse", "infinite", "nan", "equal"],
)
def test_what_is_no_news_is_not_told(values: list[float]) -> None:
    assert night(values, goal=UP) == []


def test_the_gain_must_be_more_than_twice_what_was_usual() -> None:
    steady = [0.5 * 1.05**n for n in range(20)]
    assert night(steady, goal=UP) == []
    assert len(night([*steady, steady[-1] * 1.2], goal=UP)) == 1


def test_at_most_one_in_half_an_hour() -> None:
    jumps = [*WARM, 1.0, 4.0]
    assert [r.best.value for r in night(jumps, goal=UP, every_s=60.0)] == [1.0]
    assert [r.best.value for r in night(jumps, goal=UP, every_s=1800.0)] == [1.0, 4.0]


def test_smaller_is_a_record_when_the_goal_is_small() -> None:
    (record,) = night([*WARM, 0.4], goal=Goal(direction="minimize"))
    assert record.best.value == 0.4


def test_without_a_direction_there_is_no_record() -> None:
    assert night([*WARM, 0.1, 0.9]) == []


def test_the_direction_may_come_from_the_log_after_the_first_trials() -> None:
    book, gate = MetricBook(), RecordGate(Policy())
    told: list[Record] = []
    for number, value in enumerate([*WARM, 0.1, 0.9]):
        best = (13, 0.9) if number == 13 else None
        seen = TrialSeen(number=number, state="complete", value=value, best=best, line=number)
        book.see(seen, number * HOUR)
        record = gate.see(book, seen, number * HOUR)
        told += [record] if record is not None else []
    assert [(r.best.value, r.previous) for r in told] == [(0.9, 0.5)]


@pytest.mark.parametrize("state", ["pruned", "failed", "running"])
def test_only_a_completed_trial_sets_a_record(state: TrialState) -> None:
    book, gate = MetricBook(UP), RecordGate(Policy())
    for number in range(12):
        seen = TrialSeen(number=number, state="complete", value=0.5, line=number)
        book.see(seen, number * HOUR)
        gate.see(book, seen, number * HOUR)
    seen = TrialSeen(number=12, state=state, value=0.9, line=13)
    book.see(seen, 13 * HOUR)
    assert gate.see(book, seen, 13 * HOUR) is None


@pytest.mark.rule("W4.1")
def test_pure_noise_is_told_less_than_once_a_night() -> None:
    source = random.Random(7)
    told = sum(len(night([source.gauss(0.8, 0.01) for _ in range(100)], goal=UP)) for _ in range(50))
    assert told < 50
