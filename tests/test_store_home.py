"""The home, and how a run directory comes to be."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from store_facts import ENVIRONMENT, MAY_MOUNT, new_run, on_a_small_disk

from overnight.errors import HomeUnusable
from overnight.store import home
from overnight.store.runs import all_runs


def mode(path: Path | str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def test_a_run_directory_appears_whole_and_private(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "home"
    os.umask(os.umask(0o000))
    run = Path(home.create_run_dir(str(place), {"argv": ["true"], "cwd": "/"}))
    spec = json.loads((run / "spec.json").read_text())
    assert (spec["run"], spec["argv"]) == (run.name, ["true"])
    assert len(bytes.fromhex(spec["token"])) == 16
    assert [mode(p) for p in (place, place / "runs", run, run / "spec.json")] == [0o700, 0o700, 0o700, 0o600]
    assert os.listdir(place / "runs") == [run.name]


def test_ids_are_short_and_hold_no_look_alikes(tmp_path: Path) -> None:
    ids = [new_run(tmp_path).id for _ in range(50)]
    assert len(set(ids)) == 50
    assert all(len(run) == 4 for run in ids)
    assert not set("".join(ids)) & set("ilo01")


def test_ids_grow_when_they_run_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "ALPHABET", "ab")
    monkeypatch.setattr(home, "ID_LENGTH", 1)
    assert len({new_run(tmp_path).id for _ in range(6)}) == 6


def test_a_given_token_and_time_stay(tmp_path: Path) -> None:
    spec = new_run(tmp_path, token="ab", created_at=7.0).spec()
    assert (spec.token, spec.created_at) == ("ab", 7.0)


def test_a_command_that_is_no_utf8_survives(tmp_path: Path) -> None:
    argv = ["echo", os.fsdecode(b"\xff\xfe"), "é", "\x1b[31m"]
    assert new_run(tmp_path, argv=argv).spec().argv == argv


def test_half_made_runs_are_no_runs(tmp_path: Path) -> None:
    runs = Path(home.prepare(str(tmp_path)))
    (runs / ".abcd").mkdir()
    assert list(all_runs(str(tmp_path))) == []


def test_a_home_that_others_could_read_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    home.prepare(str(tmp_path))
    assert mode(tmp_path) == 0o700


def test_a_home_of_somebody_else_is_refused(tmp_path: Path) -> None:
    place = Path("/")
    if os.geteuid() == 0:
        place = tmp_path / "theirs"
        place.mkdir()
        os.chown(place, 12345, 12345)
    with pytest.raises(HomeUnusable, match="belongs to another user") as caught:
        home.create_run_dir(str(place), {"argv": ["true"], "cwd": "/"})
    assert caught.value.code == "home_foreign"
    assert "OVERNIGHT_HOME" in str(caught.value)


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(HomeUnusable) as caught:
        home.create_run_dir(str(tmp_path / "home"), {"argv": ["true"], "cwd": "/"})
    assert caught.value.code == "home_unwritable"
    assert str(tmp_path) in str(caught.value)


FULL = """
import os, sys
from overnight.errors import HomeUnusable
from overnight.store import home
place = sys.argv[1]
home.prepare(place)
with open(place + "/fill", "wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(4096))
    except OSError:
        pass
try:
    home.create_run_dir(place, {"argv": ["x" * 5000], "cwd": "/"})
except HomeUnusable as error:
    print(error.code, os.listdir(place + "/runs"), error)
"""


@pytest.mark.skipif(not MAY_MOUNT, reason="a small disk of one's own needs a mount namespace")
def test_a_full_disk_is_said_and_leaves_nothing_behind(tmp_path: Path) -> None:
    said = on_a_small_disk(tmp_path, 64, FULL)
    assert said.startswith("disk_full [] The disk of ")


def test_the_home_is_where_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("OVERNIGHT_HOME", "~/nights")
    assert home.home() == "/home/me/nights"
    monkeypatch.delenv("OVERNIGHT_HOME")
    monkeypatch.setenv("XDG_STATE_HOME", "/var/me")
    assert home.home() == "/var/me/overnight"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert home.home() == "/home/me/.local/state/overnight"


def test_removing_a_run_that_never_started(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    home.remove_run_dir(run.path)
    assert list(all_runs(str(tmp_path))) == []


@pytest.mark.rule("W0.2")
@pytest.mark.parametrize("removed", [0, 1, 2])
def test_killed_while_removing_leaves_no_half_run(tmp_path: Path, removed: int) -> None:
    """kill -9 after so many files: without its intent it would be watched for ever, without its end told anew."""
    run = new_run(tmp_path)
    for name in ("lock", "exit.json", ".closed"):
        Path(run.file(name)).touch()
    script = (
        "import itertools, os, sys; from overnight.store.home import remove_run_dir\n"
        "real, n = os.unlink, itertools.count()\n"
        "def unlink(*where, **how): real(*where, **how) if next(n) < int(sys.argv[2]) else os.kill(os.getpid(), 9)\n"
        "os.unlink = unlink; remove_run_dir(sys.argv[1])"
    )
    words = [sys.executable, "-c", script, run.path, str(removed)]
    assert subprocess.run(words, env=ENVIRONMENT, check=False).returncode == -signal.SIGKILL
    assert list(all_runs(str(tmp_path))) == []
    assert new_run(tmp_path).id != run.id


def test_the_way_of_a_start_is_light() -> None:
    heavy = "{'msgspec', 'sqlalchemy', 'json', 'pathlib'}"
    script = f"import sys, overnight.store.home; print(sorted({heavy} & set(sys.modules)))"
    words = [sys.executable, "-S", "-c", script]
    done = subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", done.stderr
