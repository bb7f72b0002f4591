"""What was started without us comes under watch: how it ends, who may be watched, what may stop it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import DEADLINE_S, kill, wait_for_end, wait_for_file, wait_in
from night import Night, Nights, tellings
from outside import FATAL, Outside, Outsiders

from overnight import app
from overnight.errors import CannotAttach, OvernightError, UsageError
from overnight.keeper import identity
from overnight.keeper.launch import attend
from overnight.watchman.start import ensure

LAST_PID = Path("/proc/sys/kernel/ns_last_pid")


def nobody_left(night: Night, nights: Nights) -> None:
    """Kill the watchman and both keepers."""
    night.until("started")
    nights.kill_watchman()
    for pid in night.keepers:
        kill(pid)


def ended(night: Night) -> dict[str, object]:
    """What was recorded of the end."""
    wait_for_file(night.folder / "exit.json")
    return json.loads((night.folder / "exit.json").read_text())


# ---------------------------------------------------------------- how it ends


@pytest.mark.rule("W0.2")
def test_the_exit_code_of_a_process_that_is_not_ours_is_known(outsiders: Outsiders) -> None:
    one = outsiders.start()
    night = one.attach()
    one.progress(2, 3)
    one.end(57)
    assert night.until("ended").data["state"] == "failed"
    night.closed()
    status = app.status(night.id)
    assert (status.exit_code, status.signal, status.progress[0].current) == (57, None, 3)
    assert status.log == str(one.log)
    assert (night.folder / "report.html").exists()
    assert [row["kind"] for row in tellings(night.home)] == ["failure"]
    assert [event.kind for event in night.events()][:2] == ["attached", "started"]
    for pid in night.keepers:
        wait_for_end(pid)


def test_a_signal_that_ended_it_is_known(outsiders: Outsiders) -> None:
    one = outsiders.start()
    night = one.attach()
    one.kill(signal.SIGKILL)
    assert (ended(night)["code"], ended(night)["signal"]) == (None, 9)


@pytest.mark.parametrize("code", [0, 3])
def test_the_code_of_one_whose_parent_never_asks_is_known(outsiders: Outsiders, code: int) -> None:
    one = outsiders.start()
    night = one.attach()
    one.end(code, reap=False)
    assert ended(night)["code"] == code


@pytest.mark.rule("W0.2")
def test_an_end_while_the_watchman_is_dead_is_recorded_and_told_by_the_next(
    outsiders: Outsiders, nights: Nights
) -> None:
    one = outsiders.start()
    night = one.attach()
    night.until("started")
    nights.kill_watchman()
    one.progress(2)
    one.end(57)
    assert ended(night)["by"] == "inner"
    ensure(str(nights.home.path))
    night.closed()
    assert app.status(night.id).exit_code == 57
    assert app.status(night.id).progress[0].current == 2
    assert [row["kind"] for row in tellings(nights.home)] == ["failure"]


@pytest.mark.rule("W0.2")
@pytest.mark.parametrize("victims", [[0], [1], [0, 1]])
def test_the_code_outlives_killed_keepers(outsiders: Outsiders, victims: list[int]) -> None:
    one = outsiders.start()
    night = one.attach()
    night.until("started")
    for place in victims:
        kill(night.keepers[place])
    assert app.status(night.id).state == "running"
    one.end(57)
    assert ended(night)["code"] == 57
    assert ended(night)["by"] == {(0,): "inner", (1,): "outer", (0, 1): "watchman"}[tuple(victims)]
    night.closed()


@pytest.mark.rule("W0.2")
def test_with_nobody_left_the_code_is_null_and_never_invented(outsiders: Outsiders, nights: Nights) -> None:
    one = outsiders.start()
    night = one.attach()
    nobody_left(night, nights)
    one.end(57)
    ensure(str(nights.home.path))
    assert (ended(night)["code"], ended(night)["signal"]) == (None, None)
    assert night.until("ended").data["state"] == "lost"
    night.closed()


def test_after_a_reboot_it_is_gone_and_its_code_unknown(outsiders: Outsiders, nights: Nights) -> None:
    one = outsiders.start()
    night = one.attach()
    nobody_left(night, nights)
    record = night.folder / "start.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "boot_id": "of-the-boot-before"}))
    assert app.rebuild() == 1
    assert "reboot" in str(ended(night)["note"])
    assert ended(night)["code"] is None
    night.closed()
    assert app.rebuild() == 1
    assert one.process.poll() is None  # whatever has that number now is left alone


# ---------------------------------------------------------------- who may be watched


def refused(pid: int, code: str) -> str:
    """The sentence with which it is refused; nothing is left behind."""
    before = len(app.list_runs())
    with pytest.raises(CannotAttach) as caught:
        app.attach(pid)
    assert caught.value.code == code
    assert len(app.list_runs()) == before
    return str(caught.value)


def test_who_is_gone_or_a_zombie_is_refused(outsiders: Outsiders) -> None:
    one = outsiders.start()
    one.end(0, reap=False)
    assert "ended already" in refused(one.process.pid, "process_ended")
    one.process.wait(DEADLINE_S)
    assert "no process" in refused(one.process.pid, "no_such_process")
    refused(2**40, "no_such_process")


def test_the_first_process_and_ourselves_are_refused() -> None:
    refused(1, "process_init")
    refused(os.getpid(), "process_ours")


def test_a_process_of_the_kernel_is_refused() -> None:
    parent_of_all = 2
    status = Path(f"/proc/{parent_of_all}/status")
    if not status.exists() or "\nKthread:\t1" not in status.read_text():
        pytest.skip("no process of the kernel is seen here")
    refused(parent_of_all, "process_kernel")


def test_our_own_processes_are_refused(outsiders: Outsiders, nights: Nights) -> None:
    night = outsiders.start().attach()
    for pid in (*night.keepers, nights.watchman):
        assert "overnight's own" in refused(pid, "process_ours")


def test_what_is_watched_already_is_said_with_its_run(outsiders: Outsiders, nights: Nights) -> None:
    one = outsiders.start()
    night = one.attach()
    assert night.id in refused(one.process.pid, "already_watched")
    own = nights.puppet().night
    assert own.id in refused(own.pid, "already_watched")


AS_SOMEBODY = """
import os, sys
from overnight.keeper.stranger import look
os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)
try:
    look(int(sys.argv[1]))
except Exception as error:
    print(getattr(error, "code", repr(error)))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")
def test_a_process_of_another_user_is_refused(outsiders: Outsiders, tmp_path: Path) -> None:
    one = outsiders.start()
    words = [sys.executable, "-c", AS_SOMEBODY, str(one.process.pid)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd="/")
    assert done.stdout.strip() == "process_foreign", done.stderr
    theirs = subprocess.Popen(["cat"], stdin=subprocess.PIPE, user=65534)
    try:
        assert "another user" in refused(theirs.pid, "process_foreign")
    finally:
        theirs.kill()
        theirs.communicate()


@pytest.mark.skipif(not os.access(LAST_PID, os.W_OK), reason="choosing the next pid needs root (ns_last_pid)")
def test_a_number_that_was_given_out_again_is_another_process(outsiders: Outsiders, nights: Nights) -> None:
    one = outsiders.start()
    pid, ticks = one.process.pid, identity.start_ticks(one.process.pid)
    assert ticks is not None
    one.end(0)
    for _ in range(50):
        LAST_PID.write_text(str(pid - 1))
        other = outsiders.start()
        if other.process.pid == pid and identity.start_ticks(pid) != ticks:
            break
    else:
        raise AssertionError("the number could not be had again")
    with pytest.raises(CannotAttach) as caught:
        attend(str(nights.home.new_folder()), pid, ticks, identity.boot_id())
    assert caught.value.code == "no_such_process"
    night = other.attach()  # the one that has the number now is watched as itself
    other.end(5)
    assert ended(night)["code"] == 5


# ---------------------------------------------------------------- what may stop it


@pytest.mark.rule("W3.4")
def test_a_critical_error_asks_and_stops_nothing(outsiders: Outsiders) -> None:
    one = outsiders.start()
    night = one.attach()
    night.until("started")
    one.say(FATAL)
    question = night.until("question")
    assert question.data["problems"][0]["signature"] == "gpu.xid79"
    assert night.events("interrupt") == []
    app.answer(night.id, "continue")
    one.end(0)
    night.closed()


@pytest.mark.rule("W3.4")
def test_with_interrupt_a_critical_error_stops_it(outsiders: Outsiders) -> None:
    one = outsiders.start()
    night = one.attach(interrupt=True)
    night.until("started")
    one.say(FATAL)
    assert night.until("stopped_tree").data["signals"] == ["SIGINT"]
    assert one.process.wait(DEADLINE_S) == 130
    assert night.until("ended").data["state"] == "failed"
    assert "checkpoint saved" in one.log.read_text()


def test_a_person_stops_it_with_all_that_it_started(outsiders: Outsiders, nights: Nights) -> None:
    deaf = "(trap '' INT TERM; echo child $BASHPID; read x <> pipe)"
    script = f"trap '' INT; {deaf} & echo ready; trap 'exit 9' TERM; wait"
    os.mkfifo(outsiders.folder / "pipe")
    log = outsiders.folder / "sh.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            ["bash", "-c", script], stdout=file, cwd=outsiders.folder, start_new_session=False
        )
    wait_in(outsiders.folder, lambda: b"child " in log.read_bytes() and b"ready" in log.read_bytes())
    child = int(next(line for line in log.read_text().splitlines() if line.startswith("child")).split()[1])
    night = Outside(Night(nights.home, outsiders.folder), -1, process, log).attach(
        policy={"grace_s": [0.3, 0.3]}
    )
    done = app.stop(night.id)
    assert done.signals == ["SIGINT", "SIGTERM", "SIGKILL"]
    assert done.survivors == []
    wait_for_end(child)
    assert process.wait(DEADLINE_S) == 9
    assert night.until("ended").data["state"] == "stopped"


def test_a_relaunch_has_its_command_folder_and_environment(
    outsiders: Outsiders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_FIRST", "only there")
    one = outsiders.start()
    monkeypatch.delenv("OF_THE_FIRST")
    night = one.attach()
    one.end(1)
    night.until("ended")
    assert night.run.spec().attached.env is not None
    assert (night.folder / "spec.json").stat().st_mode & 0o777 == 0o600
    again = app.relaunch(night.id, argv=["sh", "-c", "echo $OF_THE_FIRST; pwd; exit 4"])
    result = app.wait(again.id, until="end")
    assert result.status.exit_code == 4
    assert app.read_log(again.id) == ["only there", os.getcwd()]
    assert result.status.changed == ["command: sh -c echo $OF_THE_FIRST; pwd; exit 4"]
    assert result.status.replaces == night.id


REWRITES = """
import ctypes
fields = open("/proc/self/stat").read().rpartition(")")[2].split()
begin, end = int(fields[45]), int(fields[46])
ctypes.memset(begin, ord("x"), end - begin)
print("ready", flush=True)
input()
"""


def test_one_that_rewrote_its_command_line_is_watched_and_not_started_again(nights: Nights) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", REWRITES],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    done = app.attach(process.pid)
    assert (done.relaunch, done.log, done.no_log) == (False, None, "a pipe")
    process.communicate(b"\n")
    night = Night(nights.home, Path(done.path))
    assert night.until("ended").data["state"] == "succeeded"
    with pytest.raises(OvernightError) as caught:
        app.relaunch(done.run, argv=["true"])
    assert caught.value.code == "cannot_relaunch"
    night.closed()


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(UsageError):
        app.attach()
    with pytest.raises(UsageError):
        app.attach(log="/etc/passwd", interrupt=True)
    with pytest.raises(OvernightError) as caught:
        app.attach(log="/no/such/train.log")
    assert caught.value.code == "log_unreadable"
