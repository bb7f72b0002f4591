"""The watch over whole nights, in virtual time."""

import time

import msgspec
import pytest

from overnight import catalog
from overnight.core.model import Answer, Event, Exit, Policy, Spec
from overnight.core.replay import replay, simulate
from overnight.core.watch import Watch

KNOWN = catalog.load()
OK = Exit(code=0)


def watch(**policy: object) -> Watch:
    return Watch(spec(**policy), KNOWN)


def spec(**policy: object) -> Spec:
    return Spec(
        run="k3f9", argv=["python", "tune.py"], cwd="/", token="t", created_at=0.0,
        policy=msgspec.convert(policy, Policy),
    )  # fmt: skip


def study(trials: int, every_s: float) -> list[tuple[float, bytes]]:
    """A recorded study: one trial each `every_s`, values that slowly get better, in Optuna's own words."""
    rows, best = [], (0, 9.0)
    for n in range(trials):
        value = 1.0 + 1.0 / (n + 1) + (0.5 if n % 3 else 0.0)
        best = min(best, (n, value), key=lambda b: b[1])
        rows.append((
            (n + 1) * every_s,
            f"[I 2026-11-12 03:14:15,123] Trial {n} finished with value: {value} and parameters: {{'lr': {0.01 + n}}}. "
            f"Best is trial {best[0]} with value: {best[1]}.\n".encode(),
        ))  # fmt: skip
    return rows


def kinds(events: list[Event], kind: str) -> list[Event]:
    return [e for e in events if e.kind == kind]


@pytest.mark.rule("W2.1", "W2.2", "W2.3", "W2.4", "W3.1", "W4.1", "W4.2")
def test_an_eight_hour_night_takes_no_time_and_tells_the_end_alone() -> None:
    begun = time.perf_counter()
    events = simulate(watch(record_min_gain=9.0), study(960, 30.0), OK, 28_800.0)
    assert time.perf_counter() - begun < 5
    looks = [e.t for e in kinds(events, "check_in")]
    assert looks[:4] == [30, 90, 390, 690]
    assert len(looks) == 2 + (28_800 - 90) // 300
    told = kinds(events, "notification")
    assert [e.data["kind"] for e in told] == ["success"]
    assert told[0].data["trials"]["complete"] == 960


@pytest.mark.rule("W4.2")
def test_a_leap_is_told_as_a_record_and_noise_is_not() -> None:
    night = study(40, 60.0)
    leap = (
        b"[I 2026-11-12 03:14:15,123] Trial 40 finished with value: 0.2 and parameters: {'lr': 0.01}. "
        b"Best is trial 40 with value: 0.2.\n"
    )
    events = simulate(watch(), [*night, (41 * 60.0, leap)], OK, 42 * 60.0)
    records = kinds(events, "record")
    assert [r.data["best"]["value"] for r in records][-1] == 0.2
    assert len(records) <= 2


@pytest.mark.rule("W3.2", "W3.3")
def test_a_minor_problem_pauses_and_an_answer_goes_on() -> None:
    run = watch()
    run.started(0.0)
    run.read(b"Epoch 1/9\nConvergenceWarning: lbfgs failed to converge\nEpoch 2/9\n", 5.0)
    asked = run.look(30.0)
    question = kinds(asked, "question")[0]
    assert run.phase == "paused"
    assert run.status(31.0).next_check_in_s is None
    assert run.status(31.0).state == "running"
    assert kinds(asked, "notification")[0].data["kind"] == "question"
    answered = run.answered(Answer(question=question.data["id"], choice="continue", by="ana", at=0.0), 40.0)
    assert [e.kind for e in answered] == ["answer"]
    assert run.due(40.0) == 90.0
    assert kinds(run.look(90.0), "question") == []


@pytest.mark.rule("W3.4")
def test_a_critical_error_gets_through_a_pause() -> None:
    run = watch()
    run.read(b"Epoch 1/9\nConvergenceWarning: x\nEpoch 2/9\n", 5.0)
    run.look(30.0)
    events = run.read(b"RuntimeError: CUDA error: device-side assert triggered\n", 50.0)
    assert [e.kind for e in events] == ["problem", "interrupt", "notification"]
    assert kinds(run.ended(Exit(signal=2), 60.0), "notification") == []
    assert run.state == "failed"


def test_a_caught_exception_is_not_the_cause_of_a_later_death() -> None:
    run = watch()
    run.read(
        b'Epoch 1/9\nTraceback (most recent call last):\n  File "a.py", line 1\nValueError: caught\n', 5.0
    )
    run.read(b"Epoch 2/9\nEpoch 3/9\n", 10.0)
    told = kinds(run.ended(Exit(signal=9), 20.0), "notification")[0]
    assert told.data["problem"]["class"] == "killed"


@pytest.mark.rule("W2.8")
def test_a_stall_is_asked_about_and_over_when_progress_returns() -> None:
    run = watch(stall_floor_s=60)
    for n in range(1, 30):
        run.read(f"step {n}/1000 loss=0.5\n".encode(), float(n))
    due = run.due(29.0)
    assert due is not None
    looked: list[Event] = []
    now = 29.0
    while run.question is None and now < 1000:
        now = run.due(now) or 1000.0
        looked += run.look(now)
    assert kinds(looked, "question")[0].data["problems"][0]["signature"] == "hang.no_progress"
    resumed = run.read(b"step 30/1000 loss=0.5\n", now + 5)
    assert kinds(resumed, "answer")[0].data["choice"] == "continue"
    assert run.phase != "paused"


def test_a_loss_that_stays_nan_interrupts_or_asks_as_the_policy_says() -> None:
    log = b"".join(f"step {n} loss: nan\n".encode() for n in range(40))
    assert kinds(watch().read(log, 9.0), "interrupt")
    asking = watch(non_finite="ask")
    events = asking.read(log, 9.0)
    assert not kinds(events, "interrupt")
    assert kinds(events, "question")


def test_a_default_answer_is_given_at_its_time() -> None:
    run = watch(default_answer="continue", answer_after_s=100.0)
    run.read(b"Epoch 1/9\nConvergenceWarning: x\nEpoch 2/9\n", 5.0)
    run.look(30.0)
    assert run.due(31.0) == 130.0
    assert kinds(run.look(130.0), "answer")[0].data["by"] == "default"


@pytest.mark.rule("W0.2")
def test_a_replayed_watch_knows_what_the_first_one_knew() -> None:
    night = study(50, 30.0)
    first = watch()
    events = simulate(first, night, OK, 1600.0)
    again = replay(first.spec, events, [b"".join(data for _, data in night)], KNOWN)
    for known in ("state", "exit_code", "best", "trials", "check_ins", "phase", "records"):
        assert getattr(again.status(1600.0), known) == getattr(first.status(1600.0), known)


@pytest.mark.rule("W0.2")
@pytest.mark.parametrize("every_s", [30.0, 0.02])
def test_a_dense_log_is_replayed_to_the_same(every_s: float) -> None:
    """Megabytes between two events are read in bulk, each part at its time."""
    night = [
        (every_s * n, b"step %d/6000 loss=%.4f lr=0.001 note=%s\n" % (n, 1 + 9 / (n + 1), b"x" * 40))
        for n in range(6_000)
    ]
    first = watch(minor="ignore")
    first.started(0.0)
    for t, line in night[:5_000]:
        first.read(line, t)
    now = every_s * 5_000
    events = [
        Event(t=0.0, kind="started", key="started"),
        Event(t=now, kind="note", key="note", offset=first.offset),
    ]
    again = replay(first.spec, events, [b"".join(data for _, data in night)], KNOWN)
    assert (again.offset, again.reader.lines) == (first.offset, first.reader.lines)
    ours, theirs = again.status(now), first.status(now)
    assert (ours.metrics, ours.best, ours.problems) == (theirs.metrics, theirs.best, theirs.problems)
    assert [(p.unit, p.current, p.total) for p in ours.progress] == [("step", 4_999.0, 6_000.0)]
    rate = ours.progress[0].rate_per_s
    assert rate == pytest.approx(1 / every_s, rel=0.05)


def test_exit_code_zero_after_a_fatal_word_is_no_success() -> None:
    run = watch(critical="ask")
    run.read(b"Epoch 1/9\nLoss is nan, stopping training\n", 5.0)
    run.ended(OK, 6.0)
    assert run.state == "failed"


def test_an_unknown_end_is_called_lost() -> None:
    run = watch()
    told = kinds(run.ended(Exit(), 6.0), "notification")[0]
    assert run.state == "lost"
    assert told.data["exit_code"] is None
