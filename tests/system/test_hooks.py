"""The user's own commands for a question and the end: run once, told what there is to know, harmless."""

import json
import os
import resource
import time
from pathlib import Path

import pytest
from helpers import wait_for_text, wait_in
from night import Nights

from overnight import app, settings
from overnight.errors import UsageError
from overnight.watchman import hooks

pytestmark = pytest.mark.system
KEEP = "sh -c 'cat > {0}; env | grep ^OVERNIGHT_ >> {0}'"


def test_the_end_is_told_to_a_command_with_its_cause(nights: Nights, tmp_path: Path) -> None:
    kept = tmp_path / "told"
    night = nights.program("broken_start", hooks={"end": KEEP.format(kept)})
    done = night.until("hook")
    assert (done.data["on"], done.data["code"]) == ("end", 0)
    night.closed()
    told = kept.read_text()
    assert f"{night.id} failed" in told
    assert "cause: " in told
    assert f"OVERNIGHT_RUN={night.id}\n" in told
    assert "OVERNIGHT_STATE=failed\n" in told
    assert f"OVERNIGHT_KEY={night.id}:ended\n" in told
    assert "OVERNIGHT_TOKEN" not in told
    assert "report.html" in told


def test_a_failure_is_told_with_what_changed_since_it_went_well(nights: Nights, tmp_path: Path) -> None:
    kept = tmp_path / "told"
    good = nights.start("sh", "-c", "exit $CODE", env={"CODE": "0"})
    good.closed()
    bad = nights.start("sh", "-c", "exit $CODE", env={"CODE": "3"}, hooks={"end": KEEP.format(kept)})
    bad.until("hook")
    (line,) = (line for line in kept.read_text().splitlines() if line.startswith("changed: "))
    assert "CODE" in line
    assert good.id in line


@pytest.mark.rule("W3.3")
def test_a_question_is_told_to_a_command_with_its_answer(nights: Nights, tmp_path: Path) -> None:
    kept = tmp_path / "told"
    puppet = nights.puppet(hooks={"attention": KEEP.format(kept)})
    puppet.say("ConvergenceWarning: lbfgs failed to converge", "Epoch 2/100 - loss: 0.5")
    puppet.night.until("hook")
    assert f"overnight answer {puppet.night.id} fix|continue|stop" in kept.read_text()
    puppet.end()


@pytest.mark.parametrize(
    ("command", "fault"),
    [("sh -c 'echo said; exit 7'", "it ended with 7"), ("/nowhere/to/be/found", "it could not be started")],
)
def test_what_goes_wrong_in_it_is_a_note_and_disturbs_nothing(
    nights: Nights, command: str, fault: str
) -> None:
    night = nights.start("true", hooks={"end": command})
    night.closed()
    assert night.status(lambda seen: True).state == "succeeded"
    assert any(fault in event.data["text"] for event in night.events("note"))
    assert [kind for kind, _key in night.told()] == ["success"]


def test_it_runs_once_although_the_watchman_was_killed(nights: Nights, tmp_path: Path) -> None:
    """Killed while it runs: once more at most, under the same key."""
    kept, pipe = tmp_path / "keys", tmp_path / "pipe"
    os.mkfifo(pipe)
    night = nights.start("true", hooks={"end": f"sh -c 'echo $OVERNIGHT_KEY >> {kept}; read line < {pipe}'"})
    writer = os.open(pipe, os.O_RDWR)
    wait_for_text(kept, f"{night.id}:ended")
    nights.kill_watchman()
    app.status(night.id)
    os.write(writer, b"go\ngo\n")
    night.closed()
    os.close(writer)
    keys = kept.read_text().split()
    assert set(keys) == {f"{night.id}:ended"}
    assert len(keys) <= 2
    assert len(night.events("hook")) == 1


def test_one_that_outlives_two_watchmen_is_not_run_a_third_time(nights: Nights, tmp_path: Path) -> None:
    """A command that takes the watchman with it must not do so for ever."""
    kept, pipe = tmp_path / "keys", tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = os.open(pipe, os.O_RDWR)
    night = nights.start("true", hooks={"end": f"sh -c 'echo $OVERNIGHT_KEY >> {kept}; read line < {pipe}'"})
    for starts in (1, 2):
        wait_in(tmp_path, lambda: kept.exists() and len(kept.read_text().split()) == starts)  # noqa: B023
        nights.kill_watchman()
        app.status(night.id)
    night.closed()
    assert kept.read_text().split() == [f"{night.id}:ended"] * 2
    assert len(night.events("hook_begun")) == 2
    (outcome,) = night.events("hook")
    assert outcome.data["code"] is None
    assert any("not run again" in event.data["text"] for event in night.events("note"))
    os.write(writer, b"go\ngo\n")
    os.close(writer)


def test_its_time_is_bounded_by_the_settings_and_the_run_is_closed_without_it(
    nights: Nights, tmp_path: Path
) -> None:
    settings.set("hook_s", "0.5")
    night = nights.start("true", hooks={"end": "tail -f /dev/null"})
    outcome = night.until("hook")
    assert outcome.data["code"] == -15
    assert 0.5 <= outcome.data["seconds"] < 5
    night.closed()
    assert [kind for kind, _key in night.told()] == ["success"]
    assert any("took longer than 0.5 s" in event.data["text"] for event in night.events("note"))


def test_the_settings_give_it_to_every_run_and_refuse_what_cannot_be_read(
    nights: Nights, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="command for end"):
        settings.set("on_end", "sh -c 'unclosed")
    settings.set("on_end", f"sh -c 'echo $OVERNIGHT_STATE >> {tmp_path}/states'")
    nights.start("true").closed()
    nights.start("false").closed()
    assert (tmp_path / "states").read_text().split() == ["succeeded", "failed"]


def test_a_wait_is_not_held_up_by_a_hook(nights: Nights) -> None:
    """Its record changes no status: who waits need not wait for one."""
    puppet = nights.puppet(hooks={"attention": "true"})
    puppet.say("ConvergenceWarning: lbfgs failed to converge", "Epoch 2/100 - loss: 0.5")
    puppet.night.until("hook")
    began = time.monotonic()
    assert app.wait(puppet.night.id, 0, "attention", "me").exit_status == 4
    assert time.monotonic() - began < 2
    puppet.end()


def test_one_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    outcome = hooks.run(
        "sh -c 'trap \"\" TERM; sleep 1000'", str(tmp_path), str(tmp_path), {}, "x", bound_s=0.3
    )
    assert "took longer than 0.3 s" in outcome.fault
    assert outcome.code == -9
    outcome = hooks.run("sh -c 'sleep 1000 & echo done'", str(tmp_path), str(tmp_path), {}, "x", bound_s=30)
    assert (outcome.code, outcome.fault) == (0, "")
    outcome = hooks.run("yes", str(tmp_path), str(tmp_path), {}, "x", bound_s=0.3)
    assert outcome.code == -15
    child = tmp_path / "child"
    script = (
        f"trap exit TERM; (trap : TERM; echo > {child}; while :; do read x <> {tmp_path}/none; done) & wait"
    )
    os.mkfifo(tmp_path / "none")
    outcome = hooks.run(f'sh -c "{script}"', str(tmp_path), str(tmp_path), {}, "x", bound_s=1)
    assert child.exists()
    assert processes_that_say(str(tmp_path / "none")) == []
    assert (tmp_path / hooks.LOG).stat().st_size < 1 << 17


def processes_that_say(word: str) -> list[str]:
    """Pids whose command line holds that word."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            said = (place / "cmdline").read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
        found += [place.name] if word in said else []
    return found


def test_it_is_run_by_a_watchman_with_thousands_of_descriptors(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2000:
        pytest.skip("the system gives no more than a thousand descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2000), hard))
    held = [os.open("/dev/null", os.O_RDONLY) for _ in range(1100)]
    try:
        outcome = hooks.run("cat", str(tmp_path), str(tmp_path), {}, "told", bound_s=30)
    finally:
        for fd in held:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert (outcome.code, outcome.fault) == (0, "")
    assert (tmp_path / hooks.LOG).read_text() == "$ cat\ntold\n"


def test_one_that_cannot_be_read_is_refused_at_the_start(nights: Nights) -> None:
    for command in ("", "   ", "sh -c 'unclosed"):
        with pytest.raises(UsageError):
            app.launch(["true"], hooks={"end": command})
    assert not any(nights.home.path.glob("runs/[!.]*"))


def test_a_relaunch_keeps_them(nights: Nights) -> None:
    night = nights.start("true", hooks={"end": "true"})
    night.closed()
    again = app.relaunch(night.id)
    spec = json.loads(Path(again.path, "spec.json").read_text())
    assert spec["hooks"] == {"end": "true"}
