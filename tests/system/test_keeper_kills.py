"""kill -9 of everything around a command: it runs on, its log is complete, its exit code exact.

Rules:
- Every process and every kill is real. What each test kills, and when, is in its name.
- Moments are events (a file that appears, a line in the log), not times; where a time must be random, the
  wait is on the victim's own end, with a random deadline and a seed.
"""

import json
import os
import random
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from helpers import DEADLINE_S, Home, Run, kill, state_of, wait_for_pidfd, wait_for_text
from inotify_simple import INotify, flags

from overnight.errors import CannotStart
from overnight.keeper import identity, records, witness
from overnight.keeper.launch import Started, launch
from overnight.keeper.liveness import is_kept
from overnight.keeper.tree import Tree

pytestmark = pytest.mark.system

CODE = 57
LINES = [f"line {number}" for number in range(1, 11)]
LAUNCHER = (
    "import os, sys; from overnight.keeper.launch import launch;"
    "launch(sys.argv[1], sys.argv[2:], '/', dict(os.environ))"
)


@pytest.fixture
def gate(tmp_path: Path) -> Callable[[], None]:
    """Lets a `command()` go on to its end."""
    os.mkfifo(tmp_path / "gate")
    return lambda: (tmp_path / "gate").write_text("go\n") and None


def command(tmp_path: Path) -> list[str]:
    """Five lines, a wait for the gate, five lines, exit 57; an orphan is left on the way."""
    script = (
        "for i in 1 2 3 4 5; do echo line $i; done; (setsid true &);"
        f" read line < {tmp_path}/gate; for i in 6 7 8 9 10; do echo line $i; done; exit {CODE}"
    )
    return ["sh", "-c", script]


def assert_unharmed(run: Run, by: str) -> None:
    record = run.wait()
    assert (record["code"], record["signal"], record["by"]) == (CODE, None, by)
    assert run.log.read_text().splitlines() == LINES


@pytest.mark.rule("W0.2")
@pytest.mark.parametrize(("victim", "by"), [("outer", "inner"), ("inner", "outer")])
def test_either_keeper_killed(
    home: Home, tmp_path: Path, gate: Callable[[], None], victim: str, by: str
) -> None:
    run = home.launch(*command(tmp_path))
    run.said("line 5")
    kill(run.keepers[victim == "inner"])
    assert state_of(str(run.folder)) == "running"
    assert is_kept(str(run.folder))
    gate()
    assert_unharmed(run, by)


@pytest.mark.rule("W0.2")
def test_inner_keeper_killed_between_the_end_and_its_record(
    home: Home, tmp_path: Path, gate: Callable[[], None]
) -> None:
    """The inner one is stopped, so that it cannot record; the command ends; then it is killed."""
    run = home.launch(*command(tmp_path))
    run.said("line 5")
    fd = run.open()
    kill(run.keepers[1], signal.SIGSTOP)
    gate()
    wait_for_pidfd(fd)
    assert run.exit is None
    kill(run.keepers[1])
    assert_unharmed(run, "outer")


@pytest.mark.rule("W0.2")
def test_both_keepers_killed_and_a_witness_reads_the_code(
    home: Home, tmp_path: Path, gate: Callable[[], None]
) -> None:
    run = home.launch(*command(tmp_path))
    run.said("line 5")
    fd = run.open()
    for pid in run.keepers:
        kill(pid)
    assert (state_of(str(run.folder)), is_kept(str(run.folder))) == ("running", False)
    assert witness.exit_from_pidfd(fd) is None
    gate()
    wait_for_pidfd(fd)
    assert witness.wait_for_exit(fd, DEADLINE_S) == (CODE, None)
    assert state_of(str(run.folder)) == "gone"
    assert records.write_exit(str(run.folder), code=CODE, signal=None, by="watchman")
    assert_unharmed(run, "watchman")
    assert sorted(path.name for path in run.folder.glob(".*")) == []


def test_a_witness_tells_a_signal_from_a_code(home: Home) -> None:
    run = home.sh("kill -9 $$ & wait; read never")
    fd = os.pidfd_open(os.getpid())
    assert witness.exit_from_pidfd(fd) is None  # alive
    os.close(fd)
    assert run.wait()["signal"] == signal.SIGKILL
    child = subprocess.Popen(["sh", "-c", "kill -9 $$"])
    fd = os.pidfd_open(child.pid)
    wait_for_pidfd(fd)
    assert witness.exit_from_pidfd(fd) == (None, signal.SIGKILL)  # a zombie of ours, not yet reaped
    child.wait(DEADLINE_S)
    assert witness.exit_from_pidfd(fd) == (None, signal.SIGKILL)


@pytest.mark.rule("W0.2")
def test_everything_killed_leaves_an_honest_gone(home: Home) -> None:
    run = home.launch("sleep", "1000")
    for pid in (*run.keepers, run.started.pid):
        kill(pid)
    assert state_of(str(run.folder)) == "gone"
    assert run.exit is None


@pytest.mark.rule("W0.2", "W1.1")
@pytest.mark.parametrize("end", ["shell killed", "hangup of the session", "terminal closed"])
def test_the_caller_goes(home: Home, tmp_path: Path, gate: Callable[[], None], end: str) -> None:
    """The shell that started it is killed; SIGHUP to all of its session; the terminal under it closed."""
    run = Run(home.new_folder(), Started(0, 0))
    master, slave = os.openpty()
    words = [sys.executable, "-c", LAUNCHER, str(run.folder), *command(tmp_path)]
    shell = subprocess.Popen(
        ["setsid", "--ctty", "sh", "-c", '"$@"; echo back; exec sleep 1000', "sh", *words],
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    said = b""
    while b"back" not in said:
        said += os.read(master, 4096)
    if end == "shell killed":
        shell.kill()
    elif end == "hangup of the session":
        os.killpg(shell.pid, signal.SIGHUP)
    else:
        os.close(master)
    shell.wait(DEADLINE_S)
    wait_for_text(run.log, "line 5")
    gate()
    assert_unharmed(run, "inner")


@pytest.mark.rule("W0.2")
def test_polite_signals_do_not_end_a_keeper(home: Home, tmp_path: Path, gate: Callable[[], None]) -> None:
    run = home.launch(*command(tmp_path))
    run.said("line 5")
    for pid in run.keepers:
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1):
            os.kill(pid, number)
    gate()
    assert_unharmed(run, "inner")


@pytest.mark.rule("W0.2")
def test_killing_the_commands_group_spares_the_keepers(home: Home) -> None:
    run = home.sh("echo up; sleep 1000")
    run.said("up")
    os.killpg(run.started.pid, signal.SIGKILL)
    record = run.wait()
    assert (record["code"], record["signal"], record["by"]) == (None, signal.SIGKILL, "inner")


class Killing:
    """One launch; its `victim` keeper is killed `delay_ms` after the `nth` change in the run's folder."""

    def __init__(self, folder: Path, victim: str, nth: int, delay_ms: float) -> None:
        self.folder = folder
        self.victim = victim
        self.nth = nth
        self.delay_ms = delay_ms
        self.failure: CannotStart | None = None
        self.killed = False

    def run(self) -> None:
        with INotify() as changes:
            changes.add_watch(
                self.folder, flags.CREATE | flags.MODIFY | flags.OPEN | flags.CLOSE_WRITE | flags.DELETE
            )
            launching = threading.Thread(target=self._launch)
            launching.start()
            seen = 0
            while seen < self.nth and not (self.folder / "exit.json").exists():
                seen += len(changes.read(timeout=DEADLINE_S * 1000))
            self._kill()
            launching.join(DEADLINE_S)

    def _launch(self) -> None:
        script = f"for i in 1 2 3 4 5 6 7 8; do echo line $i; (setsid true &); done; exit {CODE}"
        try:
            launch(str(self.folder), ["sh", "-c", script], "/", dict(os.environ))
        except CannotStart as error:
            self.failure = error

    def _kill(self) -> None:
        pids = keepers_now(self.folder.name)
        if self.victim not in pids:
            return
        try:
            fd = os.pidfd_open(pids[self.victim])
        except ProcessLookupError:
            return
        poller = select.poll()
        poller.register(fd, select.POLLIN)
        if not poller.poll(self.delay_ms):
            with suppress(ProcessLookupError):  # it ended by itself in this very moment
                signal.pidfd_send_signal(fd, signal.SIGKILL)
                self.killed = True
            wait_for_pidfd(fd)
        os.close(fd)


def keepers_now(run: str) -> dict[str, int]:
    """Pids of the run's keepers that live now, found by their name: start.json may not be there yet.

    The command bears that name too until it is executed; it is the child of the inner one.
    """
    found = (identity.read_stat(folder.name) for folder in Path("/proc").glob("[0-9]*"))
    named = {stat.pid: stat for stat in found if stat and stat.name == f"overnight/{run}" and not stat.ended}
    outer = [pid for pid, stat in named.items() if stat.parent not in named]
    inner = [pid for pid, stat in named.items() if stat.parent in outer]
    return dict([*(("outer", pid) for pid in outer), *(("inner", pid) for pid in inner)])


@pytest.mark.rule("W0.2")
@pytest.mark.parametrize("victim", ["outer", "inner"])
def test_either_keeper_killed_at_any_moment(home: Home, victim: str) -> None:
    """25 kills each, from birth to record: code and log are exact, or the start failed and nothing runs."""
    chance = random.Random(57)
    killed = 0
    for number in range(100):
        killing = Killing(
            home.new_folder(), victim, nth=4 + number % 32, delay_ms=chance.choice([0, 0, 1, 3, 6])
        )
        killing.run()
        killed += killing.killed
        if killing.failure:
            assert_nothing_runs(killing)
        else:
            assert_exact(Run(killing.folder, Started(0, 0)), number)
        if killed == 25:
            return
    raise AssertionError(f"only {killed} kills of 100 came in time to mean anything")


def assert_nothing_runs(killing: Killing) -> None:
    log = killing.folder / "output.log"
    assert "killed" in str(killing.failure)
    assert not is_kept(str(killing.folder))
    assert not log.exists() or log.read_text() == ""


def assert_exact(run: Run, number: int) -> None:
    record = run.wait()
    assert (record["code"], record["signal"]) == (CODE, None), f"launch {number}"
    assert run.log.read_text().splitlines() == LINES[:8]


def test_the_bare_interpreter_is_not_needed_after_the_fork(home: Home) -> None:
    """Nothing of the caller's side is an ancestor of the run once launch has returned."""
    before = {child.pid for child in psutil.Process().children()}  # of earlier tests in this process
    run = home.launch("sleep", "1000")
    outer = identity.read_stat(run.keepers[0])
    assert outer is not None
    assert outer.parent != os.getpid()
    assert {child.pid for child in psutil.Process().children()} <= before


def test_the_tree_of_a_failed_start_is_empty(home: Home) -> None:
    folder = home.new_folder()
    (folder / ".start").mkdir()  # start.json cannot be written: no run without a record
    with pytest.raises(Exception, match="cannot be used"):
        launch(str(folder), ["sleep", "1000"], "/", dict(os.environ))
    start = {"pid": 1, "ticks": 0, "boot_id": identity.boot_id(), "keepers": []}
    token = json.loads((folder / "spec.json").read_text())["token"]
    assert Tree(start, token).members() == []
    assert not is_kept(str(folder))
