"""The facts of each tool are whole, and the workflow fits and needs nothing else."""

import inspect
import re
import sys
from pathlib import Path

import click
import pytest

from overnight.agents import AGENTS
from overnight.agents.base import SCOPES, TOOL_TIMEOUT_S, Agent, Around, Scope, Server, is_ours
from overnight.agents.words import words
from overnight.core.calls import TOOLS as CALLS
from overnight.surfaces.cli import agent as surface
from overnight.surfaces.cli.verbs import Verbs
from overnight.surfaces.mcp.clients import default_wait_s
from overnight.surfaces.mcp.tools import TOOLS

AROUND = Around("/home/me", {})
SERVER = Server("/opt/overnight", ["mcp", "--client", "x"], {"OVERNIGHT_HOME": "/o"})
LANGUAGES = ("en", "fr")
MOST_TOKENS = 600
TEXTS = [(name, scope, lang) for name in AGENTS for scope in SCOPES for lang in LANGUAGES]


@pytest.mark.parametrize("agent", AGENTS.values(), ids=list(AGENTS))
def test_every_fact_is_there(agent: Agent) -> None:
    assert agent.title
    assert agent.client
    assert agent.shapes
    for scope in SCOPES:
        place = agent.place(scope, AROUND, "/project")
        assert all(path.startswith("/") for path in (*place.configs, place.text, place.clue))
        assert place.configs or not agent.has_servers(scope)
    for shape in agent.shapes:
        entry = shape.entry(SERVER)
        assert is_ours(entry)
        assert "/o" in str(entry)
    module = sys.modules[f"overnight.agents.{agent.name}"]
    assert "Sources:" in str(inspect.getdoc(module))


@pytest.mark.parametrize("agent", AGENTS.values(), ids=list(AGENTS))
def test_the_server_waits_as_long_as_the_tool_lets_it(agent: Agent) -> None:
    assert default_wait_s(agent.client) == agent.wait_s
    assert agent.wait_s < 300 < TOOL_TIMEOUT_S


def test_no_two_tools_share_a_file() -> None:
    for scope in SCOPES:
        places = [agent.place(scope, AROUND, "/project") for agent in AGENTS.values()]
        files = [path for place in places for path in (*place.configs, place.text)]
        assert len(files) == len(set(files))


def test_the_command_line_offers_all() -> None:
    assert tuple(AGENTS) == surface._NAMES


@pytest.mark.parametrize(("name", "scope", "lang"), TEXTS)
def test_each_text_fits_real_tokenizers(name: str, scope: Scope, lang: str) -> None:
    import bpe_openai  # here: it reads three vocabularies, and each worker would

    text = AGENTS[name].write(words(lang), scope)
    for encoding in ("o200k_base", "cl100k_base"):
        assert len(bpe_openai.get_encoding(encoding).encode(text)) < MOST_TOKENS


@pytest.mark.parametrize(("name", "scope", "lang"), TEXTS)
def test_the_front_matter_is_what_it_looks_like(name: str, scope: Scope, lang: str) -> None:
    yaml = pytest.importorskip("yaml")
    _, head, body = AGENTS[name].write(words(lang), scope).split("---\n", 2)
    fields = yaml.safe_load(head)
    assert fields["description"] == words(lang).about
    assert fields.get("name", "overnight") == "overnight"
    assert body.strip() == words(lang).body.strip()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_text_speaks_of_tools_and_arguments_that_exist(lang: str) -> None:
    body = words(lang).body
    tools = {tool.name: tool for tool in TOOLS}
    for name, arguments in re.findall(r"\b([a-z]+_[a-z]+)\(([^)]*)\)", body):
        known = tools[name].input_schema["properties"]
        given = [word for word in re.split(r", | or | ou ", arguments) if word]
        assert set(given) <= set(known), name
        assert set(tools[name].input_schema.get("required", [])) <= {*given, "choice"}
    assert {name for name in tools if name in body} == set(tools)
    assert set(re.findall(r"\b[a-z]+_[a-z]+\b", body)) <= {*tools, "command_id"}
    assert CALLS is not None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_text_speaks_of_verbs_and_options_that_exist(lang: str) -> None:
    body = words(lang).body
    verbs = set(re.findall(r"overnight ([a-z]+) ", body)) | {"ls", "report", "relaunch", "stop"}
    assert verbs == {"run", "wait", "answer", "ls", "report", "relaunch", "stop"}
    for verb, option in (("run", "--name"), ("wait", "--until"), ("wait", "--timeout"), ("answer", "--env")):
        command = Verbs().get_command(click.Context(Verbs()), verb)
        assert command is not None
        assert option in {name for parameter in command.params for name in parameter.opts}
        assert option in body


@pytest.mark.rule("W1.1", "W2.4", "W3.2", "W3.3", "W4.1", "W4.2", "W5.1", "W5.2", "W5.4")
def test_the_text_holds_the_rules() -> None:
    for body in (words("en").body, words("fr").body):
        for word in (
            "nohup",
            "&",
            "100",
            "300 s",
            "fix",
            "continue",
            "stop",
            "list_commands() ",
            "sleep",
            "|",
        ):
            assert word in body
        for line in ("overnight run", "--until attention", "--timeout 270", "overnight answer RUN"):
            assert line in body


def test_both_languages_name_the_same_calls() -> None:
    calls = [sorted(re.findall(r"[a-z]+_[a-z]+|--[a-z]+", words(lang).body)) for lang in LANGUAGES]
    assert set(calls[0]) == set(calls[1])


def test_the_texts_are_packaged() -> None:
    project = Path(__file__).parents[2] / "pyproject.toml"
    assert '"*.md"' in project.read_text()
