"""The watchman as a process: one per home, started by whoever needs it, of nobody's family, gone when
done."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from helpers import kill, wait_for_end, wait_for_text, wait_in
from night import Nights

from overnight import app
from overnight.keeper.identity import is_held, read_stat
from overnight.store.home import WATCH_LOCK
from overnight.watchman import lock
from overnight.watchman.start import LOG, ensure, watchman_pid


def watchman_processes(home: Path) -> list[int]:
    """Pids of all processes that are the watchman of this home, or about to be."""
    mark = f"--home\0{home}\0".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def test_many_start_it_at_once_and_one_lives(nights: Nights) -> None:
    home = str(nights.home.path)
    starters = [threading.Thread(target=ensure, args=(home,)) for _ in range(8)]
    for thread in starters:
        thread.start()
    for thread in starters:
        thread.join()
    living = nights.watchman
    for pid in watchman_processes(nights.home.path):
        if pid != living:
            wait_for_end(pid)
    assert watchman_processes(nights.home.path) == [living]
    assert not ensure(home)


def test_a_second_one_gives_way(nights: Nights) -> None:
    ensure(str(nights.home.path))
    first = nights.watchman
    command = [sys.executable, "-m", "overnight.watchman", "--home", str(nights.home.path)]
    assert subprocess.run(command, check=False, timeout=30).returncode == 0
    assert nights.watchman == first


def test_who_only_looks_never_keeps_a_watchman_from_starting(nights: Nights) -> None:
    """A look holds the lock shared for an instant; here for as long as it takes to be met."""
    path = nights.home.path / WATCH_LOCK
    met = threading.Event()
    with path.open("a") as looker:
        fcntl.flock(looker, fcntl.LOCK_SH)

        def let_go() -> None:
            met.wait(10)
            fcntl.flock(looker, fcntl.LOCK_UN)

        other = threading.Thread(target=let_go)
        other.start()
        threading.Timer(0.05, met.set).start()
        held = lock.take(str(nights.home.path))
        other.join()
    assert held is not None
    assert is_held(str(path))
    held.release()
    assert not is_held(str(path))


@pytest.mark.rule("W0.2", "W1.1")
def test_it_belongs_to_nobody_who_started_it(nights: Nights) -> None:
    """A shell starts a run and is killed with its whole session; what the shell lent is given back."""
    script = "from overnight import app; app.launch(['sh', '-c', 'read line'], cwd='/')"
    reading, writing = os.pipe()
    starter = subprocess.Popen(
        [sys.executable, "-c", script + "; input()"],
        stdin=subprocess.PIPE,
        stdout=writing,
        pass_fds=[writing],
        start_new_session=True,
        cwd=nights.cwd,
    )
    os.close(writing)
    pid = nights.watchman
    os.killpg(starter.pid, signal.SIGKILL)
    starter.wait()
    with open(reading, "rb") as lent:
        assert lent.read() == b""  # nobody holds the other end any more
    stat = read_stat(pid)
    assert stat is not None
    assert stat.session != starter.pid
    assert os.readlink(f"/proc/{pid}/fd/0") == os.devnull
    assert os.readlink(f"/proc/{pid}/fd/1") == str(nights.home.path / LOG)
    assert os.readlink(f"/proc/{pid}/cwd") == str(nights.home.path)
    assert b"OVERNIGHT_TOKEN" not in Path(f"/proc/{pid}/environ").read_bytes()
    assert watchman_pid(str(nights.home.path)) == pid


def test_a_run_started_inside_a_run_does_not_own_the_watchman(nights: Nights) -> None:
    """The inner run starts the watchman; the stop of the outer run leaves it alone."""
    launch = "from overnight import app; app.launch(['echo', 'inner'], cwd='/')"
    script = f"input(); {launch}; print('done', flush=True); input()"
    pipe = nights.cwd / "stdin"
    os.mkfifo(pipe)
    outer = nights.start("sh", "-c", f'"$@" < {pipe}', "sh", sys.executable, "-c", script)
    with pipe.open("w", buffering=1) as stdin:
        nights.kill_watchman()
        stdin.write("go\n")
        wait_for_text(outer.log, "done")
        started_inside = nights.watchman
        app.stop(outer.id, grace=0.2)
    assert nights.watchman == started_inside
    assert outer.until("ended").data["state"] == "stopped"


@pytest.mark.rule("W0.2")
def test_asked_to_end_it_ends_and_the_runs_go_on(nights: Nights) -> None:
    puppet = nights.puppet()
    puppet.night.until("check_in")
    pid = nights.watchman
    kill(pid, signal.SIGTERM)
    wait_for_end(pid)
    assert "SIGTERM" in (nights.home.path / LOG).read_text()
    puppet.progress(2)
    wait_for_text(puppet.night.log, "Epoch 2/")
    app.status(puppet.night.id)
    puppet.night.until("adopted")
    puppet.end()
    assert puppet.night.until("ended").data["state"] == "succeeded"


def test_it_ends_by_itself_some_time_after_the_last_run(nights: Nights, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace("linger_s = 30.0", "linger_s = 0.3"))
    night = nights.program("training", "2")
    pid = nights.watchman
    night.closed()
    wait_for_end(pid)
    assert watchman_pid(str(nights.home.path)) is None
    again = nights.program("training", "2")
    again.closed()


def test_it_stays_while_a_run_lives(nights: Nights, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace("linger_s = 30.0", "linger_s = 0.0"))
    puppet = nights.puppet()
    pid = nights.watchman
    puppet.night.until("check_in", 3)
    assert nights.watchman == pid
    puppet.end()
    wait_for_end(pid)


def test_broken_run_directories_stop_nobody_else(nights: Nights) -> None:
    runs = nights.home.path / "runs"
    good = '{"run":"bad3","argv":["x"],"cwd":"/","token":"t","created_at":1}'
    bad = {
        "bad1": {"spec.json": "{ this is no json"},
        "bad2": {"spec.json": '{"run": 3}', "start.json": "[]", "events.jsonl": "\x00\xff\n{"},
        "bad3": {"spec.json": good, "start.json": "{}"},
        "bad4": {},
    }
    for name, files in bad.items():
        (runs / name).mkdir(parents=True)
        for file, text in files.items():
            (runs / name / file).write_text(text)
    (runs / "a file").write_text("not a run")
    night = nights.program("training", "4")
    night.closed()
    assert night.status(lambda s: s.state == "succeeded").exit_code == 0
    for name in bad:
        shutil.rmtree(runs / name)


def remove(folder: Path) -> None:
    """Remove a folder that somebody still writes to: what came while it was being removed goes in the next pass."""
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)


def test_a_run_directory_removed_under_its_watch_stops_nobody_else(nights: Nights) -> None:
    puppet = nights.puppet()
    puppet.night.until("check_in")
    remove(puppet.night.folder)
    night = nights.program("training", "4")
    night.closed()
    os.close(puppet.pipe)


def test_a_removed_home_takes_its_watchman_along(nights: Nights) -> None:
    """Or a home made anew in its place would have two."""
    night = nights.program("training", "2")
    night.closed()
    pid = nights.watchman
    held = os.open(night.folder, os.O_RDONLY)  # as a process of a run may: the kernel keeps what is above it
    remove(nights.home.path)
    wait_for_end(pid, deadline_s=10)
    os.close(held)
    nights.home.path.mkdir(mode=0o700)
    again = nights.program("training", "2")
    again.closed()
    assert nights.watchman != pid


def test_an_overflow_of_file_events_loses_nothing(nights: Nights) -> None:
    """While the watchman is stopped, more happens than the kernel remembers."""
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    puppet = nights.puppet()
    puppet.night.until("check_in")
    pid = nights.watchman
    os.kill(pid, signal.SIGSTOP)
    noise = puppet.night.folder / "noise"
    for number in range(most + 100):
        os.close(os.open(f"{noise}{number % 2}", os.O_CREAT | os.O_WRONLY))
        os.unlink(f"{noise}{number % 2}")
    puppet.end(7)
    wait_in(puppet.night.folder, (puppet.night.folder / "exit.json").exists)
    os.kill(pid, signal.SIGCONT)
    assert puppet.night.until("ended").data["exit"]["code"] == 7
    assert "dropped" in wait_for_text(nights.home.path / LOG, "dropped")
