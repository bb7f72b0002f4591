"""The use-cases around a night: waiting, listing, relaunching, keeping house."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from night import Nights, tellings

from overnight import app
from overnight.core.model import Spec
from overnight.errors import AlreadyEnded, NoSuchRun, OvernightError, UsageError, WaitTooLong

HEAVY = ("msgspec", "sqlalchemy", "asyncio", "psutil", "inotify_simple")


def test_the_detached_start_loads_no_heavy_module(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERNIGHT_CONFIG", str(nights.cwd / "none.toml"))
    launch = "from overnight import app; app.launch(['true'], cwd='/')"
    script = f"import sys; {launch}; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    app.wait("last", 20, until="end")


@pytest.mark.rule("W5.1")
def test_a_wait_is_at_most_300_seconds(nights: Nights) -> None:
    night = nights.program("training", "2")
    with pytest.raises(WaitTooLong):
        app.wait(night.id, 300.5)
    assert app.wait(night.id, 400, until="end").exit_status == 0
    assert app.wait(night.id, 300).exit_status == 0
    with pytest.raises(UsageError):
        app.wait(night.id, 1, until="dawn")


@pytest.mark.rule("W2.5", "W5.4")
def test_a_wait_comes_back_as_soon_as_there_is_news(nights: Nights) -> None:
    puppet = nights.puppet(schedule=(0.2, 300.0))
    assert app.wait(puppet.night.id, 30).status.check_ins == 1
    puppet.say("NVRM: Xid (PCI:0000:18:00): 79, pid=1234, GPU has fallen off the bus.")
    began = time.monotonic()
    result = app.wait(puppet.night.id, 300)
    assert time.monotonic() - began < 30
    assert "gpu.xid79" in result.digest
    assert app.wait(puppet.night.id, 60, until="end").exit_status == 1
    os.close(puppet.pipe)


@pytest.mark.rule("W5.2")
def test_a_wait_without_news_ends_when_its_time_is_over(nights: Nights) -> None:
    puppet = nights.puppet(schedule=(300.0,))
    puppet.night.until("first_logs")
    app.wait(puppet.night.id, 0, reader="ann")
    assert app.wait(puppet.night.id, 0.2, reader="ann").exit_status == 3
    assert app.wait(puppet.night.id, 0.2, until="attention", reader="ann").exit_status == 3
    puppet.end()


def test_runs_are_listed_newest_first_and_found_by_state_and_tag(nights: Nights) -> None:
    first = nights.program("training", "2", tags=["a"], name="one")
    app.wait(first.id, 20, until="end")
    second = nights.program("broken_start", tags=["a", "b"])
    app.wait(second.id, 20, until="end")
    assert [s.run for s in app.list_runs()] == [second.id, first.id]
    assert [s.run for s in app.list_runs(limit=1)] == [second.id]
    assert [s.run for s in app.list_runs(state="succeeded")] == [first.id]
    assert [s.run for s in app.list_runs(tag="b")] == [second.id]
    assert app.status("one").run == first.id
    with pytest.raises(NoSuchRun):
        app.status("nobody")


def test_the_log_is_read_from_its_end(nights: Nights) -> None:
    night = nights.start("sh", "-c", "seq 1 30000; printf 'no end'")
    app.wait(night.id, 20, until="end")
    assert app.read_log(night.id, lines=3) == ["29999", "30000", "no end"]
    assert len(app.read_log(night.id)) == 30001


def test_a_relaunch_is_linked_and_says_what_changed(nights: Nights) -> None:
    puppet = nights.puppet(tags=["x"])
    with pytest.raises(OvernightError) as caught:
        app.relaunch(puppet.night.id)
    assert caught.value.code == "still_running"
    puppet.end(1)
    app.wait(puppet.night.id, 20, until="end")
    new = app.relaunch(puppet.night.id, argv=["sh", "-c", "echo $LR"], env={"LR": "0.1"})
    status = app.wait(new.id, 20, until="end").status
    assert (status.replaces, status.tags) == (puppet.night.id, ["x"])
    assert status.changed == ["LR=0.1", "command: sh -c echo $LR"]
    assert app.read_log(new.id) == ["0.1"]


def test_a_stop_is_refused_after_the_end(nights: Nights) -> None:
    night = nights.program("training", "1")
    app.wait(night.id, 20, until="end")
    with pytest.raises(AlreadyEnded):
        app.stop(night.id)


def test_the_settings_hold_where_nothing_was_said(nights: Nights, tmp_path: Path) -> None:
    with (tmp_path / "config.toml").open("a") as config:
        config.write('schedule = [0.4, 7.0]\n[policy]\nstall = "ignore"\n')
    launched = app.launch(["true"], cwd="/", policy={"minor": "ignore"})
    spec = launched_spec(launched.path)
    assert spec.schedule == (0.4, 7.0)
    assert (spec.policy.stall, spec.policy.minor) == ("ignore", "ignore")
    app.wait(launched.id, 20, until="end")


def launched_spec(path: str) -> Spec:
    from overnight.store.rundir import RunDir

    return RunDir(path).spec()


@pytest.mark.parametrize("wrong", [{"schedule": (30, 400)}, {"schedule": ()}, {"policy": {"stall": "maybe"}}])
def test_a_watch_that_cannot_be_kept_is_refused_before_anything_starts(nights: Nights, wrong: dict) -> None:
    with pytest.raises(UsageError):
        app.launch(["true"], **wrong)
    assert list(nights.home.runs.glob("*")) == []


def test_the_house_is_kept(nights: Nights) -> None:
    ended = nights.program("training", "2")
    ended.closed()
    puppet = nights.puppet()
    puppet.night.until("started")
    failing = [check for check in app.doctor() if check.level == "bad"]
    assert failing == []
    (nights.home.path / "index.db").unlink()
    assert app.rebuild() == 2
    assert [one.run for one in app.prune(keep=0, dry_run=True)] == [ended.id]
    assert app.prune(older_than_s=3600) == []
    assert [one.run for one in app.prune(keep=0)] == [ended.id]
    assert [s.run for s in app.list_runs()] == [puppet.night.id]
    puppet.end()


def test_the_channels_can_be_tried(nights: Nights, tmp_path: Path) -> None:
    assert [one.error for one in app.notify_test()] == [None]
    assert "test" in (nights.home.path / "told.log").read_text()
    (tmp_path / "config.toml").write_text('notify = ["file:/no/such/folder/told.log"]\n')
    tried = app.notify_test()
    assert tried[0].error is not None
    night = nights.program("broken_start")
    night.telling("failure")
    with app.follow(night.id) as following:
        while not app.notify_pending():
            following.wait(1)
    pending = app.notify_pending()
    assert [(one.run, one.kind) for one in pending] == [(night.id, "failure")]
    assert tellings(nights.home)[0]["run"] == "test"


@pytest.mark.rule("W2.7")
def test_a_finished_log_is_read_with_the_same_eyes(nights: Nights) -> None:
    night = nights.program("broken_start")
    app.wait(night.id, 20, until="end")
    found = app.analyze([night.log])[0]
    assert found.outcome == "failure"
    assert found.failure is not None
    assert found.failure.cls == night.telling("failure")["problem"]["class"]
