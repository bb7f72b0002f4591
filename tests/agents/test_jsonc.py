"""JSON with comments: what is put comes out as it should, what is taken leaves the text as it was."""

import json
import re
from typing import Any

import pytest
from agent_documents import BOM, BROKEN_JSON, JSON, JSONC
from hypothesis import given, settings
from hypothesis import strategies as st

from overnight.agents import jsonc
from overnight.agents.jsonscan import Broken

PATH = ("mcpServers", "overnight")
ENTRY = {"command": "/opt/ünïcode/overnight", "args": ["mcp"], "env": {"A": 'a"b'}}
ALL = {
    **{f"json: {name}": text for name, text in JSON.items()},
    **{f"jsonc: {n}": t for n, t in JSONC.items()},
}
HOLLOW = re.compile(r"\s+\}")


@pytest.mark.parametrize("name", ALL)
def test_put_then_take_is_nothing(name: str) -> None:
    text = ALL[name]
    edited = jsonc.put(text, PATH, ENTRY)
    assert jsonc.loads(edited.text)["mcpServers"]["overnight"] == ENTRY
    assert jsonc.take(edited.text, PATH, edited.made).rstrip() == text.rstrip()


@pytest.mark.parametrize("name", JSON)
def test_strict_json_stays_strict(name: str) -> None:
    edited = jsonc.put(JSON[name], PATH, ENTRY).text.removeprefix(BOM)
    assert json.loads(edited) == jsonc.loads(edited)


@pytest.mark.parametrize("name", ALL)
def test_nothing_that_was_there_is_lost(name: str) -> None:
    edited = jsonc.put(ALL[name], PATH, ENTRY).text
    rest = iter(edited)
    assert all(character in rest for character in ALL[name].rstrip())  # in this order
    assert all(comment in edited for comment in re.findall(r"//.*|/\*.*?\*/", ALL[name]))


def test_the_layout_of_the_neighbours_is_taken_over() -> None:
    assert jsonc.put(JSON["tabs"], PATH, {"a": 1}).text == (
        '{\n\t"mcpServers": {\n\t\t"a": {\n\t\t\t"command": "b"\n\t\t},\n'
        '\t\t"overnight": {\n\t\t\t"a": 1\n\t\t}\n\t}\n}\n'
    )
    assert "\n" not in jsonc.put(JSON["windows"], PATH, ENTRY).text.replace("\r\n", "")
    assert "\n" not in jsonc.put(JSON["one line"], PATH, ENTRY).text


def test_a_comment_stays_with_what_it_is_about() -> None:
    edited = jsonc.put('{\n  "a": 1 // one\n}\n', ("b",), 2).text
    assert edited == '{\n  "a": 1, // one\n  "b": 2\n}\n'


def test_members_put_after_ours_stay_when_ours_goes() -> None:
    edited = jsonc.put('{\n  "mcpServers": {}\n}\n', PATH, {}).text
    added = edited.replace('"overnight": {}', '"overnight": {},\n    // mine\n    "later": {"x": 1}')
    assert jsonc.take(added, PATH) == '{\n  "mcpServers": {\n    // mine\n    "later": {"x": 1}\n  }\n}\n'


def test_what_is_not_there_is_not_taken() -> None:
    for text in ("", "{}", '{"mcpServers": 1}', '{"mcpServers": {"a": {}}}'):
        assert jsonc.take(text, PATH, 2) == text


@pytest.mark.parametrize("name", [n for n in BROKEN_JSON if "UTF" not in n])
def test_broken_texts_are_refused_with_their_place(name: str) -> None:
    data, place = BROKEN_JSON[name]
    with pytest.raises(Broken, match=re.escape(place)):
        jsonc.put(data.decode(), PATH, ENTRY)


# ---------------------------------------------------------------- generated documents

_GAPS = st.sampled_from(["", " ", "\n", "\n  ", "\t", "\r\n    ", "  // note\n", " /* a */ ", "\n/* b\n*/\n"])
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
_NAMES = st.one_of(st.text(max_size=8), st.sampled_from(["mcpServers", "overnight", "a"]))


@st.composite
def _written(draw: Any, value: Any) -> str:
    """A value written with blanks, comments and commas where they may be."""
    gap = lambda: draw(_GAPS)  # noqa: E731
    if isinstance(value, dict | list):
        opened, closed = "{}" if isinstance(value, dict) else "[]"
        parts = []
        for part in value.items() if isinstance(value, dict) else value:
            name = f"{gap()}{json.dumps(part[0])}{gap()}:" if isinstance(value, dict) else ""
            parts.append(name + gap() + draw(_written(part[1] if isinstance(value, dict) else part)) + gap())
        comma = f",{gap()}" if parts and draw(st.booleans()) else ""
        return opened + (gap() if not parts else "") + ",".join(parts) + comma + closed
    return json.dumps(value, ensure_ascii=draw(st.booleans()))


_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4)
)
_SERVERS = st.dictionaries(_NAMES.filter(lambda name: name != "overnight"), _VALUES, max_size=3)


@st.composite
def documents(draw: Any) -> tuple[str, Any]:
    """A configuration as text, and what it means."""
    value = draw(st.dictionaries(_NAMES.filter(lambda name: name != "mcpServers"), _VALUES, max_size=4))
    if draw(st.booleans()):
        value["mcpServers"] = draw(_SERVERS)
    items = draw(st.permutations(list(value.items())))
    text = draw(st.sampled_from(["", BOM])) + draw(_GAPS) + draw(_written(dict(items))) + draw(_GAPS)
    return text, value


@settings(max_examples=200, deadline=None)
@given(documents())
def test_any_document_is_read_edited_and_put_back(document: tuple[str, Any]) -> None:
    text, value = document
    assert jsonc.loads(text) == value
    edited = jsonc.put(text, PATH, ENTRY)
    servers = value.get("mcpServers", {})
    assert jsonc.loads(edited.text) == {**value, "mcpServers": {**servers, "overnight": ENTRY}}
    back = jsonc.take(edited.text, PATH, edited.made)
    assert jsonc.loads(back) == value
    assert back == text or _squeezed(back) == _squeezed(text)


def _squeezed(text: str) -> str:
    """Blanks inside an object that holds no member are nobody's."""
    return HOLLOW.sub("}", text)
