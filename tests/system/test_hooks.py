"""The user's own commands for a question and the end: run once, told what there is to know, harmless."""

import json
from pathlib import Path

import pytest
from night import Nights

from overnight import app
from overnight.errors import UsageError

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
    import os

    os.mkfifo(pipe)
    night = nights.start("true", hooks={"end": f"sh -c 'echo $OVERNIGHT_KEY >> {kept}; read line < {pipe}'"})
    writer = os.open(pipe, os.O_RDWR)
    from helpers import wait_for_text

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


def test_one_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    from overnight.watchman import hooks

    outcome = hooks.run(
        "sh -c 'trap \"\" TERM; sleep 1000'", str(tmp_path), str(tmp_path), {}, "x", bound_s=0.3
    )
    assert "took longer than 0.3 s" in outcome.fault
    assert outcome.code == -9
    outcome = hooks.run("sh -c 'sleep 1000 & echo done'", str(tmp_path), str(tmp_path), {}, "x", bound_s=30)
    assert (outcome.code, outcome.fault) == (0, "")
    outcome = hooks.run("yes", str(tmp_path), str(tmp_path), {}, "x", bound_s=0.3)
    assert outcome.code == -15
    assert (tmp_path / hooks.LOG).stat().st_size < 1 << 17


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
