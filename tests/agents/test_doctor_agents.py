"""`doctor` on what is installed in tools: what is broken, stale or too short, and nothing else."""

from pathlib import Path

import pytest

from overnight import app
from overnight.agents import AGENTS, jsonc
from overnight.app.agents import site_of
from overnight.app.checkup.agents import limit_of, look_at_agents
from overnight.app.checkup.check import Check


def found() -> list[Check]:
    return list(look_at_agents())


def config_of(name: str) -> Path:
    return Path(site_of(AGENTS[name], "user").files.configs[0])


def change(name: str, old: str, new: str) -> None:
    path = config_of(name)
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_nothing_is_said_of_tools_without_overnight(user: Path) -> None:
    config_of("claude").write_text("{ broken")
    assert found() == []


@pytest.mark.parametrize("name", AGENTS)
def test_a_sound_installation_is_one_quiet_line(user: Path, name: str) -> None:
    app.install_agent(name, "user")
    (check,) = found()
    assert (check.name, check.level) == (name, "ok")
    assert AGENTS[name].kills in check.text
    assert "English" in check.text


def test_a_program_that_is_gone_warns(user: Path) -> None:
    app.install_agent("claude", "user")
    program = app.list_agents()[0].program
    assert program is not None
    change("claude", program, "/gone/overnight")
    (check,) = found()
    assert check.level == "warn"
    assert "/gone/overnight, which is missing" in check.text
    assert check.advice == "overnight agent install claude --user"
    app.install_agent("claude", "user")
    assert found()[0].level == "ok"


def test_another_installation_warns(user: Path, tmp_path: Path) -> None:
    app.install_agent("gemini", "user")
    other = tmp_path / "bin" / "overnight"
    other.parent.mkdir()
    other.touch(0o755)
    program = next(one.program for one in app.list_agents() if one.agent == "gemini")
    assert program is not None
    change("gemini", program, str(other))
    (check,) = found()
    assert check.level == "warn"
    assert f"starts {other}, and this is {program}" in check.text


def test_an_entry_that_was_taken_out_by_hand_warns(user: Path) -> None:
    app.install_agent("cursor", "user")
    config_of("cursor").write_text("{}\n")
    (check,) = found()
    assert check.level == "warn"
    assert "lost its entry" in check.text


def test_a_configuration_that_broke_since_warns(user: Path) -> None:
    app.install_agent("cursor", "user")
    config_of("cursor").write_text("{ broken")
    (check,) = found()
    assert check.level == "warn"
    assert "line 1, column 3" in check.text


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("codex", "tool_timeout_sec = 330", "tool_timeout_sec = 60.0"),
        ("opencode", '"timeout": 330000', '"timeout": 5000'),
        ("opencode", '"timeout": 330000', '"timeout": {"request": 5000}'),
        ("gemini", '"args"', '"timeout": 30000,\n      "args"'),
        ("claude", '"args"', '"timeout": 30000,\n      "args"'),
    ],
)
def test_a_limit_shorter_than_one_wait_warns(user: Path, name: str, old: str, new: str) -> None:
    app.install_agent(name, "user")
    change(name, old, new)
    (check,) = found()
    assert check.level == "warn"
    assert "ends tool calls after" in check.text
    assert str(config_of(name)) in check.advice


def test_a_tool_with_the_shell_alone_is_warned_of_what_it_kills(user: Path) -> None:
    app.install_agent("claude", "user")
    config_of("claude").unlink()
    app.uninstall_agent("claude")  # and the workflow comes back with the project, say by git
    place = Path(site_of(AGENTS["claude"], "project").files.text)
    app.install_agent("claude", "project")
    text = place.read_bytes()
    app.uninstall_agent("claude")
    place.parent.mkdir(parents=True)
    place.write_bytes(text)
    (check,) = found()
    assert check.level == "warn"
    assert AGENTS["claude"].kills in check.text


def test_a_limit_is_read_in_its_unit() -> None:
    limits = AGENTS["opencode"].limits
    assert limit_of(jsonc.loads('{"timeout": 330000}'), limits) == 330.0
    assert limit_of({"timeout": {"request": 5000}}, limits) == 5.0
    for entry in ({}, {"timeout": True}, {"timeout": "5"}, {"timeout": None}):
        assert limit_of(entry, limits) is None


def test_doctor_has_the_theme(user: Path) -> None:
    app.install_agent("codex", "user")
    assert [check.name for check in app.doctor() if check.theme == "agents"] == ["codex"]
