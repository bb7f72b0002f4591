"""Anything in the place of a run's files: a sentence or less about that one run, at once; the others as ever.

Rules: what stands there is put there for real (pipes, links, devices, a terabyte of holes), beside a sound run; a call
that takes longer than its bound fails, whatever it was waiting for.
"""

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from damage import ODD, WAYS, damage
from helpers import Home, kill
from night import Night, Nights
from test_watchman_home import remove

from overnight import app, settings
from overnight.core.model import Event
from overnight.errors import OvernightError
from overnight.keeper import tree
from overnight.keeper.liveness import is_kept, state_of
from overnight.report import build
from overnight.store import home as store
from overnight.store.rundir import RunDir
from overnight.surfaces.cli.policy import read_policy
from overnight.watchman import memory
from overnight.watchman.start import ensure

BOUND_S = 5
FILES = (
    "spec.json", "start.json", "exit.json", "stop.json", "status.json", "events.jsonl", "templates.bin", "output.log",
    memory.FILE, "returned.jsonl", "answers", "answers/q.json", "cursors/default.json", "lock", "tree.lock",
)  # fmt: skip
RECORDS = ("spec.json", "start.json", "exit.json", "status.json")


@contextmanager
def bounded(what: str) -> Iterator[None]:
    """Fails when it takes too long, also where it hangs in the kernel."""

    def late(*_: object) -> None:
        raise AssertionError(f"{what} took over {BOUND_S} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(BOUND_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def looked_at(run: RunDir) -> None:
    """By everybody who looks at one run: what it gives, or one sentence."""
    looks: dict[str, Callable[[], Any]] = {
        "status": lambda: app.status(run.id),
        "wait": lambda: app.wait(run.id, 0.01, until="end"),
        "logs": lambda: app.read_log(run.id, 5),
        "stop": lambda: app.stop(run.id, grace=0.0),
        "answer": lambda: app.answer(run.id, "continue"),
        "report": lambda: build.read(run),
        "savings": lambda: app.savings(run.id),
        "account": lambda: app.note_return(run.id, "me", "wait", "words"),
        "state": lambda: state_of(run.path),
        "kept": lambda: is_kept(run.path),
    }
    for name, look in looks.items():
        with bounded(f"{name} of {run.id}"):
            assert "\n" not in refusal(look), name


def refusal(look: Callable[[], Any]) -> str:
    """The sentence with which it refuses; nothing when it does not."""
    try:
        look()
    except OvernightError as error:
        return str(error)
    return ""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """A run that went well and is closed, with every kind of file; its watchman is gone."""
    place = tmp_path_factory.mktemp("sound")
    home = Home(place / "home")
    home.path.mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OVERNIGHT_HOME", str(home.path))
        patch.setenv("OVERNIGHT_CONFIG", os.devnull)
        nights = Nights(home, place)
        night = nights.program("training", "4", name="the sound one")
        night.closed()
        kill(nights.watchman)
    for folder in ("answers", "cursors"):
        (night.folder / folder).mkdir(exist_ok=True)
    yield night
    home.close()


@pytest.fixture
def ended(sound: Night, nights: Nights) -> Night:
    """That run in this test's home."""
    folder = nights.home.runs / sound.id
    shutil.copytree(sound.folder, folder)
    return Night(nights.home, folder)


@pytest.fixture
def one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was seen of all processes serves every stop: nobody belongs to runs that ended, and to look again at each
    of thousands of stops takes most of their time."""
    seen = tree.Look()
    monkeypatch.setattr(tree, "Look", lambda: seen)


def cleared(night: Night) -> None:
    """The damaged runs are gone: who stops all runs of a home reads them."""
    for folder in night.folder.parent.glob("x*"):
        shutil.rmtree(folder)


def copied(night: Night, name: str) -> Path:
    """Another run with the same files, by that id."""
    folder = night.folder.parent / name
    shutil.copytree(night.folder, folder)
    for file, more in (("spec.json", {"name": None}), ("status.json", {})):
        found = json.loads((folder / file).read_text())
        (folder / file).write_text(json.dumps({**found, "run": name, **more}))
    return folder


def all_is_well(night: Night, damaged: int) -> None:
    """Whoever looks at all runs sees the sound one, and the damaged ones as far as they can be seen."""
    with bounded("ls"):
        listed = {status.run: status for status in app.list_runs()}
    assert listed[night.id].state == "succeeded"
    assert len(listed) == damaged + 1
    with bounded("find"):
        assert app.status("the sound one").run == night.id
    with bounded("prune"):
        assert night.id in [gone.run for gone in app.prune(dry_run=True)]
    with bounded("rebuild"):
        app.rebuild()


@pytest.mark.usefixtures("one_look")
@pytest.mark.parametrize("way", WAYS)
def test_anything_in_the_place_of_a_file_is_told_or_passed_over(ended: Night, way: str) -> None:
    done = 0
    for number, file in enumerate(FILES):
        folder = copied(ended, f"x{number:02d}")
        if not damage(folder / file, way):
            pytest.skip(f"{way}: it cannot be made here")
        done += 1
        looked_at(RunDir(folder))
    all_is_well(ended, done)
    cleared(ended)


@pytest.mark.usefixtures("one_look")
def test_any_value_at_any_key_is_told_or_passed_over(ended: Night) -> None:
    for name in RECORDS:
        folder = copied(ended, "x" + name[:3])
        run = RunDir(folder)
        sound = json.loads((folder / name).read_text())
        for key in sound:
            for odd in ODD:
                (folder / name).write_text(json.dumps({**sound, key: odd}))
                looked_at(run)
            with bounded("ls"):
                assert ended.id in [status.run for status in app.list_runs()]
        shutil.rmtree(folder)


@pytest.mark.parametrize("way", WAYS)
def test_anything_in_the_place_of_the_settings_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    config = tmp_path / "config.toml"
    monkeypatch.setenv("OVERNIGHT_CONFIG", str(config))
    if not damage(config, way):
        pytest.skip(f"{way}: it cannot be made here")
    with bounded("settings"):
        for read in (settings.load, settings.entries, lambda: settings.get("lang")):
            said = refusal(read)
            assert "\n" not in said
            assert not said or str(config) in said


def test_settings_are_linked_and_the_empty_device_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dotfiles").write_text('lang = "fr"\n')
    (tmp_path / "config.toml").symlink_to(tmp_path / "dotfiles")
    monkeypatch.setenv("OVERNIGHT_CONFIG", str(tmp_path / "config.toml"))
    assert settings.load().lang == "fr"
    monkeypatch.setenv("OVERNIGHT_CONFIG", os.devnull)
    assert settings.load().early_wait_s == 10.0


@pytest.mark.parametrize("text", ["a = " + "[" * 10_000, "settle_s = " + "9" * 5_000], ids=["deep", "long"])
def test_a_policy_without_end_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "policy.toml").write_text(text)
    with pytest.raises(OvernightError, match="is not TOML"):
        read_policy(str(tmp_path / "policy.toml"))


# ---------------------------------------------------------------- under a watchman

LIVE = {
    "spec.json": "pipe",
    "start.json": "/dev/zero",
    "exit.json": "link to itself",
    "stop.json": "pipe",
    "status.json": "folder",
    "events.jsonl": "pipe",
    "answers": "pipe",
    "answers/q.json": "a terabyte of holes",
    memory.FILE: "pipe",
    ".closed": "link to nothing",
}
"""What is damaged of a run that lives, each in a run of its own."""


def test_what_is_damaged_under_a_watch_disturbs_no_other_run(nights: Nights) -> None:
    pipe = nights.cwd / "held"
    os.mkfifo(pipe)
    held = os.open(pipe, os.O_RDWR)
    victims = [nights.start("cat", str(pipe), name=file) for file in LIVE]
    puppet = nights.puppet()
    for night in (*victims, puppet.night):
        night.until("started")
    pids = [night.pid for night in victims]
    for night, (file, way) in zip(victims, LIVE.items(), strict=True):
        (night.folder / file).parent.mkdir(exist_ok=True)
        assert damage(night.folder / file, way)
    puppet.progress(2)
    puppet.night.status(lambda status: bool(status.progress) and status.progress[0].current == 2)
    nights.kill_watchman()
    ensure(str(nights.home.path))
    puppet.progress(3)
    puppet.night.status(lambda status: bool(status.progress) and status.progress[0].current == 3)
    puppet.say("exit 0")
    puppet.night.closed()
    assert puppet.night.status(lambda status: status.state == "succeeded").exit_code == 0
    for night, pid in zip(victims, pids, strict=True):
        kill(pid)
        remove(night.folder)
    os.close(held)


def test_nothing_is_written_through_a_link(nights: Nights, tmp_path: Path) -> None:
    """What stands in the place of the events leads elsewhere: nothing is appended there."""
    theirs = tmp_path / "theirs"
    theirs.write_text("precious\n")
    run = RunDir(store.create_run_dir(str(nights.home.path), {"argv": ["true"], "cwd": "/"}))
    os.symlink(theirs, run.file("events.jsonl"))
    with pytest.raises(OvernightError):
        run.append([Event(t=1.0, kind="note", key="a", at=1.0, data={})])
    assert theirs.read_text() == "precious\n"
