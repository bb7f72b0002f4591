"""Progress: what advances, how fast, and what stands for a run with several counters."""

import pytest

from overnight.core.model import MetricSeen, ProgressSeen, TrialSeen
from overnight.core.progress import Intervals, ProgressBook


def seen(unit: str, current: float, total: float | None = None) -> ProgressSeen:
    return ProgressSeen(unit=unit, current=current, total=total, line=1)


def trial(number: int, state: str = "complete") -> TrialSeen:
    return TrialSeen(number=number, state=state, line=1, value=0.5)  # type: ignore[arg-type]  # states as strings


def shown(book: ProgressBook) -> list[tuple[str, float, float | None]]:
    return [(p.unit, p.current, p.total) for p in book.list(None)]


@pytest.mark.rule("W2.8")
def test_a_number_that_is_repeated_is_no_progress() -> None:
    book = ProgressBook()
    assert book.see(seen("step", 100), 1.0)
    assert not book.see(seen("step", 100), 3600.0)
    assert book.last_advance == 1.0
    assert not book.see(MetricSeen(name="loss", value=0.1, line=2), 7200.0)


@pytest.mark.rule("W2.8")
def test_units_are_listed_from_the_outermost() -> None:
    book = ProgressBook()
    for fact in (seen("iteration", 5, 489), seen("epoch", 3, 10), trial(7), seen("percent", 50, 100)):
        book.see(fact, 1.0)
    assert [p.unit for p in book.list(1.0)] == ["trial", "epoch", "iteration", "percent"]
    assert book.position() == "trial 7"
    assert book.has_outer


def test_without_a_trial_there_is_no_outer_counter_and_the_epoch_is_the_place() -> None:
    book = ProgressBook()
    book.see(seen("step", 12), None)
    book.see(seen("epoch", 3), None)
    assert not book.has_outer
    assert book.position() == "epoch 3"
    assert ProgressBook().position() is None


@pytest.mark.rule("W2.8")
def test_eta_follows_from_a_steady_rate() -> None:
    book = ProgressBook()
    for step in range(1, 21):
        book.see(seen("step", step, 100), step * 3.0)
    (entry,) = book.list(60.0)
    assert entry.percent == 20.0
    assert entry.rate_per_s == pytest.approx(1 / 3)
    assert entry.eta_s == pytest.approx(240.0)


def test_one_slow_checkpoint_does_not_spoil_the_rate() -> None:
    book, now = ProgressBook(), 0.0
    for step in range(1, 31):
        now += 300.0 if step == 17 else 1.0
        book.see(seen("step", step, 1000), now)
    (entry,) = book.list(now)
    assert entry.rate_per_s == pytest.approx(1.0, rel=0.15)


def test_time_that_passes_without_a_move_is_not_counted_twice() -> None:
    book = ProgressBook()
    for number in range(5):
        book.see(trial(number), 100.0 * (number + 1))
    book.see(seen("trial", 5, 10), 500.0)
    (at_once,) = book.list(500.0)
    (later,) = book.list(560.0)
    assert at_once.eta_s == pytest.approx(500.0)
    assert later.eta_s == pytest.approx(440.0)


@pytest.mark.parametrize("total", [None, 100.0])
def test_eta_is_none_when_it_cannot_be_known(total: float | None) -> None:
    book = ProgressBook()
    book.see(seen("step", 1, total), None)
    book.see(seen("step", 2, total), None)
    (entry,) = book.list(None)
    assert entry.eta_s is None
    assert entry.rate_per_s is None


def test_a_declared_total_fills_what_the_log_does_not_say() -> None:
    book = ProgressBook({"trials": 100})
    for number in range(3):
        book.see(trial(number), number * 10.0)
    (entry,) = book.list(20.0)
    assert (entry.current, entry.total, entry.percent) == (2, 100, 3.0)
    assert entry.eta_s == pytest.approx(970.0)


def test_a_lap_goes_on_counting() -> None:
    book, now = ProgressBook(), 0.0
    for _epoch in range(3):
        for step in (1, 2, 3, 4):
            now += 2.0
            assert book.see(seen("step", step, 4), now)
    (entry,) = book.list(now)
    assert (entry.current, entry.rate_per_s) == (4, pytest.approx(0.5))


def test_an_evaluation_bar_does_not_hide_the_training_bar() -> None:
    book = ProgressBook()
    for step in range(100):
        book.see(seen("step", step, 1000))
        if step % 30 == 29:
            for batch in range(50):
                book.see(seen("step", batch, 50))
    assert shown(book) == [("step", 99, 1000)]


def test_the_bar_of_an_earlier_launch_is_left_behind() -> None:
    book = ProgressBook()
    for step in range(200):
        book.see(seen("iteration", step, 489))
    for step in range(400):
        book.see(seen("iteration", step, 977))
    assert shown(book) == [("iteration", 399, 977)]


def test_a_finished_bar_gives_way_at_once() -> None:
    book = ProgressBook()
    for step in range(1, 4):
        book.see(seen("iteration", step, 3))
    book.see(seen("iteration", 1, 500))
    assert shown(book) == [("iteration", 1, 500)]
    every_fifty = ProgressBook()
    for step in (3800, 3850, 3900):
        every_fifty.see(seen("iteration", step, 3906))
    every_fifty.see(seen("iteration", 1, 977))
    assert shown(every_fifty) == [("iteration", 1, 977)]


def test_a_bar_that_never_left_its_zero_is_forgotten() -> None:
    book = ProgressBook()
    book.see(seen("iteration", 0, 130))
    assert shown(book) == [("iteration", 0, 130)]
    for number in range(30):
        book.see(trial(number))
    assert shown(book) == [("trial", 29, None)]


def test_trials_side_by_side_end_in_any_order() -> None:
    book = ProgressBook()
    advanced = [book.see(trial(number), number) for number in (2, 0, 3, 1)]
    assert advanced == [True] * 4
    assert shown(book) == [("trial", 3, None)]


def test_a_trial_line_printed_by_two_handlers_is_one_trial() -> None:
    book = ProgressBook()
    assert book.see(trial(0), 1.0)
    assert not book.see(trial(0), 1.0)


def test_the_next_study_begins_anew() -> None:
    book = ProgressBook()
    for number in (0, 1, 2, 0):
        book.see(trial(number))
    assert shown(book) == [("trial", 0, None)]


def test_the_bar_of_a_study_gives_its_total_only_when_it_can_be() -> None:
    book = ProgressBook()
    book.see(trial(4), 1.0)
    assert not book.see(seen("trial", 5, 25), 2.0)
    assert shown(book) == [("trial", 4, 25)]
    book.see(seen("trial", 2, 3), 3.0)
    assert shown(book) == [("trial", 4, None)]


def test_many_bars_of_different_lengths_stay_bounded() -> None:
    book = ProgressBook()
    for length in range(3, 2000):
        book.see(seen("item", 1, length))
    assert len(shown(book)) == 1


@pytest.mark.parametrize(
    ("intervals", "p99"),
    [
        ([], None),
        ([5.0], 5.0),
        ([1.0] * 99 + [50.0], 1.0),
        ([1.0] * 98 + [50.0], 50.0),
        ([1.0] * 300 + [9.0] * 4, 9.0),
    ],
)
def test_p99_of_intervals(intervals: list[float], p99: float | None) -> None:
    kept = Intervals()
    for seconds in intervals:
        kept.add(seconds)
    assert kept.p99() == p99


def test_the_rhythm_is_that_of_the_outermost_counter_that_has_one() -> None:
    book = ProgressBook()
    for step in range(100):
        book.see(seen("step", step), float(step))
    assert book.p99_interval() == 1.0
    for epoch in range(4):
        book.see(seen("epoch", epoch), 1000.0 * epoch)
    assert book.p99_interval() == 1000.0
