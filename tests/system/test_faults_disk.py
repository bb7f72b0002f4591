"""A disk that is full, to the last byte or the last file: before a start, while a run goes on, when it ends."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers import DEADLINE_S, kill, wait_for_end, wait_for_file, wait_for_text
from lab import Disk
from night import Night, Nights, tellings

from overnight import app
from overnight.watchman.start import LOG

KERNEL = tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])
BLOCKS, NAMES = Disk.fill, Disk.use_up_names
Fill = Callable[..., None]


def overnight(*words: str) -> "subprocess.CompletedProcess[str]":
    """A call of the command line."""
    command = [sys.executable, "-m", "overnight", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.rule("W0.2")
@pytest.mark.parametrize(
    ("fill", "spare"),
    [*((BLOCKS, spare) for spare in range(7)), *((NAMES, spare) for spare in (0, 2, 5, 8, 9, 10, 12))],
)
def test_a_start_without_room_is_refused_in_one_sentence_or_is_a_whole_run(
    nights: Nights, disk: Disk, fill: Fill, spare: int
) -> None:
    """Whichever of its writes is the one that does not fit."""
    fill(disk, spare)
    done = overnight("run", "--json", "--early-wait", "10", "--", "sh", "-c", "exit 7")
    said = json.loads(done.stdout)
    assert done.stderr == ""
    if done.returncode == 7:
        assert said["exit_code"] == 7
        return
    assert (done.returncode, said["error"]["code"]) == (1, "disk_full")
    assert said["error"]["message"].endswith("is full: free some space, then try again.")
    assert not any(nights.home.runs.glob("*"))


@dataclass
class Writer:
    """A run that writes as much as it is told to, and says what became of it."""

    night: Night
    asks: int
    hears: int

    def write(self, size: int) -> str:
        """The number of bytes that went into the log, or why none did."""
        os.write(self.asks, b"%d\n" % size)
        assert select.select([self.hears], [], [], DEADLINE_S)[0]
        return os.read(self.hears, 100).decode().strip()

    def end(self, code: int) -> None:
        os.write(self.asks, b"exit %d\n" % code)


@pytest.fixture
def writer(nights: Nights, disk: Disk) -> Iterator[Writer]:
    """One in the home that lies on `disk`, after its first check-in."""
    pipes = [nights.cwd / name for name in ("asked", "said")]
    for pipe in pipes:
        os.mkfifo(pipe)
    fds = [os.open(pipe, os.O_RDWR) for pipe in pipes]
    made = Writer(nights.program("writer", *map(str, pipes)), *fds)
    made.night.until("check_in")
    yield made
    for fd in fds:
        os.close(fd)


@pytest.mark.rule("W0.2", "W3.4")
@pytest.mark.parametrize("fill", [BLOCKS, NAMES])
def test_what_is_written_on_a_full_disk_is_the_commands_own_to_deal_with(
    nights: Nights, disk: Disk, writer: Writer, fill: Fill
) -> None:
    """It runs on, loses its own bytes alone, and everything else about it comes as soon as there is room."""
    watchman, written = nights.watchman, int(writer.write(100))
    fill(disk)
    refused = [writer.write(8192) for _ in range(3)]
    disk.empty()
    assert (refused[-1] == "No space left on device") is (fill is BLOCKS)
    written += sum(int(word) for word in refused if word.isdecimal()) + int(writer.write(50))
    assert writer.night.log.stat().st_size == written
    fill(disk)
    writer.end(7)
    wait_for_file(writer.night.folder / "exit.json")
    assert overnight("wait", writer.night.id, "--until", "end").returncode == 1
    assert json.loads(overnight("status", writer.night.id, "--json").stdout)["exit_code"] == 7
    disk.empty()
    writer.night.closed()
    assert [event.data["exit"]["code"] for event in writer.night.events("ended")] == [7]
    assert [row["kind"] for row in tellings(nights.home)] == ["failure"]
    assert nights.watchman == watchman


@pytest.mark.rule("W0.2")
@pytest.mark.parametrize("fill", [BLOCKS, NAMES])
def test_a_run_is_stopped_on_a_full_disk(disk: Disk, writer: Writer, fill: Fill) -> None:
    fill(disk)
    done = overnight("stop", writer.night.id, "--grace", "1", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["signals"][0] == "SIGINT"
    wait_for_end(writer.night.pid)
    disk.empty()
    assert writer.night.until("ended").data["exit"]["signal"] == 2


@contextmanager
def takes_no_name(folder: Path) -> Iterator[None]:
    """No file can be made, renamed or removed there, as by a quota, an error of the disk or its server."""
    subprocess.run(["chattr", "+i", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", folder], check=True)


@pytest.mark.rule("W0.2")
@pytest.mark.parametrize(("killed", "by"), [((), "inner"), ((1,), "outer")])
def test_a_keeper_records_the_end_when_it_can(
    nights: Nights, writer: Writer, killed: tuple[int, ...], by: str
) -> None:
    """There is no watchman to help, and the keeper that was at it may be killed meanwhile."""
    nights.kill_watchman()
    keepers = writer.night.keepers
    command, outer = map(os.pidfd_open, (writer.night.pid, keepers[0]))
    with takes_no_name(writer.night.folder):
        writer.end(57)
        assert select.select([command], [], [], DEADLINE_S)[0]
        for one in killed:
            kill(keepers[one])
        assert not select.select([outer], [], [], 0.3)[0], "it gave up"
    for fd in (command, outer):
        os.close(fd)
    wait_for_file(writer.night.folder / "exit.json")
    end = writer.night.run.exit()
    assert end is not None
    assert (end.code, end.by) == (57, by)
    app.status(writer.night.id)
    writer.night.closed()
    assert len(tellings(nights.home)) == 1


@pytest.mark.skipif(KERNEL < (6, 15), reason="with both keepers gone it takes Linux 6.15 to know the code")
@pytest.mark.rule("W0.2")
def test_a_watchman_that_alone_knows_the_end_records_it_when_it_can(nights: Nights, writer: Writer) -> None:
    for pid in writer.night.keepers:
        kill(pid)
    with takes_no_name(writer.night.folder):
        writer.end(57)
        wait_for_text(nights.home.path / LOG, "cannot be recorded")
    end = writer.night.until("ended").data["exit"]
    assert (end["code"], end["by"]) == (57, "watchman")
    writer.night.closed()
    assert len(tellings(nights.home)) == 1
