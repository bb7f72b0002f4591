"""The log of what was attached: its past, what others do to it, and a log without a process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import DEADLINE_S, wait_in
from night import BRISK, QUICK, Night, Nights
from outside import FATAL, Outsiders

from overnight import app
from overnight.errors import AlreadyEnded, CannotAttach, OvernightError, Unreadable
from overnight.report.build import read
from overnight.watchman.start import ensure

OVERNIGHT = [sys.executable, "-m", "overnight"]


def epoch(night: Night, number: int) -> None:
    """Until the watch knows of that epoch."""
    night.status(lambda s: bool(s.progress) and s.progress[0].current == number)


def turned(night: Night, count: int = 1) -> None:
    """Until the log began anew so often."""
    night.until(lambda event: event.kind == "note" and "log_base" in event.data, count)


def append(log: Path, *lines: str) -> None:
    with log.open("a") as file:
        file.write("".join(line + "\n" for line in lines))


# ---------------------------------------------------------------- the past


@pytest.mark.rule("W2.7", "W3.4")
def test_the_past_is_known_and_alarms_nobody_the_present_does(outsiders: Outsiders) -> None:
    one = outsiders.start()
    one.say("Epoch 7/100 - loss: 0.300", FATAL)
    wait_in(outsiders.folder, lambda: FATAL in one.log.read_text())
    night = one.attach(interrupt=True)
    night.until("check_in", 2)
    status = night.status(lambda s: s.check_ins >= 2)
    assert [p.signature for p in status.problems] == ["gpu.xid79"]
    assert (status.verdict, status.progress[0].current) == ("ok", 7)
    assert night.events("question", "interrupt", "notification") == []
    one.say(FATAL)
    assert night.until("interrupt").data["problem"]["signature"] == "gpu.xid79"
    one.process.wait(DEADLINE_S)
    night.until("ended")
    night.closed()


def test_check_ins_count_from_the_attach_and_time_from_the_start(outsiders: Outsiders) -> None:
    one = outsiders.start()
    fd = os.pidfd_open(one.process.pid)
    night = one.attach()
    spec, start = night.run.spec(), night.run.start()
    assert spec.attached is not None
    assert start is not None
    assert night.until("attached").t == pytest.approx(spec.attached.after_s, abs=0.001)
    first = night.until("check_in").t
    assert QUICK[0] <= first - spec.attached.after_s < QUICK[0] + 1
    assert start.at < spec.created_at
    os.close(fd)


# ---------------------------------------------------------------- which log


def test_without_a_file_only_the_end_is_watched_and_that_is_said(outsiders: Outsiders) -> None:
    one = outsiders.start(out=subprocess.DEVNULL, err=subprocess.DEVNULL)
    done = app.attach(one.process.pid)
    assert (done.log, done.no_log, done.past_bytes) == (None, "/dev/null", 0)
    night = Night(one.night.home, Path(done.path))
    one.end(6)
    night.closed()
    assert app.status(done.run).exit_code == 6
    assert app.read_log(done.run) == []


def test_the_errors_count_where_the_output_is_no_file(outsiders: Outsiders) -> None:
    with (outsiders.folder / "err.log").open("wb") as file:
        one = outsiders.start(out=subprocess.DEVNULL, err=file)
    assert app.attach(one.process.pid).log == str(outsiders.folder / "err.log")


def test_a_second_file_that_is_not_read_is_named(outsiders: Outsiders) -> None:
    with (outsiders.folder / "err.log").open("wb") as file:
        one = outsiders.start(err=file)
    done = app.attach(one.process.pid)
    assert (done.log, done.unread) == (str(one.log), str(outsiders.folder / "err.log"))


# ---------------------------------------------------------------- what others do to it


def test_a_renamed_log_is_read_to_its_end_then_the_new_one(outsiders: Outsiders) -> None:
    one = outsiders.start()
    night = one.attach()
    one.progress(2)
    epoch(night, 2)
    one.log.rename(one.log.with_suffix(".log.1"))
    one.log.touch()
    one.progress(3)  # the process writes on into the old file
    epoch(night, 3)
    append(one.log, "Epoch 4/100 - loss: 0.25", FATAL)
    turned(night)
    epoch(night, 4)
    question = night.until("question")
    assert question.data["problems"][0]["count"] == 1
    one.end(0)
    night.closed()
    view = read(night.run)
    assert [(p.signature, p.count) for p in view.problems if p.severity == "critical"] == [("gpu.xid79", 1)]
    assert view.progress[0].current == 4


def test_a_log_that_is_cut_is_read_from_its_start(outsiders: Outsiders) -> None:
    one = outsiders.start()
    night = one.attach()
    one.progress(2, 3)
    epoch(night, 3)
    one.log.with_suffix(".copy").write_bytes(one.log.read_bytes())
    os.truncate(one.log, 0)
    turned(night)
    one.progress(4)
    epoch(night, 4)
    one.end(0)
    night.closed()
    assert app.read_log(night.id) == ["Epoch 4/100 - loss: 0.2500"]


def test_a_deleted_log_is_read_for_as_long_as_somebody_has_it(outsiders: Outsiders, nights: Nights) -> None:
    one = outsiders.start()
    night = one.attach()
    epoch(night, 1)
    one.log.unlink()
    one.progress(5)
    epoch(night, 5)
    nights.kill_watchman()
    one.progress(6)
    ensure(str(nights.home.path))
    epoch(night, 6)  # found behind the process's own descriptor
    one.end(0)
    night.closed()
    with pytest.raises(Unreadable, match="gone"):
        app.read_log(night.id)
    assert f"{one.log} (gone)" in (night.folder / "report.md").read_text()


def test_one_that_was_deleted_before_is_read_too(outsiders: Outsiders) -> None:
    one = outsiders.start()
    one.log.unlink()
    night = one.attach()
    one.progress(3)
    epoch(night, 3)
    assert night.run.spec().attached.log == str(one.log)


@pytest.mark.rule("W0.2")
def test_a_rename_while_the_watchman_is_dead_loses_and_doubles_nothing(
    outsiders: Outsiders, nights: Nights
) -> None:
    one = outsiders.start()
    night = one.attach(policy={"minor": "ignore", "critical": "ask"})
    one.progress(2)
    epoch(night, 2)
    nights.kill_watchman()
    append(one.log, FATAL)
    one.log.rename(one.log.with_suffix(".log.1"))
    append(one.log, "Epoch 4/100 - loss: 0.25", FATAL)
    ensure(str(nights.home.path))
    turned(night)
    epoch(night, 4)
    seen = night.status(lambda s: any(p.signature == "gpu.xid79" and p.count == 2 for p in s.problems))
    nights.kill_watchman()
    append(one.log, "Epoch 5/100 - loss: 0.20")
    ensure(str(nights.home.path))
    epoch(night, 5)
    after = night.status(lambda s: s.progress[0].current == 5)
    assert [p.count for p in after.problems] == [p.count for p in seen.problems]
    assert len(night.events("question")) == 1
    one.end(0)
    night.closed()


# ---------------------------------------------------------------- a log alone


@pytest.fixture
def log(outsiders: Outsiders) -> Path:
    """A log that somebody else writes."""
    path = outsiders.folder / "far.log"
    path.write_text("Epoch 1/3 - loss: 0.9\n")
    return path


def attached(nights: Nights, log: Path, **options: object) -> Night:
    done = app.attach(log=str(log), schedule=QUICK, policy=BRISK, **options)
    return Night(nights.home, Path(done.path))


def test_a_log_alone_is_watched_until_somebody_says_so(nights: Nights, log: Path) -> None:
    night = attached(nights, log)
    append(log, "Epoch 2/3 - loss: 0.5")
    epoch(night, 2)
    assert app.status(night.id).name == "far.log"
    assert app.wait(night.id, timeout_s=0, until="end").exit_status == 3
    with pytest.raises(CannotAttach, match=night.id):
        app.attach(log=str(log))
    assert app.stop(night.id).signals == []
    night.closed()
    status = app.status(night.id)
    assert (status.state, status.exit_code) == ("stopped", None)
    with pytest.raises(AlreadyEnded):
        app.stop(night.id)
    with pytest.raises(OvernightError) as caught:
        app.relaunch(night.id)
    assert caught.value.code == "cannot_relaunch"
    assert [gone.run for gone in app.prune(keep=0)] == [night.id]
    assert log.exists()


def test_a_log_that_says_it_is_done_and_is_silent_is_over(nights: Nights, log: Path) -> None:
    night = attached(nights, log, quiet_s=1.0)
    append(log, "Epoch 3/3 - loss: 0.4", "Training finished.")
    ended = night.until("ended")
    assert (ended.data["state"], ended.data["exit"]["code"]) == ("succeeded", None)
    assert "done" in ended.data["exit"]["note"]
    night.closed()
    assert night.telling("success")["exit_code"] is None


def test_a_critical_error_in_a_log_alone_asks(nights: Nights, log: Path) -> None:
    night = attached(nights, log)
    append(log, FATAL)
    assert night.until("question").data["choices"] == ["continue", "stop"]
    with pytest.raises(OvernightError) as caught:
        app.answer(night.id, "fix")
    assert caught.value.code == "cannot_relaunch"
    app.answer(night.id, "stop")
    assert night.until("ended").data["state"] == "stopped"


def test_a_log_alone_outlives_a_reboot_of_this_machine(nights: Nights, log: Path) -> None:
    night = attached(nights, log)
    night.until("check_in")
    nights.kill_watchman()
    record = night.folder / "start.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "boot_id": "of-the-boot-before"}))
    append(log, "Epoch 3/3 - loss: 0.4")
    ensure(str(nights.home.path))
    epoch(night, 3)
    assert app.status(night.id).state == "running"
    app.stop(night.id)
    night.closed()


# ---------------------------------------------------------------- the command line


def test_the_command_line_says_what_is_known_and_hostile_names_do_nothing(outsiders: Outsiders) -> None:
    one = outsiders.start("a\nb", "\x1b[31mred")
    done = subprocess.run(
        [*OVERNIGHT, "attach", str(one.process.pid)], capture_output=True, text=True, check=True
    )
    assert "off: a critical error asks" in done.stdout
    assert str(one.log) in done.stdout
    assert "(--interrupt" in done.stdout
    for words in (["ls"], ["status", "last"], ["report", "last"]):
        said = subprocess.run([*OVERNIGHT, *words], capture_output=True, text=True, check=True)
        assert "\x1b" not in done.stdout + said.stdout
    again = subprocess.run(
        [*OVERNIGHT, "attach", str(one.process.pid), "--json"], capture_output=True, text=True, check=False
    )
    assert again.returncode == 1
    assert json.loads(again.stdout or again.stderr)["error"]["code"] == "already_watched"
    one.end(0)


def test_facts_as_json_are_those_of_the_page(nights: Nights, log: Path) -> None:
    words = [*OVERNIGHT, "attach", "--log", str(log), "--json", "--name", "far", "--quiet", "60"]
    facts = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    assert (facts["pid"], facts["log"], facts["interrupt"], facts["relaunch"]) == (
        None,
        str(log),
        False,
        False,
    )
    assert facts["next"] == f"overnight wait {facts['run']}"
    assert any("overnight stop" in note for note in facts["notes"])
    assert app.status("far").run == facts["run"]
    app.stop("far")
