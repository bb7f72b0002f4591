"""kill -9 of the watchman in the midst of everything: the next one does what was not done, and nothing
twice."""

import pytest
from night import Nights, tellings
from test_night_problems import FATAL, MINOR, paused

from overnight import app
from overnight.watchman.start import ensure, ensure_if_needed, needs_watching


@pytest.mark.rule("W0.2")
def test_killed_while_the_run_goes_well(nights: Nights) -> None:
    puppet = nights.puppet()
    puppet.night.until("check_in", 2)
    nights.kill_watchman()
    puppet.progress(2, 3, 4)
    app.status(puppet.night.id)
    puppet.night.until("adopted")
    checks = len(puppet.night.events("check_in"))
    puppet.night.until("check_in", checks + 1)
    assert puppet.night.status(lambda s: bool(s.progress)).progress[0].current == 4
    puppet.end()
    puppet.night.closed()
    assert len(puppet.night.events("started")) == 1
    assert [row["kind"] for row in tellings(nights.home)] == ["success"]


@pytest.mark.rule("W0.2")
def test_killed_and_the_run_ends_unwatched(nights: Nights) -> None:
    night = nights.program("broken_start")
    nights.kill_watchman()
    night_two = nights.program("training", "3")  # the next `run` is enough to have the first one looked after
    night.closed()
    night_two.closed()
    assert night.telling("failure")["problem"]["class"] == "dependency_ModuleNotFoundError"
    assert sorted(row["kind"] for row in tellings(nights.home)) == ["failure", "success"]


@pytest.mark.rule("W0.2", "W3.3")
def test_killed_while_a_question_is_open(nights: Nights) -> None:
    puppet = paused(nights)
    nights.kill_watchman()
    app.answer(puppet.night.id, "continue", "ann")
    puppet.night.until("answer")
    checks = len(puppet.night.events("check_in"))
    puppet.night.until("check_in", checks + 1)
    assert len(puppet.night.events("question")) == 1
    puppet.end()
    puppet.night.closed()
    assert [row["kind"] for row in tellings(nights.home)] == ["question", "success"]


@pytest.mark.rule("W0.2", "W3.4")
def test_killed_while_a_tree_is_being_stopped(nights: Nights) -> None:
    night = nights.program("stubborn", policy={"grace_s": [20.0, 0.5]})
    night.until("interrupt")
    nights.kill_watchman()
    assert night.events("stopped_tree") == []
    app.stop(night.id, grace=0.2)
    assert night.until("ended").data["state"] == "failed"
    night.closed()
    assert [row["kind"] for row in tellings(nights.home)] == ["failure"]


@pytest.mark.rule("W0.2", "W3.4")
def test_killed_before_a_critical_error_is_seen(nights: Nights) -> None:
    puppet = nights.puppet()
    puppet.progress(2)
    puppet.night.until("check_in")
    nights.kill_watchman()
    puppet.say(MINOR, FATAL)
    ensure(str(nights.home.path))
    assert puppet.night.until("ended").data["state"] == "failed"
    puppet.night.closed()
    assert "failure" in [row["kind"] for row in tellings(nights.home)]


@pytest.mark.rule("W0.2", "W3.5")
def test_killed_at_every_stage_of_the_end(nights: Nights) -> None:
    """Killed again at each event from the end on: in the end all of it was done once."""
    night = nights.program("training", "6")
    for stage in ("ended", "notification", "report"):
        night.until(stage)
        nights.kill_watchman()
        ensure_if_needed(str(nights.home.path))
    night.closed()
    for once in ("started", "ended", "report"):
        assert len(night.events(once)) == 1
    assert night.run.status().report is not None
    assert [row["kind"] for row in tellings(nights.home)] == ["success"]


@pytest.mark.rule("W0.2")
def test_whoever_waits_brings_the_watchman_back(nights: Nights) -> None:
    puppet = nights.puppet()
    puppet.night.until("check_in")
    first = nights.watchman
    with app.follow(puppet.night.id) as following:
        nights.kill_watchman()
        while not puppet.night.events("adopted"):
            assert following.wait(20)
    assert nights.watchman != first
    puppet.end()


def test_a_home_at_rest_needs_no_watchman(nights: Nights) -> None:
    night = nights.program("training", "2")
    night.closed()
    nights.kill_watchman()
    assert not needs_watching(str(nights.home.path))
    assert app.status(night.id).state == "succeeded"
    assert not ensure_if_needed(str(nights.home.path))


@pytest.mark.rule("W0.2", "W4.2")
@pytest.mark.parametrize(
    ("program", "first_stage", "second_stage", "told"),
    [
        ("nan_loss", "first_logs", "interrupt", ["failure"]),
        ("segfault", "started", "ended", ["failure"]),
        ("memory", "started", "ended", ["failure"]),
        ("broken_start", "started", "notification", ["failure"]),
        ("study", "started", "record", ["discovery", "success"]),
        ("flood", "first_logs", "problem", ["success"]),
        ("stubborn", "interrupt", "interrupt", ["failure"]),
    ],
)
def test_killed_twice_in_every_kind_of_night(
    nights: Nights, program: str, first_stage: str, second_stage: str, told: list[str]
) -> None:
    """Whatever happens when, it is told as it would have been, and once."""
    night = nights.program(program, policy={"minor": "ignore"})
    for stage in (first_stage, second_stage):
        night.until(stage)
        nights.kill_watchman()
        ensure(str(nights.home.path))
    night.closed()
    assert [row["kind"] for row in tellings(nights.home)] == told
    assert len({event.key for event in night.events()}) == len(night.events())
    if program == "flood":
        assert [p.count for p in night.run.status().problems if "overflow" in p.text] == [100_000]


@pytest.mark.rule("W0.2", "W2.8")
def test_killed_before_and_after_a_hang_is_found(nights: Nights) -> None:
    night = nights.program("hang", policy={"stall_floor_s": 2.0})
    night.until("check_in")
    nights.kill_watchman()
    ensure(str(nights.home.path))
    assert night.until("question").data["problems"][0]["signature"] == "hang.no_progress"
    nights.kill_watchman()
    app.stop(night.id)
    night.closed()
    assert [row["kind"] for row in tellings(nights.home)] == ["question"]
