"""The watch over what was started without us, in virtual time."""

import msgspec
import pytest

from overnight import catalog
from overnight.core.decide import hands_off
from overnight.core.model import Attached, Event, Exit, Policy, Spec
from overnight.core.replay import log_place, replay
from overnight.core.watch import Watch

KNOWN = catalog.load()
FATAL = b"NVRM: Xid (PCI:0000:18:00): 79, pid=1234, GPU has fallen off the bus.\n"
PAST = b"".join(b"Epoch %d/100 - loss: %.4f\n" % (n, 1 / n) for n in range(1, 41))
BEGUN = 4000.0


def watch(past: bytes = PAST, *, pid: int | None = 7, interrupt: bool = False) -> Watch:
    """The watch at the moment of the attach, `BEGUN` seconds after the process started."""
    attached = Attached(
        pid=pid, log="/train.log", past_bytes=len(past), after_s=BEGUN, interrupt=interrupt, quiet_s=300.0
    )
    spec = Spec(run="k3f9", argv=["train"], cwd="/", token="t", created_at=0.0, attached=attached)
    event = Event(t=BEGUN, kind="attached", key="attached", offset=len(past))
    return replay(spec, [event], [past], KNOWN)


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events]


@pytest.mark.rule("W2.1", "W2.2", "W2.3")
def test_the_schedule_counts_from_the_attach() -> None:
    one, seen = watch(), []
    while len(seen) < 4:
        due = one.due(BEGUN)
        assert due is not None
        seen += [event.t - BEGUN for event in one.look(due) if event.kind == "check_in"]
    assert seen == [30, 90, 390, 690]


@pytest.mark.rule("W2.8")
def test_the_past_gives_progress_with_its_rate() -> None:
    status = watch().status(BEGUN)
    assert (status.progress[0].current, status.first_logs) == (40, "valid")
    assert status.progress[0].rate_per_s == pytest.approx(40 / BEGUN, rel=0.2)
    assert status.elapsed_s == BEGUN


@pytest.mark.parametrize("interrupt", [False, True])
def test_what_was_wrong_before_is_known_and_acted_on_only_when_it_comes_again(interrupt: bool) -> None:
    one = watch(PAST + FATAL, interrupt=interrupt)
    assert [p.signature for p in one.status(BEGUN).problems] == ["gpu.xid79"]
    assert one.verdict() == "ok"
    assert "question" not in kinds(one.look(BEGUN + 31) + one.look(BEGUN + 91))
    assert one.verdict() == "ok"
    events = one.read(FATAL, BEGUN + 100)
    assert ("interrupt" in kinds(events), "question" in kinds(events)) == (interrupt, not interrupt)


def test_a_loss_that_was_nan_before_and_is_finite_now_alarms_nobody() -> None:
    lost = b"".join(b"step %d loss: nan\n" % n for n in range(30))
    one = watch(lost)
    assert kinds(one.read(b"step 31 loss: 0.5\nstep 32 loss: 0.4\n", BEGUN + 1)) == []
    assert "question" not in kinds(one.look(BEGUN + 31))
    again = b"".join(b"step %d loss: nan\n" % n for n in range(40, 60))
    assert "question" in kinds(one.read(again, BEGUN + 40) + one.look(BEGUN + 91))


def test_hands_off_asks_wherever_it_would_have_stopped_by_itself() -> None:
    bold = Policy(
        stall="interrupt", signatures={"a": "interrupt", "b": "ignore"}, default_answer="stop", minor="ignore"
    )
    asks = hands_off(bold)
    assert (asks.critical, asks.non_finite, asks.stall) == ("ask", "ask", "ask")
    assert asks.signatures == {"a": "ask", "b": "ignore"}
    assert (asks.default_answer, asks.minor) == (None, "ignore")
    assert hands_off(Policy(default_answer="continue")).default_answer == "continue"
    assert hands_off(asks) == asks


def test_a_log_alone_is_over_when_it_says_so_and_is_silent() -> None:
    one = watch(pid=None)
    assert not one.log_over(BEGUN + 1e6)
    one.read(b"Training finished.\n", BEGUN + 10)
    assert not one.log_over(BEGUN + 309)
    assert one.log_over(BEGUN + 310)
    one.read(b"saving plots\n", BEGUN + 200)
    assert not one.log_over(BEGUN + 499)
    one.read(b"Epoch 41/100 - loss: 0.02\n", BEGUN + 300)
    assert not one.log_over(BEGUN + 1e6)  # it was not the end


def test_a_process_is_over_when_it_has_ended_and_not_before() -> None:
    one = watch()
    one.read(b"Training finished.\n", BEGUN + 10)
    assert not one.log_over(BEGUN + 1e6)


@pytest.mark.parametrize(
    ("said", "state"),
    [(b"", "lost"), (b"Training finished.\n", "succeeded"), (b"Training finished.\n" + FATAL, "failed")],
)
def test_an_end_without_a_code_is_judged_by_the_log_and_the_code_stays_unknown(
    said: bytes, state: str
) -> None:
    one = watch()
    one.read(said, BEGUN + 10)
    one.ended(Exit(note="nobody told"), BEGUN + 20)
    status = one.status(BEGUN + 20)
    assert (status.state, status.exit_code, status.signal) == (state, None, None)


def test_the_environment_it_had_stays_in_the_house() -> None:
    attached = Attached(pid=7, env={"WANDB_API_KEY": "0123456789abcdef0123"})
    spec = Spec(run="k3f9", argv=["train"], cwd="/", token="t", created_at=0.0, attached=attached)
    one = Watch(spec, KNOWN)
    one.read(b"RuntimeError: key 0123456789abcdef0123 refused\n", 1.0)
    one.ended(Exit(code=1), 2.0)
    assert "0123456789abcdef0123" not in str(msgspec.to_builtins(one.status(2.0)))


def test_where_the_log_stands_is_told_by_the_last_turn() -> None:
    notes = [
        Event(t=0, kind="note", key=f"n{n}", data={"log_file": f"1:{n}", "log_base": n}) for n in (10, 30)
    ]
    assert log_place([*notes, Event(t=0, kind="note", key="other", data={"text": "x"})]) == ("1:30", 30)
    assert log_place([]) is None
