"""Detectors: no alarm on what healthy runs do, an alarm on what does not heal."""

import math
import random
from collections.abc import Iterable, Sequence

import pytest

from overnight.core.detectors import Detectors
from overnight.core.detectors.lifetime import Checkpoints, too_fast
from overnight.core.detectors.losses import Divergence, NonFinite, PageHinkley
from overnight.core.detectors.resources import Exhaustion, Walltime
from overnight.core.detectors.stall import stall_limit, stalled
from overnight.core.detectors.training import Curves, Gradients, Slowdown
from overnight.core.detectors.trials import Boundary, Duplicates, TrialHealth
from overnight.core.metrics import MetricBook
from overnight.core.model import (
    MetricSeen,
    PhaseSeen,
    Policy,
    Problem,
    ProgressSeen,
    Sample,
    TrialSeen,
    TrialState,
)
from overnight.core.progress import ProgressBook


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


# ---------------------------------------------------------------- trainings


def metric(name: str, value: float, line: int = 1) -> MetricSeen:
    return MetricSeen(name=name, value=value, line=line)


def gradients(values: Iterable[float]) -> Problem | None:
    detector = Gradients()
    for line, value in enumerate(values, 1):
        detector.see(metric("grad_norm", value, line))
    return detector.finding()


def noisy(count: int, level: float, noise: float, seed: int = 1) -> list[float]:
    """Log-normal around a level: heavy-tailed, as real norms and losses are."""
    chance = random.Random(seed)
    return [level * chance.lognormvariate(0, noise) for _ in range(count)]


def test_an_exploding_gradient_is_told_before_the_loss_moves() -> None:
    bloom = [0.95, 2.4, 15.9, 145.0, 960.0]
    found = gradients([*noisy(60, 0.24, 0.2), *bloom])
    assert found is not None
    assert (found.severity, found.certain, found.last_line) == ("minor", False, 65)


@pytest.mark.parametrize("seed", range(20))
def test_healthy_gradients_raise_nothing(seed: int) -> None:
    values = noisy(5000, 1.0, 0.6, seed)
    values[::97] = [30.0] * len(values[::97])  # single spikes are healthy
    assert gradients(values) is None


def slowdown(values: Iterable[float], name: str = "step_time") -> Problem | None:
    detector = Slowdown()
    for line, value in enumerate(values, 1):
        detector.see(metric(name, value, line))
    return detector.finding()


def test_a_slower_gpu_is_found_within_fifty_steps() -> None:
    found = slowdown([*noisy(200, 1.0, 0.02), *noisy(64, 1.057, 0.02, 2)])
    assert found is not None
    assert found.first_line <= 200 + 64


@pytest.mark.parametrize("seed", range(20))
def test_steady_steps_with_pauses_raise_nothing(seed: int) -> None:
    values = noisy(4000, 0.8, 0.05, seed)
    values[::50] = [20.0] * len(values[::50])  # evaluations and checkpoints
    assert slowdown([5.0] * 10 + values) is None


def test_a_running_average_is_no_step_time() -> None:
    assert slowdown((1.0 + n / 100 for n in range(500)), "step_avg") is None


def curves(train: Sequence[float], val: Sequence[float]) -> MetricBook:
    book = MetricBook()
    for epoch, (a, b) in enumerate(zip(train, val, strict=True)):
        for name, value in (("train_loss", a), ("val_loss", b)):
            book.see(metric(name, value, 2 * epoch + (name == "val_loss") + 1))
    return book


def test_overfitting_is_a_validation_that_turned_while_training_fell() -> None:
    train = [1.0 / (1 + n) for n in range(30)]
    turned = [1.0 - 0.05 * n if n < 10 else 0.5 + 0.03 * (n - 10) for n in range(30)]
    found = Curves().overfitting(curves(train, turned))
    assert found is not None
    assert found.severity == "minor"
    flat = [1.0 - 0.05 * n if n < 10 else 0.52 for n in range(30)]
    assert Curves().overfitting(curves(train, flat)) is None
    both = [1.0 + 0.02 * n for n in range(30)]
    assert Curves().overfitting(curves(both, turned)) is None


def test_a_plateau_is_information_and_a_falling_loss_is_none() -> None:
    book = MetricBook()
    for line in range(1, 200):
        book.see(metric("loss", 0.5, line))
    found = Curves().plateau(book)
    assert found is not None
    assert found.severity == "info"
    falling = MetricBook()
    for line in range(1, 200):
        falling.see(metric("loss", 2.0 - line / 200, line))
    assert Curves().plateau(falling) is None


# ---------------------------------------------------------------- resources


def exhaustion(samples: Iterable[Sample]) -> list[str]:
    detector = Exhaustion()
    for sample in samples:
        detector.see(sample)
    return [p.text for p in detector.findings(ProgressBook(), 1)]


GB = 1 << 30


def test_a_leak_is_told_with_the_time_until_nothing_is_left() -> None:
    leak = [Sample(t=300.0 * n, rss_bytes=(10 + n) * GB, memory_free_bytes=(50 - n) * GB) for n in range(12)]
    (text,) = exhaustion(leak)
    assert "memory has grown by 12 GB" in text or "memory has grown by 11" in text
    assert "3 h 15" in text


def test_a_disk_that_fills_is_told() -> None:
    (text,) = exhaustion([Sample(t=300.0 * n, disk_free_bytes=(100 - 5 * n) * GB) for n in range(10)])
    assert "the disk has lost" in text
    assert "55 min" in text


@pytest.mark.parametrize("seed", range(10))
def test_memory_that_comes_and_goes_is_no_leak(seed: int) -> None:
    chance = random.Random(seed)
    samples = [
        Sample(t=300.0 * n, rss_bytes=int((10 + chance.random() * 5) * GB), memory_free_bytes=20 * GB)
        for n in range(100)
    ]
    assert exhaustion(samples) == []


def test_loading_is_no_leak() -> None:
    grown = [
        Sample(t=300.0 * n, rss_bytes=min(n, 4) * 10 * GB + GB, memory_free_bytes=20 * GB) for n in range(30)
    ]
    assert exhaustion(grown) == []


def test_what_runs_out_after_the_end_is_no_problem() -> None:
    progress = ProgressBook()
    for n in range(20):
        progress.see(ProgressSeen(unit="epoch", current=n, total=21, line=n), 300.0 * n)
    detector = Exhaustion()
    for n in range(20):
        detector.see(Sample(t=300.0 * n, disk_free_bytes=(100 - n) * GB))
    assert detector.findings(progress, 1) == []


def test_a_time_limit_that_is_too_short_is_told_after_two_looks() -> None:
    progress = ProgressBook()
    for n in range(1, 30):
        progress.see(ProgressSeen(unit="epoch", current=n, total=100, line=n), 100.0 * n)
    limit = Walltime(5000.0)
    assert limit.finding(progress, 2900.0, 1) is None
    assert limit.finding(progress, 2900.0, 1) is not None
    enough = Walltime(20_000.0)
    assert [enough.finding(progress, 2900.0, 1) for _ in range(3)] == [None] * 3


# ---------------------------------------------------------------- sweeps and lives


def trial(number: int, **params: str) -> TrialSeen:
    return TrialSeen(number=number, state="complete", value=float(number), params=params, line=number)


def test_trials_that_repeat_one_another_are_told_once_there_are_many() -> None:
    repeating, fresh = Duplicates(), Duplicates()
    for n in range(40):
        repeating.see(trial(n, x=str(n % 10)))
        fresh.see(trial(n, x=str(n)))
    assert repeating.finding() is not None
    assert fresh.finding() is None


@pytest.mark.parametrize(("best_at", "told"), [("0.0001", True), ("0.01", False)])
def test_a_best_at_the_edge_of_its_range_is_information(best_at: str, told: bool) -> None:
    boundary, book = Boundary(), MetricBook()
    values = ["0.0001", "0.01", *(str(10 ** -(1 + n / 13)) for n in range(40))]
    for n, lr in enumerate(values):
        seen = TrialSeen(
            number=n, state="complete", value=0.0 if lr == best_at else 1.0, params={"lr": lr}, line=n + 1
        )
        boundary.see(seen)
        book.see(seen)
    found = boundary.finding(book)
    assert (found is not None) is told
    assert found is None or (found.severity == "info" and "lr at its lowest" in found.text)


def test_checkpoints_that_stop_coming_are_told_and_no_checkpoints_are_not() -> None:
    progress, saved, never = ProgressBook(), Checkpoints(), Checkpoints()
    for n in range(200):
        t = 60.0 * n
        progress.see(ProgressSeen(unit="step", current=n, total=1000, line=n), t)
        if n % 10 == 0 and n <= 60:
            saved.see(PhaseSeen(phase="checkpoint", line=n), t)
    assert never.finding(progress, 12_000.0) is None
    found = saved.finding(progress, 12_000.0)
    assert found is not None
    assert "they came every 10 min" in found.text


def test_a_good_end_far_from_the_total_is_worth_a_look() -> None:
    progress = ProgressBook()
    for n in (1, 2, 3):
        progress.see(ProgressSeen(unit="epoch", current=n, total=100, line=n))
    assert too_fast(progress, MetricBook(), 9, done=False) is not None
    assert too_fast(progress, MetricBook(), 9, done=True) is None


def test_the_door_gives_each_finding_once() -> None:
    door, book, progress = Detectors(Policy()), MetricBook(), ProgressBook()
    for line, value in enumerate([*noisy(60, 0.2, 0.1), 50.0, 60.0, 70.0], 1):
        fact = metric("grad_norm", value, line)
        book.see(fact)
        door.see(fact, book)
    assert [p.signature for p in door.findings(book, progress)] == ["num.grad_spike"]
    assert door.findings(book, progress) == []
