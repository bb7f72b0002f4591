"""Detectors: no alarm on what healthy runs do, an alarm on what does not heal."""

import math
import random

import pytest

from overnight.core.metrics import MetricBook
from overnight.core.model import MetricSeen, Policy, Problem, ProgressSeen, TrialSeen, TrialState
from overnight.core.progress import ProgressBook
from overnight.core.trend import Divergence, NonFinite, PageHinkley, TrialHealth, stall_limit, stalled


def at_steps(*times: float, unit: str = "step") -> ProgressBook:
    book = ProgressBook()
    for step, t in enumerate(times):
        book.see(ProgressSeen(unit=unit, current=step, total=None, line=step), t)
    return book


# ---------------------------------------------------------------- stalls


def test_before_any_progress_nothing_is_a_stall() -> None:
    assert stall_limit(ProgressBook(), Policy()) is None
    assert stalled(ProgressBook(), Policy(), 1e6, 1) is None


def test_a_quick_run_stalls_at_the_floor_and_a_slow_one_by_its_own_rhythm() -> None:
    quick = at_steps(*(float(t) for t in range(50)))
    slow = at_steps(*(300.0 * t for t in range(50)))
    assert stall_limit(quick, Policy()) == 600.0
    assert stall_limit(slow, Policy()) == pytest.approx(2400.0)


def test_a_run_without_a_rhythm_yet_gets_more_time() -> None:
    assert stall_limit(at_steps(0.0, 1.0), Policy()) == 1800.0


@pytest.mark.rule("W2.8")
def test_an_hourly_line_that_says_running_does_not_hide_a_stall() -> None:
    book = at_steps(*(float(t) for t in range(50)))
    for hour in (1, 2, 3):
        book.see(ProgressSeen(unit="step", current=49, total=None, line=99), 3600.0 * hour)
    found = stalled(book, Policy(), 3 * 3600.0, 99)
    assert found is not None
    assert (found.signature, found.certain) == ("hang.no_progress", False)
    assert "step 49" in found.text
    assert stalled(book, Policy(), 300.0, 99) is None


# ---------------------------------------------------------------- values that are none


def run_losses(
    values: list[float], name: str = "loss", *, trial: bool = False, norms: list[float] | None = None
) -> Problem | None:
    metrics, progress, detector = MetricBook(), ProgressBook(), NonFinite(10)
    if trial:
        progress.see(ProgressSeen(unit="trial", current=1, total=10, line=1))
    for line, value in enumerate(values, 1):
        facts = [MetricSeen(name=name, value=value, line=line)]
        facts += [MetricSeen(name="grad_norm", value=norms[line - 1], line=line)] if norms else []
        for fact in facts:
            metrics.see(fact)
            detector.see(fact, metrics)
    return detector.finding(metrics, progress)


NAN = math.nan


@pytest.mark.rule("W2.7", "W3.4")
def test_a_loss_that_stays_nan_is_certain() -> None:
    found = run_losses([0.5, 0.4, *[NAN] * 10])
    assert found is not None
    assert (found.signature, found.cls, found.severity, found.certain) == (
        "num.nan_loss",
        "nan_loss",
        "critical",
        True,
    )
    assert (found.first_line, found.last_line, found.count) == (3, 12, 10)


@pytest.mark.rule("W2.7")
@pytest.mark.parametrize(
    "values",
    [[0.5, NAN, 0.4] * 30, [0.5, *[NAN] * 9, 0.4, *[NAN] * 9], [0.5] * 50, [0.0] * 50],
    ids=["now and then", "never long enough", "finite", "zero"],
)
def test_a_loss_that_heals_is_no_problem(values: list[float]) -> None:
    assert run_losses(values) is None


def test_nan_is_not_certain_where_another_trial_follows_or_another_loss_counts() -> None:
    in_sweep = run_losses([NAN] * 12, trial=True)
    beside = run_losses([NAN] * 12, name="val_loss")
    assert in_sweep is not None
    assert beside is not None
    assert not in_sweep.certain
    assert not beside.certain


def test_nan_of_what_is_no_loss_is_nothing() -> None:
    assert run_losses([NAN] * 50, name="APs") is None
    assert run_losses([NAN] * 50, name="mean_reward") is None


def test_a_trainer_that_shows_zero_for_nan_is_seen_through() -> None:
    found = run_losses([0.5, 0.4, *[0.0] * 12], norms=[1.0, 1.1, *[NAN] * 12])
    assert found is not None
    assert found.certain
    assert "gradient norm" in found.text
    assert run_losses([0.0] * 40, norms=[0.2] * 40) is None


def test_a_nan_that_ended_is_forgotten() -> None:
    assert run_losses([*[NAN] * 20, 0.5]) is None


# ---------------------------------------------------------------- divergence


def healthy(count: int, noise: float, seed: int = 3) -> list[float]:
    source = random.Random(seed)
    return [(2.0 + 4.0 * math.exp(-n / 400)) * math.exp(source.gauss(0, noise)) for n in range(count)]


@pytest.mark.parametrize("noise", [0.01, 0.05, 0.3, 1.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_healthy_loss_however_noisy_does_not_diverge(noise: float, seed: int) -> None:
    test = PageHinkley()
    assert not any(test.see(value) for value in healthy(5_000, noise, seed))


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
def test_a_shift_is_found_in_few_steps_at_any_scale(scale: float) -> None:
    test = PageHinkley()
    assert not any(test.see(value * scale) for value in healthy(3_000, 0.02))
    higher = healthy(3_060, 0.02, seed=9)[3_000:]
    delays = [n for n, value in enumerate(higher) if test.see(value * 1.10 * scale)]
    assert delays
    assert delays[0] <= 40


def test_a_bar_that_repeats_its_value_is_one_measurement() -> None:
    test = PageHinkley()
    assert not any(test.see(value) for value in healthy(3_000, 0.06) for _redrawn in range(8))


def test_single_spikes_are_ignored() -> None:
    test = PageHinkley()
    values = healthy(3_000, 0.02)
    values[1_500] *= 20
    values[2_000] *= 20
    assert not any(test.see(value) for value in values)


def test_a_series_below_zero_has_no_scale() -> None:
    test = PageHinkley()
    source = random.Random(5)
    assert not any(test.see(source.gauss(0, 1)) for _ in range(5_000))


def diverging(losses: list[float], steps: list[int], *, trial: bool = False) -> Problem | None:
    metrics, progress, detector = MetricBook(), ProgressBook(), Divergence()
    if trial:
        progress.see(ProgressSeen(unit="trial", current=1, total=10, line=1))
    for line, (loss, step) in enumerate(zip(losses, steps, strict=True), 1):
        place = ProgressSeen(unit="step", current=step, total=None, line=line)
        fact = MetricSeen(name="loss", value=loss, line=line, step=step, step_unit="step")
        progress.see(place)
        metrics.see(fact)
        detector.see(place, metrics)
        detector.see(fact, metrics)
    return detector.finding(progress)


def test_a_rising_loss_is_minor_and_only_where_nothing_repeats_the_training() -> None:
    losses = [*healthy(2_000, 0.02), *(4.0 + n % 7 / 10 for n in range(50))]
    steps = list(range(len(losses)))
    found = diverging(losses, steps)
    assert found is not None
    assert (found.signature, found.severity, found.certain) == ("num.diverge", "minor", False)
    assert diverging(losses, steps, trial=True) is None


def test_a_training_that_starts_again_does_not_diverge() -> None:
    losses = healthy(2_000, 0.02) * 2
    assert diverging(losses, [*range(2_000), *range(2_000)]) is None


# ---------------------------------------------------------------- sweeps


def sweep(states: str, reason: str | None = None) -> list[Problem]:
    """One letter per trial: c complete, f failed, p pruned."""
    names: dict[str, TrialState] = {"c": "complete", "f": "failed", "p": "pruned"}
    detector = TrialHealth()
    for number, letter in enumerate(states):
        seen = TrialSeen(number=number, state=names[letter], line=number + 1, reason=reason)
        detector.see(seen)
        detector.see(seen)
    return detector.findings()


@pytest.mark.rule("W2.7")
@pytest.mark.parametrize("states", ["fffff", "cccccccfff", "cfcfcfcfcf"])
def test_a_sweep_of_failures_is_a_problem(states: str) -> None:
    (found,) = sweep(states, reason="ValueError('low')")
    assert (found.signature, found.severity) == ("opt.trial_fail", "minor")
    assert found.count == states.count("f")
    assert "ValueError('low')" in found.text


@pytest.mark.parametrize("states", ["", "f", "ffff", "fcfc", "ccccccccff", "c" * 50 + "ffff", "p" * 29])
def test_a_sweep_with_few_failures_is_none(states: str) -> None:
    assert sweep(states) == []


def test_a_pruner_that_stops_everything_is_a_problem() -> None:
    (found,) = sweep("ccc" + "p" * 30)
    assert found.signature == "opt.all_pruned"
    assert sweep("p" * 30 + "c") == []
