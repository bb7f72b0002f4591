"""Guard rails in real nights: whose answer counts, and what an agent is refused."""

import os
from pathlib import Path

import pytest
from helpers import wait_for_file
from night import Nights, Puppet

from overnight import app, settings
from overnight.app.delegating import start_for_agent
from overnight.errors import AlreadyAnswered, AlreadyEnded, Refused

MINOR = "WARNING: CUDA is not available, falling back to CPU"


def paused(nights: Nights, **policy: object) -> Puppet:
    """A run with a minor problem, asked about."""
    puppet = nights.puppet(policy=policy)
    puppet.say(MINOR)
    puppet.night.until("question")
    return puppet


def test_a_person_ends_what_an_agent_let_go_on(nights: Nights) -> None:
    puppet = paused(nights)
    assert app.answer(puppet.night.id, "continue", "claude-code", agent=True) is None
    assert puppet.night.until("answer").data == {
        **puppet.night.until("answer").data,
        "by": "agent claude-code",
        "agent": True,
    }
    with pytest.raises(AlreadyAnswered, match="agent claude-code"):
        app.answer(puppet.night.id, "stop", "codex", agent=True)
    with pytest.raises(AlreadyAnswered, match="agent claude-code"):
        app.answer(puppet.night.id, "continue", "ann")
    app.answer(puppet.night.id, "stop", "ann")
    assert puppet.night.until("ended").data["state"] == "stopped"
    assert [event.data["by"] for event in puppet.night.events("answer")] == ["agent claude-code", "ann"]
    assert puppet.night.events("stop")[0].data["by"] == "ann"
    with pytest.raises((AlreadyAnswered, AlreadyEnded)):
        app.answer(puppet.night.id, "stop", "bob")
    puppet.night.closed()
    text = Path(app.make_report(puppet.night.id).md).read_text()
    assert "agent claude-code" in text
    assert "ann" in text


def test_an_agent_never_replaces_a_persons_answer(nights: Nights) -> None:
    puppet = paused(nights)
    app.answer(puppet.night.id, "continue", "ann")
    with pytest.raises(AlreadyAnswered, match="'ann'"):
        app.answer(puppet.night.id, "stop", "codex", agent=True)
    puppet.end()
    assert puppet.night.until("ended").data["state"] == "succeeded"


def test_what_a_person_overruled_is_not_forgotten_with_the_watchman(nights: Nights) -> None:
    puppet = paused(nights)
    app.answer(puppet.night.id, "continue", "codex", agent=True)
    puppet.night.until("answer")
    nights.kill_watchman()
    app.answer(puppet.night.id, "stop", "ann")
    assert puppet.night.until("ended").data["state"] == "stopped"
    assert [event.data["by"] for event in puppet.night.events("answer")] == ["agent codex", "ann"]


def test_a_policy_keeps_agents_from_acting_and_no_answer_gets_around_it(nights: Nights) -> None:
    puppet = paused(nights, agent_may=["answer"])
    for choice in ("stop", "fix"):
        with pytest.raises(Refused) as refused:
            app.answer(puppet.night.id, choice, "codex", agent=True)  # type: ignore[arg-type]
        assert refused.value.code == "agent_may_not"
    with pytest.raises(Refused):
        app.stop(puppet.night.id, by="codex", agent=True)
    app.answer(puppet.night.id, "continue", "codex", agent=True)
    puppet.end()
    puppet.night.until("ended")
    with pytest.raises(Refused):
        app.relaunch(puppet.night.id, by="codex", agent=True)


def test_a_run_limited_to_its_starter_is_no_other_agents(nights: Nights) -> None:
    launched = app.launch(["sleep", "60"], cwd=str(nights.cwd), owner="codex")
    with pytest.raises(Refused) as refused:
        app.stop(launched.id, by="claude", agent=True)
    assert refused.value.code == "not_yours"
    app.stop(launched.id, by="agent codex", agent=True)
    wait_for_file(Path(launched.path) / ".closed")
    with pytest.raises(Refused):
        app.relaunch(launched.id, by="claude", agent=True)


def test_agents_start_only_what_and_where_they_may(nights: Nights, tmp_path: Path) -> None:
    inside = tmp_path / "projects" / "one"
    inside.mkdir(parents=True)
    (tmp_path / "projects" / "way-out").symlink_to("/tmp")
    settings.set("agents.commands", "true *")
    settings.set("agents.folders", str(tmp_path / "projects"))

    def start(*argv: str, cwd: str | Path = inside) -> str:
        return start_for_agent(argv, cwd=str(cwd), name=None, env={}, agent="a", again=True).run

    run = start("true", "--ok")
    for argv, cwd in (
        (("bash", "-c", "true"), inside),
        (("true",), tmp_path),
        (("true",), tmp_path / "projects" / "way-out"),
        (("true",), f"{inside}/../.."),
    ):
        with pytest.raises(Refused) as refused:
            start(*argv, cwd=cwd)
        assert refused.value.code == "start_not_allowed"
    app.wait(run, 30, until="end")
    with pytest.raises(Refused):
        app.relaunch(run, argv=["id"], by="a", agent=True)
    assert os.path.isdir(inside)
