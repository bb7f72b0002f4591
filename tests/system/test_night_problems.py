"""Nights in which something is wrong: what is interrupted, what is asked, what is only counted, what is a
record."""

import os

import pytest
from helpers import wait_for_end
from night import Nights, Puppet, tellings

from overnight import app
from overnight.errors import AlreadyAnswered, NothingToAnswer

MINOR = "WARNING: CUDA is not available, falling back to CPU"
FATAL = "NVRM: Xid (PCI:0000:18:00): 79, pid=1234, GPU has fallen off the bus."


@pytest.mark.rule("W2.7", "W3.4", "W4.2")
def test_a_loss_that_stays_nan_is_interrupted_with_its_checkpoint_kept(nights: Nights) -> None:
    night = nights.program("nan_loss")
    interrupt = night.until("interrupt")
    assert interrupt.data["problem"]["class"] == "nan_loss"
    assert night.until("stopped_tree").data["signals"] == ["SIGINT"]
    assert night.until("ended").data["state"] == "failed"
    assert "checkpoint saved" in night.log.read_text()
    night.closed()
    assert [row["kind"] for row in tellings(nights.home)] == ["failure"]
    assert night.telling("failure")["interrupted"] is True


@pytest.mark.rule("W3.2", "W3.3")
def test_a_nan_loss_is_asked_about_where_the_policy_says_so(nights: Nights) -> None:
    night = nights.program("nan_loss", policy={"non_finite": "ask", "critical": "ask"})
    question = night.until("question")
    assert question.data["problems"][0]["class"] == "nan_loss"
    assert night.events("interrupt") == []
    app.stop(night.id)
    assert night.until("ended").data["state"] == "stopped"


@pytest.mark.rule("W2.8", "W3.2", "W3.3")
def test_a_hang_is_found_by_the_runs_own_rhythm(nights: Nights) -> None:
    night = nights.program("hang", policy={"stall_floor_s": 1.0})
    question = night.until("question")
    assert question.data["problems"][0]["signature"] == "hang.no_progress"
    assert night.status(lambda s: s.phase == "paused").progress[0].current == 40
    app.stop(night.id)
    night.closed()
    assert [row["kind"] for row in tellings(nights.home)] == ["question"]


@pytest.mark.rule("W3.4")
def test_a_command_that_ignores_sigint_is_ended_with_its_children(nights: Nights) -> None:
    night = nights.program("stubborn")
    stopped = night.until("stopped_tree").data
    assert stopped["signals"] == ["SIGINT", "SIGTERM", "SIGKILL"]
    assert stopped["survivors"] == []
    said = night.log.read_text().splitlines()[0]
    for pid in said.removeprefix("pids ").split():
        wait_for_end(int(pid))
    assert night.until("ended").data["state"] == "failed"
    night.closed()


@pytest.mark.rule("W2.7")
def test_a_flood_of_warnings_is_one_problem_counted_exactly(nights: Nights) -> None:
    night = nights.program("flood", policy={"minor": "ignore"})
    night.closed()
    status = night.status(lambda s: s.state == "succeeded")
    problems = [p for p in status.problems if "overflow" in p.text]
    assert [p.count for p in problems] == [100_000]
    assert problems[0].first_line == 2
    assert len(night.events("problem")) < 10
    assert [row["kind"] for row in tellings(nights.home)] == ["success"]


@pytest.mark.rule("W4.2")
def test_a_record_is_told(nights: Nights) -> None:
    night = nights.program("study")
    night.closed()
    assert [row["kind"] for row in tellings(nights.home)] == ["discovery", "success"]
    record = night.telling("discovery")["record"]
    assert record["best"]["value"] == pytest.approx(0.2)
    assert record["best"]["at"] == "trial 15"
    assert night.status(lambda s: s.state == "succeeded").trials["complete"] == 20


# ------------------------------------------------------------ questions and answers


def paused(nights: Nights) -> Puppet:
    """A run with a minor problem, asked about."""
    puppet = nights.puppet()
    puppet.progress(2, 3)
    puppet.say(MINOR)
    puppet.night.until("question")
    return puppet


@pytest.mark.rule("W3.2", "W3.3", "W4.2")
def test_a_minor_problem_pauses_the_watch_and_not_the_run(nights: Nights) -> None:
    puppet = paused(nights)
    status = puppet.night.status(lambda s: s.phase == "paused")
    assert status.question is not None
    assert status.question.choices == ("fix", "continue", "stop")
    assert status.next_check_in_s is None
    assert app.wait(puppet.night.id, 5, until="attention").exit_status == 4
    checks = len(puppet.night.events("check_in"))
    puppet.progress(4)
    puppet.night.status(lambda s: bool(s.progress) and s.progress[0].current == 4)
    assert len(puppet.night.events("check_in")) == checks
    puppet.end()
    assert puppet.night.until("ended").data["state"] == "succeeded"
    puppet.night.closed()
    assert [row["kind"] for row in tellings(nights.home)] == ["question", "success"]


@pytest.mark.rule("W3.3")
def test_answered_continue_it_goes_on_and_is_not_asked_again(nights: Nights) -> None:
    puppet = paused(nights)
    checks = len(puppet.night.events("check_in"))
    assert app.answer(puppet.night.id, "continue", "ann") is None
    assert puppet.night.until("answer").data["by"] == "ann"
    puppet.say(MINOR)
    puppet.night.until("check_in", checks + 1)
    assert len(puppet.night.events("question")) == 1
    with pytest.raises(AlreadyAnswered):
        app.answer(puppet.night.id, "stop", "bob")
    puppet.end()
    assert puppet.night.until("ended").data["state"] == "succeeded"


@pytest.mark.rule("W3.3")
def test_answered_fix_it_is_stopped_and_a_linked_run_takes_its_place(nights: Nights) -> None:
    puppet = paused(nights)
    new = app.answer(
        puppet.night.id, "fix", "ann", env={"BATCH": "16"}, argv=["sh", "-c", "echo batch $BATCH"]
    )
    assert new is not None
    assert puppet.night.until("ended").data["state"] == "stopped"
    assert "checkpoint saved" in puppet.night.log.read_text()
    status = app.wait(new.id, 20, until="end").status
    assert status.replaces == puppet.night.id
    assert status.state == "succeeded"
    assert any("BATCH=16" in change for change in status.changed)
    assert any("command" in change for change in status.changed)
    assert app.read_log(new.id) == ["batch 16"]


@pytest.mark.rule("W3.3")
def test_answered_stop_it_is_stopped(nights: Nights) -> None:
    puppet = paused(nights)
    app.answer(puppet.night.id, "stop", "ann")
    assert puppet.night.until("ended").data["state"] == "stopped"


@pytest.mark.rule("W3.3")
def test_nothing_can_be_answered_where_nothing_was_asked(nights: Nights) -> None:
    puppet = nights.puppet()
    with pytest.raises(NothingToAnswer):
        app.answer(puppet.night.id, "continue", "ann")
    puppet.end()


@pytest.mark.rule("W3.3")
def test_the_default_answer_is_taken_when_its_time_has_come(nights: Nights) -> None:
    puppet = nights.puppet(policy={"default_answer": "continue", "answer_after_s": 0.5})
    puppet.say(MINOR)
    question = puppet.night.until("question")
    answer = puppet.night.until("answer")
    assert answer.data["by"] == "default"
    assert answer.t >= round(question.t + 0.5, 3)  # both are whole milliseconds
    with pytest.raises(AlreadyAnswered):
        app.answer(puppet.night.id, "stop", "ann")
    puppet.end()


@pytest.mark.rule("W3.2", "W3.4")
def test_a_critical_error_gets_through_while_paused(nights: Nights) -> None:
    puppet = paused(nights)
    puppet.say(FATAL)
    interrupt = puppet.night.until("interrupt")
    assert interrupt.data["problem"]["signature"].startswith("gpu.")
    assert puppet.night.until("ended").data["state"] == "failed"
    puppet.night.closed()
    assert [row["kind"] for row in tellings(nights.home)] == ["question", "failure"]
    os.close(puppet.pipe)
