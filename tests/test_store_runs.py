"""Finding runs by what people call them."""

import os
from pathlib import Path

import pytest
from store_facts import new_run

from overnight.errors import AmbiguousRun, NoSuchRun
from overnight.store import home
from overnight.store.runs import all_runs, find


def test_the_newest_comes_first_and_is_the_last_one(tmp_path: Path) -> None:
    ids = [new_run(tmp_path, created_at=float(at)).id for at in (3, 1, 2)]
    assert [run.id for run in all_runs(str(tmp_path))] == [ids[0], ids[2], ids[1]]
    assert find(str(tmp_path), "last").id == ids[0]


def test_an_id_a_prefix_and_a_name_find_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = new_run(tmp_path, name="sweep-A").id
    monkeypatch.setattr(home, "ALPHABET", "q")
    second = new_run(tmp_path, name="sweep-B").id
    assert second == "qqqq"
    assert find(str(tmp_path), first).id == first
    assert find(str(tmp_path), "qq").id == second
    assert find(str(tmp_path), "sweep-A").id == first


def test_an_id_goes_before_a_name_that_looks_like_it(tmp_path: Path) -> None:
    first = new_run(tmp_path).id
    new_run(tmp_path, name=first)
    assert find(str(tmp_path), first).id == first


@pytest.mark.parametrize("ref", ["nope", "", "..", "\x1b[31mred", "/etc/passwd"])
def test_what_is_no_run_is_said(tmp_path: Path, ref: str) -> None:
    new_run(tmp_path)
    with pytest.raises(NoSuchRun, match="overnight ls") as caught:
        find(str(tmp_path), ref)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("made", [False, True])
def test_without_runs_the_way_to_the_first_is_said(tmp_path: Path, made: bool) -> None:
    if made:
        home.prepare(str(tmp_path))
    with pytest.raises(NoSuchRun, match="overnight run"):
        find(str(tmp_path), "last")


def test_several_runs_of_a_name_are_named(tmp_path: Path) -> None:
    ids = [new_run(tmp_path, name="sweep").id for _ in range(2)]
    with pytest.raises(AmbiguousRun) as caught:
        find(str(tmp_path), "sweep")
    assert all(run in str(caught.value) for run in ids)
    assert caught.value.exit_status == 5


def test_several_runs_of_a_prefix_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = iter([*(f"x{letter}" for letter in "abcdefgh"), "ya"])
    monkeypatch.setattr(home, "_new_id", lambda _length: next(names))
    ids = {new_run(tmp_path).id for _ in range(9)}
    with pytest.raises(AmbiguousRun, match="and 3 more") as caught:
        find(str(tmp_path), "x")
    assert sum(run in str(caught.value) for run in ids) == 5


def test_a_relaunch_keeps_the_name_and_is_meant_by_it(tmp_path: Path) -> None:
    first = new_run(tmp_path, name="sweep").id
    second = new_run(tmp_path, name="sweep", replaces=first).id
    third = new_run(tmp_path, name="sweep", replaces=second).id
    assert find(str(tmp_path), "sweep").id == third


def test_a_damaged_run_hides_no_other_and_is_found_by_its_id(tmp_path: Path) -> None:
    broken, sound = new_run(tmp_path, created_at=1.0), new_run(tmp_path, name="sound", created_at=2.0)
    Path(broken.file("spec.json")).write_text("{")
    assert {run.id for run in all_runs(str(tmp_path))} == {broken.id, sound.id}
    assert find(str(tmp_path), "sound").id == sound.id
    assert find(str(tmp_path), broken.id).id == broken.id


def test_the_last_one_is_found_among_many_and_in_a_home_that_was_copied(tmp_path: Path) -> None:
    """By when intents were written, which says nothing where they were written at another time than they say."""
    began = 1_700_000_000.0
    runs = [new_run(tmp_path, created_at=began + n) for n in range(100)]
    newest = runs[41]
    (Path(newest.path) / "spec.json").write_text(
        (Path(newest.path) / "spec.json").read_text().replace(str(began + 41), str(began + 400))
    )
    assert find(str(tmp_path), "last").id == newest.id
    for n, run in enumerate(runs):
        at = began + (400 if run is newest else n)
        os.utime(Path(run.path) / "spec.json", (at, at))
    assert find(str(tmp_path), "last").id == newest.id
    os.utime(Path(newest.path) / "spec.json", (began + 10, began + 10))
    os.utime(Path(runs[3].path) / "spec.json", (began + 9000, began + 9000))
    assert find(str(tmp_path), "last").id == newest.id
