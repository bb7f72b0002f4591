"""Stopping a whole tree, and nothing but the tree."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from helpers import DEADLINE_S, Home, Run, kill, state_of, wait_for_end, wait_in

from overnight.keeper import identity, records
from overnight.keeper.stop import stop_tree
from overnight.keeper.tree import Look, Tree

pytestmark = pytest.mark.system

LONG = (DEADLINE_S, DEADLINE_S)
BACKGROUND = ["SIGINT", "SIGTERM"]
"""What it takes to end `command &` of a shell without job control: POSIX has it ignore SIGINT."""
CHECKPOINT = """
import time, signal
try:
    print("up", flush=True)
    signal.pause()
except KeyboardInterrupt:
    print("checkpoint saved", flush=True)
    raise SystemExit(5)
"""
DEAF = "import signal; signal.signal(2, signal.SIG_IGN); signal.signal(15, signal.SIG_IGN)"


def spawn_deaf(words: str) -> str:
    """Python source of a process that ignores SIGINT and SIGTERM and says its pid in words."""
    return f"{DEAF}; import os; print('{words}', os.getpid(), flush=True); signal.pause()"


def pids_said(run: Run, word: str) -> list[int]:
    run.said(word)
    return [int(line.split()[1]) for line in run.log.read_text().splitlines() if line.startswith(word)]


@pytest.mark.rule("W3.4")
def test_an_interrupt_comes_first_and_leaves_time_for_a_checkpoint(home: Home) -> None:
    run = home.launch(sys.executable, "-c", CHECKPOINT)
    run.said("up")
    report = stop_tree(str(run.folder), LONG)
    assert (report.signals, report.survivors, report.reached) == (["SIGINT"], [], 1)
    assert run.log.read_text() == "up\ncheckpoint saved\n"
    assert records.read_exit(str(run.folder))["code"] == 5  # type: ignore[index]  # recorded before stop returns


@pytest.mark.rule("W3.4")
def test_terminate_follows_for_who_ignores_interrupts(home: Home) -> None:
    run = home.sh("trap '' INT; echo up; while :; do sleep 1000; done")
    run.said("up")
    report = stop_tree(str(run.folder), (0.2, DEADLINE_S))
    assert (report.signals, report.survivors) == (["SIGINT", "SIGTERM"], [])
    assert run.wait()["signal"] == signal.SIGTERM


@pytest.mark.rule("W3.4")
def test_a_deaf_command_and_its_deaf_children_in_sessions_of_their_own(home: Home) -> None:
    child = f"import os; os.setsid(); {spawn_deaf('child')}"
    script = (
        f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}], env={{}});"
        f" subprocess.Popen([sys.executable, '-c', {child!r}]); {spawn_deaf('parent')}"
    )
    run = home.launch(sys.executable, "-c", script)
    run.said("parent")
    wait_in(run.folder, lambda: run.log.read_text().count("child") == 2)
    pids = pids_said(run, "child")
    report = stop_tree(str(run.folder), (0.2, 0.2))
    assert (report.signals, report.survivors, report.reached) == (["SIGINT", "SIGTERM", "SIGKILL"], [], 3)
    assert run.wait()["signal"] == signal.SIGKILL
    for pid in pids:
        wait_for_end(pid)


def test_a_child_that_fled_and_cleared_its_environment_is_found_below_the_outer_keeper(home: Home) -> None:
    run = home.sh("env -i setsid sh -c 'echo stray $$; exec sleep 1000' & exit 0")
    run.wait()
    (stray,) = pids_said(run, "stray")
    wait_for_end(run.keepers[1])
    report = stop_tree(str(run.folder), (0.1, DEADLINE_S))
    assert (report.signals, report.survivors, report.reached) == (BACKGROUND, [], 1)
    wait_for_end(stray)
    wait_for_end(run.keepers[0])


def test_a_stray_is_found_by_its_token_when_both_keepers_are_dead(home: Home) -> None:
    run = home.sh("setsid sh -c 'echo stray $$; exec sleep 1000' & read never < /dev/null; exec sleep 1000")
    (stray,) = pids_said(run, "stray")
    for pid in run.keepers:
        kill(pid)
    report = stop_tree(str(run.folder), (0.1, DEADLINE_S))
    assert (report.signals, report.survivors, report.reached) == (BACKGROUND, [], 2)
    wait_for_end(stray)
    wait_for_end(run.started.pid)


def test_a_stopped_process_is_continued_so_that_it_can_end(home: Home) -> None:
    script = (
        f"import os, subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {CHECKPOINT!r}]);"
        "p.send_signal(19); os.waitid(os.P_PID, p.pid, os.WSTOPPED);"
        "print('stopped', flush=True); sys.exit(p.wait())"
    )
    run = home.launch(sys.executable, "-c", "import signal; signal.signal(2, lambda *_: None)\n" + script)
    run.said("stopped")
    report = stop_tree(str(run.folder), LONG)
    assert (report.signals, report.survivors, report.reached) == (["SIGINT"], [], 2)


def test_what_is_forked_during_the_grace_is_told_too(home: Home) -> None:
    script = "trap 'setsid sleep 1000 & exit 0' INT; echo up; while :; do sleep 1000 & wait; done"
    run = home.sh(script)
    run.said("up")
    report = stop_tree(str(run.folder), (0.1, DEADLINE_S))
    assert report.survivors == []
    assert Tree(json.loads((run.folder / "start.json").read_text()), token_of(run)).members() == []


def token_of(run: Run) -> str:
    return str(json.loads((run.folder / "spec.json").read_text())["token"])


def test_a_run_started_inside_a_run_is_a_run_of_its_own(home: Home) -> None:
    """Stopping the outer one leaves the inner one and its keepers alone, though they descend from it."""
    folder = home.new_folder()
    script = (
        "import os, signal; from overnight.keeper.launch import launch;"
        f"launch({str(folder)!r}, ['sleep', '1000'], '/', dict(os.environ));"
        "print('up', flush=True); signal.pause()"
    )
    outer = home.launch(sys.executable, "-c", script, PYTHONPATH=os.pathsep.join(sys.path))
    outer.said("up")
    report = stop_tree(str(outer.folder), LONG)
    assert (report.reached, report.survivors) == (1, [])
    assert state_of(str(folder)) == "running"
    assert stop_tree(str(folder), LONG).reached == 1


def test_stopping_from_inside_the_tree_does_not_stop_the_stopper(home: Home) -> None:
    script = (
        "import os, subprocess; from overnight.keeper.stop import stop_tree;"
        "p = subprocess.Popen(['sleep', '1000']); print(stop_tree(os.environ['DIR'], (30, 30)), flush=True);"
        "print('rc', p.wait(), flush=True)"
    )
    folder = home.runs / "t001"
    run = home.launch(sys.executable, "-c", script, PYTHONPATH=os.pathsep.join(sys.path), DIR=str(folder))
    assert run.wait()["code"] == 0
    assert f"rc {-signal.SIGINT}" in run.log.read_text()


def test_two_stops_at_once_agree(home: Home) -> None:
    run = home.launch(sys.executable, "-c", CHECKPOINT)
    run.said("up")
    reports: list[object] = []
    threads = [
        threading.Thread(target=lambda: reports.append(stop_tree(str(run.folder), LONG))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert len(reports) == 2
    assert run.exit is not None


def test_nobody_is_signalled_for_a_run_that_has_ended_or_never_began(home: Home) -> None:
    run = home.sh("exit 0")
    run.wait()
    wait_for_end(run.keepers[0])
    assert stop_tree(str(run.folder)).signals == []
    assert stop_tree(str(home.new_folder())).signals == []


@pytest.fixture
def bystander() -> "subprocess.Popen[bytes]":
    """A foreign process in a session of its own, alive at the end or the test fails."""
    process = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    yield process  # type: ignore[misc]  # pytest's way of a fixture with an end
    assert process.poll() is None, "a foreign process was signalled"
    process.kill()
    process.wait(DEADLINE_S)


def forged_run(home: Home, **changes: object) -> Path:
    folder = home.new_folder()
    start = {"boot_id": identity.boot_id(), "keepers": [], "at": 0.0, "boottime": 0.0, **changes}
    (folder / "start.json").write_text(json.dumps(start))
    return folder


def test_a_reused_pid_is_left_alone(home: Home, bystander: "subprocess.Popen[bytes]") -> None:
    """The number of the command and of a keeper now belongs to somebody else: other ticks."""
    ticks = identity.start_ticks(bystander.pid)
    assert ticks is not None
    others = [[bystander.pid, ticks - 1]]
    folder = forged_run(home, pid=bystander.pid, ticks=ticks - 1, keepers=others)
    assert stop_tree(str(folder), (0, 0)).signals == []
    assert state_of(str(folder)) == "gone"
    assert identity.open_pidfd(bystander.pid, ticks - 1, identity.boot_id()) is None


def test_a_pid_of_another_boot_is_left_alone(home: Home, bystander: "subprocess.Popen[bytes]") -> None:
    ticks = identity.start_ticks(bystander.pid)
    folder = forged_run(home, pid=bystander.pid, ticks=ticks, boot_id="00000000-0000-0000-0000-000000000000")
    assert stop_tree(str(folder), (0, 0)).signals == []
    assert state_of(str(folder)) == "gone"


LAST_PID = Path("/proc/sys/kernel/ns_last_pid")


def with_the_pid_of(run: Run) -> "subprocess.Popen[bytes]":
    """A process that got the ended command's number; tried again if others were faster."""
    for _ in range(50):
        LAST_PID.write_text(str(run.started.pid - 1))
        stranger = subprocess.Popen(["sleep", "1000"], start_new_session=True)
        if stranger.pid == run.started.pid and identity.start_ticks(stranger.pid) != run.started.ticks:
            return stranger
        stranger.kill()
        stranger.wait(DEADLINE_S)
    raise AssertionError("the number could not be had again")


@pytest.mark.skipif(not os.access(LAST_PID, os.W_OK), reason="choosing the next pid needs root (ns_last_pid)")
def test_a_pid_that_was_really_given_out_again_is_left_alone(home: Home) -> None:
    run = home.sh("exit 0")
    run.wait()
    wait_for_end(run.keepers[0])
    stranger = with_the_pid_of(run)
    try:
        assert stop_tree(str(run.folder), (0, 0)).signals == []
        assert identity.open_pidfd(run.started.pid, run.started.ticks, identity.boot_id()) is None
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait(DEADLINE_S)


AS_NOBODY = """
import json, os, sys
from overnight.keeper import stop
from overnight.store import files  # now: nobody may not read where it lies
stop.KILL_GRACE_S = stop.RECORD_GRACE_S = 0.1
os.chdir(sys.argv[1])
os.setresuid(65534, 65534, 65534)
report = stop.stop_tree(".", (0.1, 0.1))
print(report.signals, report.reached, [tuple(survivor) for survivor in report.survivors])
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user, who may not signal the run, needs root")
def test_who_may_not_be_signalled_is_reported_as_a_survivor(home: Home) -> None:
    run = home.launch("sleep", "1000")
    run.folder.chmod(0o755)
    for name in ("spec.json", "start.json"):
        (run.folder / name).chmod(0o644)
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(run.folder)],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == f"[] 0 [({run.started.pid}, 'sleep')]\n"
    assert state_of(str(run.folder)) == "running"


def test_a_later_look_knows_the_environment_of_another_program() -> None:
    """What an earlier look knew is taken over, but not across exec."""
    words = ["sh", "-c", "read x; OVERNIGHT_TOKEN=borrowed exec cat"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        before = Look()
        assert process.pid not in before.bearers(b"borrowed")
        process.stdin.write(b"go on\nsaid by cat\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"said by cat\n"
        assert Look(before).bearers(b"borrowed") == {process.pid}
