"""No descriptor left, and a home that takes nothing at all."""

import resource
import subprocess
import sys

import pytest
from helpers import wait_for_text
from lab import Disk
from night import Nights, tellings

from overnight.watchman.start import LOG

LOOKS = (("ls",), ("status", "last"), ("logs", "last"), ("wait", "last", "--until", "end"))
CHANGES = (
    ("run", "--", "true"),
    ("run", "-d", "--", "true"),
    ("relaunch", "last"),
    ("report", "last"),
    ("rebuild",),
    ("prune", "--keep", "0"),
    ("notify", "pending"),
)


def overnight(*words: str, most_files: int = 1024) -> "subprocess.CompletedProcess[str]":
    """A call of the command line."""
    limited = ["sh", "-c", f'ulimit -Sn {most_files}; exec "$@"', "sh"]
    command = [*limited, sys.executable, "-m", "overnight", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.rule("W0.2")
def test_a_home_that_is_read_only_can_be_looked_at_and_says_why_it_takes_nothing(
    nights: Nights, disk: Disk
) -> None:
    night = nights.program("training", "2")
    night.closed()
    nights.kill_watchman()
    disk.remount("ro")
    for words in LOOKS:
        done = overnight(*words)
        assert (done.returncode, done.stderr) == (0, ""), words
        assert done.stdout
    for words in CHANGES:
        done = overnight(*words)
        assert (done.returncode, done.stdout) == (1, ""), words
        assert done.stderr.count("\n") == 1
        assert "(Read-only file system): make it writable, or set OVERNIGHT_HOME" in done.stderr, words
    assert "Traceback" not in overnight("doctor").stderr
    disk.remount("rw")
    assert overnight("run", "--early-wait", "10", "--", "sh", "-c", "exit 7").returncode == 7


@pytest.mark.rule("W0.2", "W4.2")
def test_a_watchman_without_descriptors_notes_it_and_recovers(nights: Nights) -> None:
    puppet = nights.puppet()
    puppet.night.until("check_in")
    pid = nights.watchman
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, before[1]))
    puppet.progress(*range(2, 20))
    puppet.end(7)
    other = nights.start("sh", "-c", "exit 5")
    wait_for_text(nights.home.path / LOG, "cannot be listed")
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    puppet.night.closed()
    other.closed()
    texts = [event.data["text"] for event in puppet.night.events("note")]
    assert any("Too many open files" in text or "may be open" in text for text in texts)
    ends = [one.events("ended")[0].data["exit"]["code"] for one in (puppet.night, other)]
    assert ends == [7, 5]
    assert sorted(row["run"] for row in tellings(nights.home)) == sorted([puppet.night.id, other.id])
    assert nights.watchman == pid


@pytest.mark.parametrize("most", [9, 12, 15, 20])
def test_a_start_with_few_descriptors_is_a_run_or_a_sentence(nights: Nights, most: int) -> None:
    done = overnight("run", "--early-wait", "10", "--", "sh", "-c", "exit 7", most_files=most)
    assert "Traceback" not in done.stderr
    assert done.returncode == 7 or (done.returncode == 1 and done.stderr.count("\n") == 1)
