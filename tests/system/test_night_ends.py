"""Nights that end: well, at their start, by a signal, for want of memory, by a person's hand.

Real programs under a real watchman; the quick schedule is the usual one, a hundred times faster.
"""

import os
import time

import pytest
from night import QUICK, Nights, tellings

from overnight import app
from overnight.errors import AlreadyEnded

TOLD_IN_S = 2.0
"""The promise: a traceback at the start is told in under two seconds."""


@pytest.mark.rule("W1.3", "W2.1", "W2.2", "W2.3", "W3.1", "W4.1")
def test_a_good_night_is_checked_on_schedule_and_tells_nobody_before_its_end(nights: Nights) -> None:
    night = nights.program("training", "250")
    checks = [night.until("check_in", n) for n in (1, 2, 3)]
    for check, due in zip(checks, QUICK, strict=False):
        assert check.t >= due
    assert checks[2].t >= QUICK[1] + QUICK[2]
    status = night.status(lambda s: s.check_ins >= 3)
    assert status.verdict == "ok"
    assert status.first_logs == "valid"
    assert "epoch" in {p.unit for p in status.progress}
    assert night.events("notification") == []
    night.closed()
    assert [row["kind"] for row in tellings(nights.home)] == ["success"]


@pytest.mark.rule("W3.5", "W4.2")
@pytest.mark.usefixtures("plots")
def test_a_success_is_reported_and_told_once_with_its_result(nights: Nights) -> None:
    results = nights.cwd / "RESULTS.md"
    results.write_text("# My results\n")
    night = nights.program(
        "training", "12", results=str(results), goal={"direction": "minimize", "metric": "val_loss"}
    )
    night.closed()
    kinds = [event.kind for event in night.events()]
    assert kinds.index("ended") < kinds.index("report") < kinds.index("told")
    status = night.status(lambda s: s.state == "succeeded")
    assert status.exit_code == 0
    assert status.best is not None
    assert status.best.value == pytest.approx(0.1)
    assert status.report is not None
    page = (night.folder / "report.html").read_text()
    assert "training" in page
    assert 'aria-label="' in page.partition("<svg")[2]
    assert night.id in results.read_text()
    assert [row["kind"] for row in tellings(nights.home)] == ["success"]


@pytest.mark.rule("W1.3", "W3.4", "W4.2")
def test_a_traceback_at_the_start_is_told_at_once(nights: Nights) -> None:
    nights.program(
        "training", "1"
    ).closed()  # the watchman is awake, as it is in the second run of an evening
    began = time.monotonic()
    night = nights.program("broken_start")
    telling = night.telling("failure")
    assert time.monotonic() - began < TOLD_IN_S
    assert telling["problem"]["class"] == "dependency_ModuleNotFoundError"
    assert "numpy_of_another_environment" in telling["problem"]["text"]
    assert telling["exit_code"] == 1
    assert night.until("first_logs").data["result"] == "invalid"
    assert night.events("check_in") == []
    night.closed()
    assert [row["kind"] for row in tellings(nights.home)] == ["success", "failure"]


@pytest.mark.rule("W3.4")
def test_the_very_first_run_of_a_home_is_told_as_quickly(nights: Nights) -> None:
    began = time.monotonic()
    night = nights.program("broken_start")
    night.telling("failure")
    assert time.monotonic() - began < TOLD_IN_S


@pytest.mark.rule("W3.4")
def test_a_failure_is_told_before_its_report_is_made(nights: Nights) -> None:
    night = nights.program("broken_start")
    night.closed()
    kinds = [event.kind for event in night.events()]
    assert kinds.index("told") < kinds.index("report")


@pytest.mark.rule("W3.4")
def test_a_segmentation_fault_is_named(nights: Nights) -> None:
    night = nights.program("segfault")
    telling = night.telling("failure")
    assert (telling["exit_code"], telling["signal"]) == (None, 11)
    assert telling["problem"]["class"] == "segfault"
    night.closed()


@pytest.mark.rule("W3.4")
def test_a_memory_limit_is_named(nights: Nights) -> None:
    night = nights.program("memory")
    telling = night.telling("failure")
    assert telling["exit_code"] == 1
    assert "MemoryError" in telling["problem"]["text"]
    assert "oom" in telling["problem"]["class"] or "MemoryError" in telling["problem"]["class"]
    night.closed()


def test_a_person_stops_it_and_nobody_is_told(nights: Nights) -> None:
    puppet = nights.puppet()
    puppet.night.until("started")
    done = app.stop(puppet.night.id)
    assert done.signals == ["SIGINT"]
    assert done.survivors == []
    assert "checkpoint saved" in puppet.night.log.read_text()
    status = puppet.night.status(lambda s: s.state == "stopped")
    assert status.exit_code == 130
    puppet.night.closed()
    assert tellings(nights.home) == []
    with pytest.raises(AlreadyEnded):
        app.stop(puppet.night.id)


@pytest.mark.rule("W2.5", "W2.6", "W5.2", "W5.3")
def test_chained_waits_lose_nothing_and_repeat_nothing(nights: Nights) -> None:
    puppet = nights.puppet()
    puppet.progress(2, 3)
    first = app.wait(puppet.night.id, 20, reader="ann")
    assert first.exit_status == 3
    puppet.progress(4)
    second = app.wait(puppet.night.id, 20, reader="ann")
    assert second.status.check_ins > first.status.check_ins
    other = app.wait(puppet.night.id, 20, reader="bob")
    assert other.status.check_ins >= second.status.check_ins
    puppet.end(0)
    last = app.wait(puppet.night.id, 20, until="end", reader="ann")
    assert last.exit_status == 0
    assert last.status.state == "succeeded"
    assert app.wait(puppet.night.id, 20, reader="ann").exit_status == 0


@pytest.mark.rule("W2.4")
def test_the_watch_goes_on_for_as_long_as_the_run(nights: Nights) -> None:
    puppet = nights.puppet(schedule=(0.1, 0.2, 0.05))
    puppet.night.until("check_in", 50)
    assert puppet.night.run.status().state == "running"
    puppet.end()
    assert puppet.night.until("ended").data["state"] == "succeeded"


def test_resources_are_sampled_at_check_ins(nights: Nights) -> None:
    puppet = nights.puppet()
    puppet.night.until("check_in", 2)
    status = puppet.night.status(lambda s: s.sample is not None)
    assert status.sample.rss_bytes > 1 << 20
    assert status.sample.processes == 1
    assert status.sample.disk_free_bytes > 0
    samples = puppet.night.events("sample")
    assert samples[0].data["cpu_s"] is not None
    puppet.end()


@pytest.mark.rule("W2.6")
def test_the_last_line_before_the_end_is_understood_however_close_they_are(nights: Nights) -> None:
    """Lines are read while nobody is woken for them; the one that comes with the end must not be left behind."""
    lines = 'for n in 1 2 3 4 5; do echo "epoch $n/400"; read -t 0.$(($1 + n)); done < gate'
    script = f'{lines}; echo "epoch $((300 + $1))/400"'
    os.mkfifo(nights.cwd / "gate")
    gate = os.open(nights.cwd / "gate", os.O_RDWR)
    started = [nights.start("bash", "-c", script, "-", str(place)) for place in range(12)]
    for place, night in enumerate(started):
        night.until("ended")
        status = night.status(lambda seen: seen.state == "succeeded")
        assert [(seen.unit, seen.current) for seen in status.progress] == [("epoch", 300 + place)]
    os.close(gate)
