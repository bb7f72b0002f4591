"""TOML: a table more, and the same text again without it."""

import re
import tomllib

import pytest
from agent_documents import BOM, BROKEN_TOML, TOML

from overnight.agents import tomltext
from overnight.agents.jsonscan import Broken

PATH = ("mcp_servers", "overnight")
ENTRY = {"command": '/opt/a "b"/overnight', "args": ["mcp"], "tool_timeout_sec": 330, "env": {"A": "b\\c"}}


@pytest.mark.parametrize("name", TOML)
def test_put_then_take_is_nothing(name: str) -> None:
    edited = tomltext.put(TOML[name], PATH, ENTRY)
    parsed = tomllib.loads(edited.text.removeprefix(BOM))
    assert parsed["mcp_servers"]["overnight"] == ENTRY
    assert tomltext.take(edited.text, PATH).rstrip() == TOML[name].rstrip()


@pytest.mark.parametrize("name", [name for name in TOML if name != "inline"])
def test_what_was_there_is_there_still(name: str) -> None:
    assert tomltext.put(TOML[name], PATH, ENTRY).text.startswith(TOML[name])


def test_a_table_that_follows_ours_stays_where_it_is() -> None:
    edited = tomltext.put("a = 1\n", PATH, ENTRY).text + "\n# mine\n[later]\nx = 1\n"
    assert tomltext.take(edited, PATH) == "a = 1\n\n\n# mine\n[later]\nx = 1\n"


def test_a_table_in_the_middle_written_otherwise_is_found() -> None:
    ours = '[ mcp_servers . "overnight" ] # ours\ncommand = "x"\n[mcp_servers.overnight.env]\nB = "c"\n'
    text = f"a = 1\n{ours}[z]\nb = 2\n"
    assert tomltext.take(text, PATH) == "a = 1\n[z]\nb = 2\n"


def test_keys_dotted_and_inline_are_taken_too() -> None:
    for text in (
        'mcp_servers.overnight.command = "x"\nb = 2\n',
        'mcp_servers = {overnight = {command = "x"}}\nb = 2\n',
    ):
        assert tomllib.loads(tomltext.take(text, PATH))["b"] == 2
        assert "overnight" not in tomltext.take(text, PATH)


@pytest.mark.parametrize("name", [n for n in BROKEN_TOML if "UTF" not in n])
def test_broken_texts_are_refused_with_their_place(name: str) -> None:
    data, place = BROKEN_TOML[name]
    with pytest.raises(Broken, match=re.escape(place)):
        tomltext.put(data.decode(), PATH, ENTRY)
