"""Metrics: what is the best, in which direction, and what is never one."""

import math

import pytest

from overnight.core import names
from overnight.core.curve import MAX_POINTS
from overnight.core.metrics import MetricBook
from overnight.core.model import Direction, Goal, GoalSeen, MetricSeen, TrialSeen, TrialState
from overnight.core.studies import Studies


def metric(
    name: str, value: float, line: int = 1, step: float | None = None, unit: str | None = None
) -> MetricSeen:
    return MetricSeen(name=name, value=value, line=line, step=step, step_unit=unit)


def trial(
    number: int, value: float | None, best: tuple[int, float] | None = None, state: TrialState = "complete"
) -> TrialSeen:
    return TrialSeen(number=number, state=state, value=value, best=best, line=number + 1)


def book_of(*facts: MetricSeen | TrialSeen | GoalSeen, goal: Goal | None = None) -> MetricBook:
    book = MetricBook(goal)
    for fact in facts:
        book.see(fact, 1.0)
    return book


# ---------------------------------------------------------------- names

KINDS = {
    "loss": """
        loss val_loss train/loss_cls Validation-Loss mean-squared-error RMSE ppl val_bpb error_rate reward_loss
        binary_logloss trl valid_0-l2 valLoss
    """,
    "quality": """
        accuracy Val-Acc acc@1 Acc@5 mAP50 bbox_mAP mIoU ep_rew_mean f1 F1-score R2 NDCG@10 rouge1 top5
        neg_mean_squared_error max_reward win_rate TestASR
    """,
    "setting": """
        lr learning_rate batch_size seed momentum weight_decay loss_weight label_smoothing dropout num_layers
        max_depth loss_scale errors n_estimators
    """,
    "timing": "time eta epoch_time samples_per_second tokens_per_sec mfu gpu_mem loss_time",
    "counter": "epoch global_step iter",
    "other": "value grad_norm ShuffleMapStage r hello @",
}


@pytest.mark.parametrize(("kind", "name"), [(k, n) for k, listed in KINDS.items() for n in listed.split()])
def test_the_words_of_a_name_tell_its_kind(kind: str, name: str) -> None:
    assert names.kind(name) == kind


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("best val acc", "val acc"),
        ("best_val_loss", "val_loss"),
        ("Best value", "value"),
        ("best", "value"),
        ("best_epoch", None),
        ("best lr", None),
        ("val_loss", None),
    ],
)
def test_what_a_best_is_the_best_of(name: str, base: str | None) -> None:
    assert names.announced(name) == base


def test_spellings_of_one_name_are_one_metric_shown_as_first_printed() -> None:
    book = book_of(metric("Val Loss", 0.5), metric("val_loss", 0.4), metric("val/loss", 0.3))
    assert book.names() == ["Val Loss"]
    assert book.last() == {"Val Loss": 0.3}
    assert [p.value for p in book.series("VAL-LOSS")] == [0.5, 0.4, 0.3]


# ---------------------------------------------------------------- the best


@pytest.mark.rule("W2.8")
@pytest.mark.parametrize(
    ("facts", "name", "value", "direction"),
    [
        ([("loss", 0.5), ("loss", 0.2), ("loss", 0.3)], "loss", 0.2, "minimize"),
        ([("accuracy", 0.5), ("accuracy", 0.9), ("accuracy", 0.7)], "accuracy", 0.9, "maximize"),
        ([("loss", 0.1), ("val_loss", 0.4), ("val_loss", 0.3)], "val_loss", 0.3, "minimize"),
        ([("accuracy", 0.99), ("val_accuracy", 0.8), ("val_loss", 0.3)], "val_accuracy", 0.8, "maximize"),
        ([("precision", 0.99), ("recall", 0.9), ("f1", 0.8)], "f1", 0.8, "maximize"),
        ([("lr", 0.1), ("grad_norm", 0.001), ("loss", 2.0)], "loss", 2.0, "minimize"),
        ([("perplexity", 30.0), ("perplexity", 20.0)], "perplexity", 20.0, "minimize"),
        ([("reward", -300.0), ("reward", -20.0)], "reward", -20.0, "maximize"),
    ],
)
def test_the_best_is_inferred_from_names(
    facts: list[tuple[str, float]], name: str, value: float, direction: Direction
) -> None:
    best = book_of(*(metric(n, v) for n, v in facts)).best()
    assert best is not None
    assert (best.name, best.value, best.direction) == (name, value, direction)


def test_settings_and_timings_are_never_the_best() -> None:
    book = book_of(metric("learning_rate", 0.1), metric("epoch_time", 12.0), metric("grad_norm", 0.3))
    assert book.best() is None


def test_a_value_that_is_no_number_is_never_the_best_nor_the_last() -> None:
    book = book_of(metric("loss", 0.5), metric("loss", -math.inf), metric("loss", math.nan))
    best = book.best()
    assert best is not None
    assert best.value == 0.5
    assert book.last() == {}
    assert book.non_finite_run("loss") == 2
    assert len(book.series("loss")) == 1
    book.see(metric("loss", 0.4), 2.0)
    assert book.non_finite_run("loss") == 0


def test_a_running_average_does_not_beat_the_value_of_an_epoch() -> None:
    book = book_of(
        metric("accuracy", 1.0, step=1, unit="step"),
        metric("accuracy", 0.8, step=1, unit="epoch"),
        metric("accuracy", 0.7, step=2, unit="epoch"),
    )
    best = book.best()
    assert best is not None
    assert (best.value, best.at) == (0.8, "epoch 1")


def test_a_declared_goal_decides_name_and_direction() -> None:
    goal = Goal(direction="maximize", metric="my thing")
    best = book_of(metric("loss", 0.1), metric("my_thing", 3.0), metric("my_thing", 7.0), goal=goal).best()
    assert best is not None
    assert (best.name, best.value, best.direction) == ("my_thing", 7.0, "maximize")


def test_what_the_log_calls_best_goes_before_what_is_inferred() -> None:
    book = book_of(metric("val_loss", 0.4), metric("best val_loss", 0.35, line=7))
    best = book.best()
    assert best is not None
    assert (best.name, best.value, best.line) == ("val_loss", 0.35, 7)


def test_the_place_of_a_value_is_its_own_step_or_where_the_run_was() -> None:
    book = MetricBook()
    book.see(metric("val_loss", 0.4), 1.0, "epoch 3")
    best = book.best()
    assert best is not None
    assert best.at == "epoch 3"


# ---------------------------------------------------------------- studies


@pytest.mark.rule("W2.8")
@pytest.mark.parametrize(
    ("told", "direction", "value"), [((1, 0.9), "maximize", 0.9), ((0, 0.2), "minimize", 0.2)]
)
def test_the_direction_of_a_study_is_read_off_its_best_trial(
    told: tuple[int, float], direction: Direction, value: float
) -> None:
    book = book_of(trial(0, 0.2), trial(1, 0.9, best=told), trial(2, 0.5))
    assert book.study_direction() == direction
    best = book.best()
    assert best is not None
    assert (best.name, best.value, best.at) == ("value", value, f"trial {told[0]}")


def test_a_direction_once_read_stays_when_later_lines_say_nothing() -> None:
    book = book_of(trial(0, 0.2), trial(1, 0.9, best=(1, 0.9)), trial(2, 1.5))
    assert book.study_direction() == "maximize"
    assert book.best() is not None
    assert book.best().at == "trial 2"  # type: ignore[union-attr]  # not None: the line above


def test_a_trial_beats_the_metrics_inside_it() -> None:
    best = book_of(metric("val_accuracy", 0.99), trial(0, 0.5)).best()
    assert best is not None
    assert best.name == "value"


def test_pruned_failed_and_infinite_trials_are_never_the_best() -> None:
    book = book_of(
        trial(0, 0.5),
        trial(1, 0.01, state="pruned"),
        trial(2, None, state="failed"),
        trial(3, -math.inf),
        goal=Goal(direction="minimize"),
    )
    best = book.best()
    assert best is not None
    assert best.at == "trial 0"
    assert book.trials == {"complete": 2, "pruned": 1, "failed": 1}
    assert book.trial_values == [(0, 0.5, 1.0)]


def test_the_best_of_an_earlier_session_stands() -> None:
    book = book_of(trial(50, 0.5), trial(51, 0.6, best=(7, 0.1)))
    best = book.best()
    assert best is not None
    assert (best.value, best.at, best.direction) == (0.1, "trial 7", "minimize")


def test_the_log_may_say_the_direction() -> None:
    book = book_of(GoalSeen(goal=Goal(direction="maximize"), line=1), trial(0, 0.2), trial(1, 0.9))
    best = book.best()
    assert best is not None
    assert best.value == 0.9


def test_another_study_starts_anew() -> None:
    book = book_of(trial(0, 0.1), trial(1, 0.2), trial(0, 0.7), goal=Goal(direction="minimize"))
    assert book.trials == {"complete": 1}
    best = book.best()
    assert best is not None
    assert best.value == 0.7


def test_the_same_trial_twice_is_one() -> None:
    assert book_of(trial(0, 0.1), trial(0, 0.1)).trials == {"complete": 1}


def test_a_running_trial_is_no_result() -> None:
    studies = Studies()
    assert studies.see(trial(3, None, state="running")) == "first"
    assert studies.see(trial(3, 0.5)) == "first"
    assert studies.see(trial(3, None, state="running")) == "again"


# ---------------------------------------------------------------- curves


def test_a_curve_is_bounded_and_keeps_its_extremes_in_order() -> None:
    book = MetricBook()
    for step in range(20_000):
        value = -5.0 if step == 7_777 else 9.0 if step == 12_345 else math.sin(step)
        book.see(metric("loss", value, line=step, step=step, unit="step"), float(step))
    points = book.series("loss")
    assert MAX_POINTS / 4 < len(points) <= MAX_POINTS
    assert min(p.value for p in points) == -5.0
    assert max(p.value for p in points) == 9.0
    assert [p.line for p in points] == sorted(p.line for p in points)
    assert points[-1].line == 19_999


def test_names_are_bounded() -> None:
    book = MetricBook()
    for number in range(5_000):
        book.see(metric(f"loss_{number}", 0.5), 1.0)
    assert len(book.names()) <= 400
