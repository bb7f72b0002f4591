"""What goes wrong around a run, and what the watchman makes of it: lost ends, a cut log, a full disk, its own
faults."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import kill
from night import Night, Nights, tellings

from overnight import app
from overnight.errors import CannotStart, Unreadable
from overnight.watchman.start import ensure

KERNEL = tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])
TELLS_CODES = (6, 15)
"""From this kernel on a pidfd tells the exit code of somebody else's child."""


@pytest.mark.rule("W0.2")
def test_without_keepers_the_watchman_witnesses_the_exit_code(nights: Nights) -> None:
    puppet = nights.puppet()
    puppet.night.until("check_in")
    for pid in puppet.night.keepers:
        kill(pid)
    puppet.end(57)
    ended = puppet.night.until("ended").data
    if KERNEL >= TELLS_CODES:
        assert (ended["state"], ended["exit"]["code"], ended["exit"]["by"]) == ("failed", 57, "watchman")
    else:
        assert (ended["state"], ended["exit"]["code"]) == ("lost", None)


@pytest.mark.rule("W0.2")
def test_an_end_that_nobody_saw_is_lost_and_not_invented(nights: Nights) -> None:
    night = everybody_killed(nights)
    ensure(str(nights.home.path))
    ended = night.until("ended").data
    assert (ended["state"], ended["exit"]["code"], ended["exit"]["signal"]) == ("lost", None, None)
    assert night.telling("failure")["problem"]["class"] == "lost"
    night.closed()


@pytest.mark.rule("W0.2")
def test_a_reboot_is_told_as_one(nights: Nights) -> None:
    night = everybody_killed(nights)
    record = night.folder / "start.json"
    start = json.loads(record.read_text())
    record.write_text(json.dumps({**start, "boot_id": "of-the-boot-before"}))
    ensure(str(nights.home.path))
    ended = night.until("ended").data
    assert ended["state"] == "lost"
    assert "reboot" in ended["exit"]["note"]
    assert "reboot" in night.telling("failure")["problem"]["cause"]
    night.closed()


def everybody_killed(nights: Nights) -> Night:
    """A run whose watchman, keepers and command were all killed: as by a power cut."""
    puppet = nights.puppet()
    puppet.progress(2, 3)
    puppet.night.until("check_in")
    nights.kill_watchman()
    command = os.pidfd_open(puppet.night.pid)
    for pid in (*puppet.night.keepers, puppet.night.pid):
        kill(pid)
    reaped = select.poll()
    reaped.register(command, 0)  # the hang-up comes when init has reaped it: then nobody can ask any more
    assert reaped.poll(20_000)
    os.close(command)
    os.close(puppet.pipe)
    return puppet.night


def test_an_intent_that_never_started_is_closed(nights: Nights) -> None:
    folder = nights.home.runs / "dead"
    folder.mkdir(parents=True)
    spec = {"run": "dead", "argv": ["x"], "cwd": "/", "token": "t", "created_at": 1.0}
    (folder / "spec.json").write_text(json.dumps(spec))
    ensure(str(nights.home.path))
    night = Night(nights.home, folder)
    assert "never started" in night.until("ended").data["exit"]["note"]
    night.closed()


@pytest.mark.rule("W1.3")
def test_a_command_that_cannot_start_leaves_nothing_and_tells_nobody(nights: Nights) -> None:
    first = nights.puppet()
    first.night.until("started")
    with pytest.raises(CannotStart):
        app.launch(["/no/such/command"])
    assert [folder.name for folder in nights.home.runs.iterdir()] == [first.night.id]
    first.end()
    first.night.closed()
    assert [row["kind"] for row in tellings(nights.home)] == ["success"]


def test_a_log_that_was_cut_is_read_on_from_its_start(nights: Nights) -> None:
    puppet = nights.puppet()
    puppet.progress(*range(2, 40))
    puppet.night.status(lambda s: bool(s.progress) and s.progress[0].current == 39)
    os.truncate(puppet.night.log, 0)
    puppet.progress(40)
    puppet.night.status(lambda s: bool(s.progress) and s.progress[0].current == 40)
    assert "cut" in puppet.night.until("note").data["text"]
    puppet.end()
    assert puppet.night.until("ended").data["state"] == "succeeded"


@pytest.mark.rule("W0.2")
@pytest.mark.parametrize("put", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_a_fault_of_the_watch_is_noted_and_the_end_still_gets_through(
    nights: Nights, put: Callable[[Path], None]
) -> None:
    """The log cannot be read any more: something else has taken its place, which may hold up or never end."""
    puppet = nights.puppet()
    puppet.night.until("check_in")
    puppet.night.log.rename(puppet.night.folder / "moved")
    put(puppet.night.log)
    puppet.end(7)
    ended = puppet.night.until("ended", deadline_s=60)
    assert ended.data["exit"]["code"] == 7
    assert any("failed and begins anew" in note.data["text"] for note in puppet.night.events("note"))
    assert puppet.night.telling("failure")["exit_code"] == 7
    puppet.night.closed()
    for look in (app.read_log, lambda run: list(app.log_pieces(run)), app.make_report):
        with pytest.raises(Unreadable, match="cannot be read"):
            look(puppet.night.id)


# ------------------------------------------------------------ a full disk


def may_mount() -> bool:
    probe = ["unshare", "--map-root-user", "--mount", "true"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


SMALL_DISK = 'mount -t tmpfs -o size=4m none "$0" && exec "$@"'
FULL_DISK = f"""
import os, sys
from pathlib import Path
from inotify_simple import INotify, flags
sys.path.insert(0, {str(Path(__file__).parent)!r})
from helpers import Home, wait_for_file
from night import Nights
home = Home(Path(sys.argv[1]))
nights = Nights(home, Path(sys.argv[2]))
puppet = nights.puppet(schedule=(0.3, 0.9, 0.5))
puppet.night.until("check_in")
with open(home.path / "fill", "wb", buffering=0) as fill:
    for size in (65536, 4096, 1):
        try:
            while fill.write(bytes(size)) == size:
                pass
        except OSError:
            continue
refused = 0
with INotify() as changes:
    changes.add_watch(puppet.night.folder, flags.CREATE | flags.MOVED_TO)
    while refused < 3:  # a new status that was begun and never came
        names = [change.name for change in changes.read(timeout=20000)]
        assert names
        refused += sum(name.startswith(".status.json") for name in names) - names.count("status.json")
puppet.end(3)
wait_for_file(puppet.night.folder / "exit.json")
os.unlink(home.path / "fill")
puppet.night.until("ended")
puppet.night.until("told")
home.close()
"""


@pytest.mark.skipif(not may_mount(), reason="a small disk of one's own needs a mount namespace")
@pytest.mark.rule("W0.2", "W3.4")
def test_a_disk_that_was_full_for_a_while_costs_nothing(nights: Nights, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    script = FULL_DISK + f"\nimport shutil; shutil.copytree(puppet.night.folder, {str(kept)!r})\n"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = ["unshare", "--map-root-user", "--mount", "sh", "-c", SMALL_DISK, str(nights.home.path)]
    command = [*words, sys.executable, "-c", script, str(nights.home.path), str(nights.cwd)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=100, check=False)
    assert done.stderr == ""
    rows = [json.loads(line) for line in (kept / "events.jsonl").read_text().splitlines()]
    numbers = [row["data"]["number"] for row in rows if row["kind"] == "check_in"]
    assert numbers == list(range(1, len(numbers) + 1))
    for once in ("started", "ended", "notification", "told"):
        assert len([row for row in rows if row["kind"] == once]) == 1
    assert [
        row["data"]["text"] for row in rows if row["kind"] == "note" and "failed" in row["data"]["text"]
    ] == []
    ended = next(row for row in rows if row["kind"] == "ended")
    assert ended["data"]["exit"]["code"] == 3
