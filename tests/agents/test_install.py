"""Install and uninstall in every tool: what was there before is there again, byte for byte."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest
from agent_documents import BROKEN_JSON, BROKEN_TOML, JSON, JSONC, OPENCODE, TOML
from mcp import Client, StdioServerParameters

from overnight import app
from overnight.agents import AGENTS, disk, jsonc, plan, tomltext
from overnight.agents.base import SCOPES, Scope, words_of
from overnight.app.agents import server_for, site_of
from overnight.errors import OvernightError, Unreadable, UsageError
from overnight.store import captured

BOTH = [(name, scope) for name in AGENTS for scope in SCOPES]
WITH_SERVERS = [(name, scope) for name, scope in BOTH if AGENTS[name].has_servers(scope)]
Tree = dict[str, tuple[int, bytes | str | None]]


def documents(name: str) -> dict[str, str]:
    if AGENTS[name].format == "toml":
        return TOML
    return OPENCODE | JSONC if name == "opencode" else JSON | JSONC


CASES = [(name, scope, title) for name, scope in WITH_SERVERS for title in documents(name)]
BROKEN = [
    (name, scope, title)
    for name, scope in WITH_SERVERS
    for title in (BROKEN_TOML if AGENTS[name].format == "toml" else BROKEN_JSON)
    if not (name == "opencode" and title.startswith("servers are"))
]


def tree(folder: Path) -> Tree:
    """Everything below the folder: modes, contents, where links lead."""

    def entries() -> Iterator[tuple[str, tuple[int, bytes | str | None]]]:
        for path in sorted(folder.rglob("*")):
            if path.name == captured.FILE:
                continue  # kept anew at each install
            mode = stat.S_IMODE(path.lstat().st_mode)
            content = (
                os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
            )
            yield str(path.relative_to(folder)), (mode, content)

    return dict(entries())


def config_of(name: str, scope: Scope) -> Path:
    return Path(site_of(AGENTS[name], scope).files.configs[0])


def text_of(name: str, scope: Scope) -> Path:
    return Path(site_of(AGENTS[name], scope).files.text)


def written(name: str, scope: Scope, data: bytes) -> Path:
    path = config_of(name, scope)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(("name", "scope"), BOTH)
def test_files_that_did_not_exist_are_gone_again(user: Path, name: str, scope: Scope) -> None:
    before = tree(user)
    done = app.install_agent(name, scope)
    assert all(os.path.isfile(path) for path in done.changed)
    assert len(done.changed) == (2 if AGENTS[name].has_servers(scope) else 1)
    app.uninstall_agent(name, scope)
    assert tree(user) == before


@pytest.mark.parametrize(("name", "scope", "title"), CASES)
def test_files_that_existed_are_as_they_were(user: Path, name: str, scope: Scope, title: str) -> None:
    path = written(name, scope, documents(name)[title].encode())
    path.chmod(0o640)
    before = tree(user)
    done = app.install_agent(name, scope)
    entry = plan.find(site_of(AGENTS[name], scope))
    assert entry is not None
    assert words_of(entry.value)[0] == server_for(AGENTS[name]).command
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [Path(backup).read_bytes() for backup in done.backups] == [documents(name)[title].encode()]
    assert stat.S_IMODE(os.stat(done.backups[0]).st_mode) == 0o600
    app.uninstall_agent(name, scope)
    assert tree(user) == before


@pytest.mark.parametrize(("name", "scope", "title"), CASES)
def test_installing_twice_changes_nothing(user: Path, name: str, scope: Scope, title: str) -> None:
    written(name, scope, documents(name)[title].encode())
    before = tree(user)
    app.install_agent(name, scope)
    once = tree(user.parent)
    assert app.install_agent(name, scope).changed == []
    assert tree(user.parent) == once
    app.uninstall_agent(name, scope)
    assert tree(user) == before


@pytest.mark.parametrize(("name", "scope", "title"), BROKEN)
def test_a_broken_file_is_told_and_nothing_is_written(
    user: Path, name: str, scope: Scope, title: str
) -> None:
    data, place = (BROKEN_TOML if AGENTS[name].format == "toml" else BROKEN_JSON)[title]
    path = written(name, scope, data)
    before = tree(user.parent)
    with pytest.raises(OvernightError) as caught:
        app.install_agent(name, scope)
    assert caught.value.code == "agent_config_broken"
    assert str(path) in str(caught.value)
    assert place in str(caught.value)
    assert "\n" not in str(caught.value)
    assert tree(user.parent) == before


@pytest.mark.parametrize(("name", "scope"), WITH_SERVERS)
def test_edits_made_meanwhile_stay(user: Path, name: str, scope: Scope) -> None:
    toml = AGENTS[name].format == "toml"
    format_ = tomltext if toml else jsonc
    path = written(name, scope, b"model = 1\n" if toml else b'{\n  "model": 1\n}\n')
    app.install_agent(name, scope)
    container = AGENTS[name].shapes[-1].path
    edited = format_.put(path.read_text(), (*container, "theirs"), {"command": "x"}).text
    edited = edited.replace("model", "other")
    path.write_text(edited)
    app.uninstall_agent(name, scope)
    after = format_.loads(path.read_text())
    expected: object = {"theirs": {"command": "x"}}
    assert after == {"other": 1, container[0]: expected}
    assert not text_of(name, scope).exists()


@pytest.mark.parametrize(("name", "scope"), WITH_SERVERS)
def test_what_surrounds_our_entry_alone_goes_with_it(user: Path, name: str, scope: Scope) -> None:
    toml = AGENTS[name].format == "toml"
    path = written(name, scope, b"model = 1\n" if toml else b'{\n  "model": 1\n}\n')
    app.install_agent(name, scope)
    path.write_text(path.read_text().replace("model", "other"))
    app.uninstall_agent(name, scope)
    assert path.read_text().rstrip() == ("other = 1" if toml else '{\n  "other": 1\n}')


@pytest.mark.parametrize(("name", "scope"), WITH_SERVERS)
def test_without_a_receipt_our_entry_is_found_all_the_same(
    user: Path, name: str, scope: Scope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(name, scope, b"" if AGENTS[name].format == "toml" else b'{"mcpServers": {"a": {}}}\n')
    before = path.read_text()
    app.install_agent(name, scope)
    monkeypatch.setenv("OVERNIGHT_HOME", str(tmp_path / "another"))
    app.uninstall_agent(name, scope)
    assert plan.find(site_of(AGENTS[name], scope)) is None
    assert not text_of(name, scope).exists()
    if name != "opencode":
        assert path.read_text() == before


def test_an_entry_of_an_older_place_is_brought_up_to_date_and_keeps_what_was_added(user: Path) -> None:
    app.install_agent("cursor", "user")
    path = config_of("cursor", "user")
    program = server_for(AGENTS["cursor"]).command
    path.write_text(
        path.read_text()
        .replace(program, "/old/overnight")
        .replace('"type"', '"alwaysAllow": [],\n      "type"')
    )
    app.install_agent("cursor", "user")
    entry = jsonc.loads(path.read_text())["mcpServers"]["overnight"]
    assert (entry["command"], entry["alwaysAllow"]) == (program, [])
    app.uninstall_agent("cursor", "user")
    assert "overnight" not in (path.read_text() if path.exists() else "")


@pytest.mark.parametrize(("name", "scope"), WITH_SERVERS)
def test_what_broke_since_is_told_and_not_touched(user: Path, name: str, scope: Scope) -> None:
    app.install_agent(name, scope)
    path = config_of(name, scope)
    path.write_bytes(path.read_bytes() + b"<<<<")
    before = tree(user.parent)
    with pytest.raises(OvernightError) as caught:
        app.uninstall_agent(name, scope)
    assert caught.value.code == "agent_config_broken"
    assert tree(user.parent) == before


def test_a_file_that_its_tool_writes_meanwhile_is_not_written_over(user: Path) -> None:
    path = written("claude", "user", b'{"numStartups": 1}')
    site = site_of(AGENTS["claude"], "user")
    made = plan.install(site, server_for(site.agent), "en")
    path.write_bytes(b'{"numStartups": 2}')
    with pytest.raises(OvernightError) as caught:
        disk.apply(made.changes)
    assert caught.value.code == "agent_changed"
    assert path.read_bytes() == b'{"numStartups": 2}'
    assert not text_of("claude", "user").exists()


def test_a_damaged_receipt_is_told_and_can_be_removed(user: Path) -> None:
    app.install_agent("claude", "user")
    receipt = Path(site_of(AGENTS["claude"], "user").where, "receipt.json")
    receipt.write_text("{")
    for call in (lambda: app.install_agent("claude", "user"), lambda: app.uninstall_agent("claude")):
        with pytest.raises(Unreadable, match="damaged: remove it"):
            call()
    assert [check.level for check in app.doctor() if check.theme == "agents"] == ["warn"]
    receipt.unlink()
    app.uninstall_agent("claude")
    assert not text_of("claude", "user").exists()


def test_a_large_configuration_comes_back_whole(user: Path) -> None:
    history = ",".join(f'{{"display": "line {n} \\"quoted\\"", "pasted": {{}}}}' for n in range(40_000))
    path = written("claude", "user", f'{{"history": [{history}], "mcpServers": {{}}}}'.encode())
    before = path.read_bytes()
    app.install_agent("claude", "user")
    app.uninstall_agent("claude")
    assert path.read_bytes() == before


@pytest.mark.parametrize("depth", [100, 300, 700, 900, 990, 1100])
def test_a_deep_configuration_is_taken_or_refused_in_a_sentence(user: Path, depth: int) -> None:
    written("claude", "user", b'{"a": ' + b"[" * depth + b"]" * depth + b"}")
    before = tree(user)
    try:
        app.install_agent("claude", "user")
    except OvernightError as error:
        assert error.code == "agent_config_broken"  # noqa: PT017  # both ends are right
    else:
        app.uninstall_agent("claude", "user")
    assert tree(user) == before


def test_somebody_elses_server_of_that_name_is_refused(user: Path) -> None:
    path = written("claude", "user", b'{"mcpServers": {"overnight": {"command": "npx", "args": ["other"]}}}')
    before = tree(user.parent)
    with pytest.raises(OvernightError) as caught:
        app.install_agent("claude", "user")
    assert caught.value.code == "agent_name_taken"
    assert str(path) in str(caught.value)
    assert tree(user.parent) == before
    with pytest.raises(OvernightError, match="not installed"):
        app.uninstall_agent("claude")


@pytest.mark.parametrize(
    ("edit", "rest"),
    [
        (lambda text: text + "\nMine too.\n", "\nMine too.\n"),
        (lambda text: "Before.\n" + text, "Before.\n"),
        (lambda text: text.replace("Long runs", "My runs"), None),
    ],
)
def test_a_workflow_that_was_edited_keeps_the_edits(
    user: Path, edit: Callable[[str], str], rest: str | None
) -> None:
    app.install_agent("claude", "user")
    path = text_of("claude", "user")
    edited = edit(path.read_text())
    path.write_text(edited)
    assert app.install_agent("claude", "user").kept == [str(path)]
    assert path.read_text() == edited
    (done,) = app.uninstall_agent("claude", "user")
    assert path.read_text() == (edited if rest is None else rest)
    assert done.kept == ([str(path)] if rest is None else [])


def test_a_text_that_was_there_before_comes_back(user: Path) -> None:
    path = text_of("windsurf", "project")
    path.parent.mkdir(parents=True)
    path.write_text("my own workflow\n")
    before = tree(user)
    app.install_agent("windsurf", "project")
    app.install_agent("windsurf", "project", "fr")
    assert "Longues" in path.read_text()
    app.uninstall_agent("windsurf", "project")
    assert tree(user) == before


def test_a_link_stays_a_link(user: Path) -> None:
    dotfiles = user / "dotfiles"
    dotfiles.mkdir()
    (dotfiles / "codex.toml").write_text("a = 1\n")
    path = config_of("codex", "user")
    path.parent.mkdir()
    path.symlink_to(dotfiles / "codex.toml")
    before = tree(user)
    app.install_agent("codex", "user")
    assert path.is_symlink()
    assert "overnight" in (dotfiles / "codex.toml").read_text()
    app.uninstall_agent("codex", "user")
    assert tree(user) == before


def test_links_of_a_project_that_lead_out_of_it_are_refused(user: Path) -> None:
    (user / ".bashrc").write_text("precious\n")
    path = text_of("claude", "project")
    path.parent.mkdir(parents=True)
    path.symlink_to(user / ".bashrc")
    before = tree(user.parent)
    with pytest.raises(OvernightError) as caught:
        app.install_agent("claude", "project")
    assert caught.value.code == "agent_link_outside"
    assert tree(user.parent) == before


def test_a_link_that_leads_nowhere_yet(user: Path) -> None:
    path = config_of("cursor", "user")
    path.parent.mkdir()
    path.symlink_to(user / "later.json")
    before = tree(user)
    app.install_agent("cursor", "user")
    assert (user / "later.json").is_file()
    app.uninstall_agent("cursor", "user")
    assert tree(user) == before


def test_a_failure_at_the_second_file_puts_the_first_back(user: Path) -> None:
    written("claude", "user", b'{"a": 1}')
    taken = text_of("claude", "user").with_name(f"SKILL.md.overnight-{os.getpid()}")
    taken.parent.mkdir(parents=True)
    taken.touch()  # the name under which the second file would be written first
    before = tree(user)
    with pytest.raises(OvernightError) as caught:
        app.install_agent("claude", "user")
    assert caught.value.code == "agent_unwritable"
    assert tree(user) == before
    with pytest.raises(OvernightError, match="not installed"):
        app.uninstall_agent("claude")


def test_a_place_that_cannot_be_written_is_told_before_anything_is(user: Path) -> None:
    (user / ".claude").write_text("a file where a folder should be")
    before = tree(user.parent)
    with pytest.raises(OvernightError) as caught:
        app.install_agent("claude", "user")
    assert caught.value.code == "agent_unwritable"
    assert "nothing was changed" in str(caught.value)
    assert tree(user.parent) == before


def test_a_folder_of_a_file_is_told(user: Path) -> None:
    config_of("gemini", "user").mkdir(parents=True)
    with pytest.raises(OvernightError, match=r"settings\.json cannot be read"):
        app.install_agent("gemini", "user")


def test_folders_in_use_by_another_tool_go_with_the_last(user: Path) -> None:
    before = tree(user)
    for order in (("gemini", "antigravity"), ("antigravity", "gemini")):
        app.install_agent("gemini", "user")
        app.install_agent("antigravity", "user")
        for name in order:
            app.uninstall_agent(name)
        assert tree(user) == before


def test_all_tools_together_in_both_scopes_leave_nothing(user: Path) -> None:
    before = tree(user)
    for name, scope in BOTH:
        app.install_agent(name, scope, "fr")
    states = {(one.agent, one.scope): one for one in app.list_agents()}
    assert all(states[one].server and states[one].works for one in WITH_SERVERS)
    assert {one.lang for one in states.values()} == {"fr"}
    for name in AGENTS:
        assert len(app.uninstall_agent(name)) == 2
    assert tree(user) == before


def test_opencode_2_gets_its_own_form(user: Path) -> None:
    path = written("opencode", "user", OPENCODE["version 2"].encode())
    app.install_agent("opencode", "user")
    servers = jsonc.loads(path.read_text())["mcp"]["servers"]
    assert servers["overnight"]["timeout"] == {"request": 330_000}
    assert isinstance(servers["overnight"]["command"], list)


def test_an_opencode_jsonc_that_is_there_is_the_one(user: Path) -> None:
    other = config_of("opencode", "project").with_suffix(".jsonc")
    other.write_text(JSONC["comments"])
    app.install_agent("opencode", "project")
    assert "overnight" in other.read_text()
    assert not config_of("opencode", "project").exists()


def test_the_variables_that_move_a_tool_are_obeyed(
    user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, name in (
        ("CLAUDE_CONFIG_DIR", "claude"),
        ("CODEX_HOME", "codex"),
        ("COPILOT_HOME", "copilot"),
        ("XDG_CONFIG_HOME", "opencode"),
    ):
        monkeypatch.setenv(variable, str(tmp_path / name))
        assert str(config_of(name, "user")).startswith(str(tmp_path / name))


def test_the_entry_works_from_the_poor_environment_of_a_tool(user: Path, tmp_path: Path) -> None:
    """What a tool starts answers with the home that was in force at install."""
    server = server_for(AGENTS["claude"])
    assert server.env["OVERNIGHT_HOME"] == str(tmp_path / "overnight")
    words = [server.command, *server.args[: server.args.index("mcp")], "mcp", "--help"]
    done = subprocess.run(
        words, env={"HOME": str(user), **server.env}, cwd="/", capture_output=True, check=True
    )
    assert b"--client" in done.stdout
    assert os.path.isabs(server.command)


@pytest.mark.system
@pytest.mark.parametrize("name", AGENTS)
def test_an_official_client_reaches_the_server_by_the_entry(user: Path, name: str) -> None:
    """With no more of the environment than stdio clients pass, from another folder."""
    app.install_agent(name, "user")
    entry = plan.find(site_of(AGENTS[name], "user"))
    assert entry is not None
    command, *args = words_of(entry.value)
    env = entry.value.get("env", entry.value.get("environment"))

    async def names() -> list[str]:
        server = StdioServerParameters(command=command, args=args, env=env, cwd="/")
        async with Client(server) as client:
            return [tool.name for tool in (await client.list_tools()).tools]

    assert "command_status" in anyio.run(names)


def test_the_home_of_the_user_is_no_project(user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(user)
    app.install_agent("claude", "user")
    assert {one.scope for one in app.list_agents()} == {"user"}
    assert len(app.uninstall_agent("claude")) == 1


def test_the_environment_is_kept_until_the_last_tool_goes(
    user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "secret")
    done = app.install_agent("claude", "user")
    app.install_agent("codex", "user")
    assert done.environment is not None
    kept = Path(done.environment)
    assert b"WANDB_API_KEY" in kept.read_bytes()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    app.uninstall_agent("claude")
    assert kept.exists()
    app.uninstall_agent("codex")
    assert not kept.exists()


def test_an_unknown_tool_is_told_the_known_ones(user: Path) -> None:
    with pytest.raises(UsageError, match="claude, codex"):
        app.install_agent("clippy", "user")


@pytest.mark.system
def test_the_command_line(user: Path) -> None:
    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "overnight", "agent", *words], capture_output=True, text=True, check=False
        )

    assert "No agent is known" in call("list").stdout
    done = call("install", "codex", "--project", "--lang", "fr")
    assert done.returncode == 0
    assert ".codex/config.toml" in done.stdout
    assert "all is in place" in call("install", "codex", "--project", "--lang", "fr").stdout
    assert "codex  project  installed  fr" in call("list").stdout
    assert '"server": true' in call("list", "--json").stdout
    assert call("uninstall", "codex", "--user").returncode == 1
    assert "restored" in call("uninstall", "codex").stdout
    refused = call("uninstall", "codex", "--json")
    assert '"agent_not_installed"' in refused.stdout
    assert call("install", "clippy").returncode == 2
