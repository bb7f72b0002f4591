"""A home of its own for each test, with nothing of the real one."""

from pathlib import Path

import pytest

_MOVERS = (
    "CLAUDE_CONFIG_DIR",
    "CODEX_HOME",
    "COPILOT_HOME",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "OVERNIGHT_CONFIG",
)


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's home; the current folder is a project in it."""
    for name in (*_MOVERS, "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    home, project = tmp_path / "home", tmp_path / "home" / "project"
    project.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("OVERNIGHT_HOME", str(tmp_path / "overnight"))
    monkeypatch.chdir(project)
    return home
