"""The index damaged, replaced, of a newer version or locked while runs go on: it is an index, so nothing is lost."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from helpers import kill
from night import Nights, tellings

from overnight import app
from overnight.store import database

Damage = Callable[[Path], object]


def garbage(file: Path) -> None:
    file.write_bytes(os.urandom(9000))


def truncated(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def empty(file: Path) -> None:
    os.truncate(file, 0)


def folder(file: Path) -> None:
    while not file.is_dir():  # somebody may open it anew in between, which makes a file
        file.unlink(missing_ok=True)
        with suppress(FileExistsError):
            file.mkdir()
    (file / "somebody's").write_text("file")


def newer(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()


DAMAGES = [garbage, truncated, empty, folder, newer]


@pytest.mark.rule("W0.2", "W4.2")
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_happens_to_the_index_during_a_run_changes_nothing(nights: Nights, damage: Damage) -> None:
    nights.index()
    puppet = nights.puppet()
    puppet.night.until("check_in")
    damage(nights.home.path / database.NAME)
    puppet.end(7)
    puppet.night.closed()
    assert [row["kind"] for row in tellings(nights.home)] == ["failure"]
    if damage is newer:  # which an open index does not look at again
        app.rebuild()
    assert [status.exit_code for status in nights.index().list_runs()] == [7]


@pytest.mark.parametrize("damage", DAMAGES)
def test_rebuild_restores_it_and_tells_nothing_again(nights: Nights, damage: Damage) -> None:
    night = nights.program("training", "2")
    night.closed()
    kill(nights.watchman)
    damage(nights.home.path / database.NAME)
    words = [sys.executable, "-m", "overnight", "rebuild", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["runs"] == 1
    assert [status.run for status in nights.index().list_runs()] == [night.id]
    assert nights.index().pending() == 0
    assert len(tellings(nights.home)) == 1


def test_what_lay_in_its_place_is_kept(nights: Nights) -> None:
    night = nights.program("training", "2")
    night.closed()
    kill(nights.watchman)
    folder(nights.home.path / database.NAME)
    subprocess.run(
        [sys.executable, "-m", "overnight", "rebuild"], check=True, timeout=60, capture_output=True
    )
    kept = list(nights.home.path.rglob("somebody's"))
    assert [path.read_text() for path in kept] == ["file"]


@pytest.mark.rule("W0.2", "W2.4", "W4.2")
def test_an_index_that_somebody_else_locks_holds_up_no_watch(nights: Nights) -> None:
    """The check-ins go on and the end is recorded; it is told once the lock is gone."""
    puppet = nights.puppet(schedule=(0.3, 0.9, 0.3))
    puppet.night.until("check_in")
    with nights.index()._database.writing():
        puppet.night.until("check_in", 4)
        puppet.end(7)
        assert puppet.night.until("ended").data["exit"]["code"] == 7
        assert tellings(nights.home) == []
    puppet.night.closed()
    assert len(tellings(nights.home)) == 1
