"""What the system tests share: a home of their own, and waits on events instead of sleeps.

Rules:
- Every wait is on a pidfd, on inotify, or on a pipe, with a deadline that only a broken program meets.
- What a test starts ends with the test: the `home` fixture stops the runs of its home and the watchman.
"""

import fcntl
import json
import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from inotify_simple import INotify, flags

from overnight.keeper import identity, records
from overnight.keeper.launch import Started, launch
from overnight.keeper.liveness import state_of
from overnight.keeper.stop import stop_tree

DEADLINE_S = 30.0
_CHANGES = flags.CREATE | flags.MOVED_TO | flags.MODIFY | flags.CLOSE_WRITE | flags.ATTRIB | flags.DELETE


class TooLate(AssertionError):
    """The awaited event did not come before the deadline."""


def wait_for_pidfd(fd: int, deadline_s: float = DEADLINE_S) -> None:
    """Until the process behind the pidfd has ended (it may still be a zombie). Raises TooLate."""
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    if not poller.poll(deadline_s * 1000):
        raise TooLate(f"process did not end within {deadline_s} s")


def wait_for_end(pid: int, deadline_s: float = DEADLINE_S) -> None:
    """Until the process has ended; at once when there is none. Raises TooLate."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        wait_for_pidfd(fd, deadline_s)
    finally:
        os.close(fd)


def wait_in(folder: Path, condition: Callable[[], bool], deadline_s: float = DEADLINE_S) -> None:
    """Until `condition()` holds; looked at again whenever something in `folder` changes. Raises TooLate."""
    deadline = time.monotonic() + deadline_s
    with INotify() as changes:
        changes.add_watch(folder, _CHANGES)
        while not condition():
            left_ms = (deadline - time.monotonic()) * 1000
            if left_ms <= 0 or not changes.read(timeout=left_ms):
                raise TooLate(f"nothing fitting happened in {folder} within {deadline_s} s")


def wait_for_file(path: Path, deadline_s: float = DEADLINE_S) -> Path:
    """Until the file is there. Its folder must exist. Raises TooLate."""
    wait_in(path.parent, path.exists, deadline_s)
    return path


def wait_for_text(path: Path, text: str | bytes, deadline_s: float = DEADLINE_S) -> str:
    """Until the file holds the text; returns all of it. Its folder must exist. Raises TooLate."""
    wanted = text.encode() if isinstance(text, str) else text
    wait_in(path.parent, lambda: path.exists() and wanted in path.read_bytes(), deadline_s)
    return path.read_text(errors="replace")


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    """Send the signal and, for SIGKILL, wait for the end. A process that is gone is fine."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(fd, number)
        if number == signal.SIGKILL:
            wait_for_pidfd(fd)
    except ProcessLookupError:
        return
    finally:
        os.close(fd)


@dataclass
class Run:
    """One run started below a home, with the keeper alone: no watchman."""

    folder: Path
    started: Started

    @property
    def log(self) -> Path:
        return self.folder / "output.log"

    @property
    def keepers(self) -> tuple[int, int]:
        """Pids of the outer and the inner keeper."""
        start = json.loads((self.folder / "start.json").read_text())
        (outer, _), (inner, _) = start["keepers"]
        return outer, inner

    @property
    def exit(self) -> dict[str, object] | None:
        return records.read_exit(str(self.folder))

    def wait(self) -> dict[str, object]:
        """The record of the end, once it is there."""
        wait_for_file(self.folder / "exit.json")
        return json.loads((self.folder / "exit.json").read_text())

    def wait_until_let_go(self) -> None:
        """Until no keeper holds the run's lock; the test's own time limit is the deadline."""
        with (self.folder / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)

    def wait_until_all_are_gone(self) -> None:
        """Until both keepers have ended, and with them everybody they adopted."""
        for pid in self.keepers:
            wait_for_end(pid)

    def said(self, text: str) -> str:
        """Wait until the log holds the text."""
        return wait_for_text(self.log, text)

    def open(self) -> int:
        """A checked pidfd of the command."""
        fd = identity.open_pidfd(self.started.pid, self.started.ticks, identity.boot_id())
        assert fd is not None
        return fd


@dataclass
class Home:
    """A home of its own under the test's folder."""

    path: Path
    count: int = field(default=0)

    @property
    def runs(self) -> Path:
        return self.path / "runs"

    def new_folder(self) -> Path:
        """A run folder with its intent, as `store.home` makes it."""
        self.count += 1
        folder = self.runs / f"t{self.count:03d}"
        folder.mkdir(mode=0o700, parents=True)
        token = os.urandom(16).hex()
        (folder / "spec.json").write_text(json.dumps({"run": folder.name, "token": token}))
        return folder

    def run_in(self, folder: Path) -> Run:
        """The run that another process started in `folder`."""
        start = json.loads((folder / "start.json").read_text())
        return Run(folder, Started(start["pid"], start["ticks"]))

    def launch(self, *argv: str, cwd: str | Path = "/", pty: bool = False, **env: str) -> Run:
        """Start a command under the keepers. Raises what `launch` raises."""
        folder = self.new_folder()
        return Run(folder, launch(str(folder), list(argv), str(cwd), {**os.environ, **env}, pty=pty))

    def sh(self, script: str, **env: str) -> Run:
        """Start a shell script under the keepers."""
        return self.launch("sh", "-c", script, **env)

    def close(self) -> None:
        """End every run of this home and every process that was started for it."""
        for folder in self.runs.glob("*"):
            if (folder / "start.json").exists():
                stop_tree(str(folder), (0, 0))
        for pid in processes_of(self.path):
            kill(pid)


def processes_of(home: Path) -> list[int]:
    """Processes whose environment names this home, which is this test's alone; the test itself left out."""
    mark = f"OVERNIGHT_HOME={home}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0") and int(folder.name) != os.getpid():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A fresh home, named by OVERNIGHT_HOME; all that lives in it ends with the test."""
    path = tmp_path / "home"
    path.mkdir(mode=0o700)
    monkeypatch.setenv("OVERNIGHT_HOME", str(path))
    home = Home(path)
    yield home
    home.close()


__all__ = [
    "DEADLINE_S",
    "Home",
    "Run",
    "TooLate",
    "home",
    "kill",
    "processes_of",
    "state_of",
    "wait_for_end",
    "wait_for_file",
    "wait_for_pidfd",
    "wait_for_text",
    "wait_in",
]
