"""Configurations of other tools, with our entry put and taken.

Rules: a text is read or refused; where it is read, an entry changes nothing else, and what is strict
JSON stays strict.
"""

import contextlib
import json
from typing import Any

from overnight.agents import jsonc
from overnight.agents.jsonscan import Broken

_PATH = ("mcpServers", "overnight")
_ENTRY = {"command": "/o", "args": ["mcp"]}


def check(data: bytes) -> None:
    """Read, put, take."""
    text = data.decode("utf-8", "replace")
    strict = _strict(text)
    read = _read(text)
    if read is None:
        assert strict is None or max(text.count("["), text.count("{")) > 90, "strict JSON was refused"
        return
    (value,) = read
    assert strict is None or strict[0] == value
    with contextlib.suppress(Broken):  # no objects on the way
        _edited(text, value, strict is not None)


def _edited(text: str, value: Any, is_strict: bool) -> None:
    without = jsonc.take(text, _PATH) if isinstance(value, dict) else text
    before = jsonc.loads(without)
    edited = jsonc.put(without, _PATH, _ENTRY)
    after = jsonc.loads(edited.text)
    assert after["mcpServers"]["overnight"] == _ENTRY
    assert not is_strict or _strict(edited.text) is not None, "strict JSON became loose"
    assert jsonc.loads(jsonc.take(edited.text, _PATH, edited.made)) == before


def _read(text: str) -> tuple[Any] | None:
    try:
        return (jsonc.loads(text),)
    except Broken:
        return None


def _strict(text: str) -> tuple[Any] | None:
    """What the standard library reads, without its NaN and Infinity."""
    try:
        found = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return (found,)


def _refuse(name: str) -> Any:
    raise ValueError(name)


def seeds() -> list[bytes]:
    """As people write them."""
    return [
        b"",
        b'{"mcpServers": {"a": {"command": "b", "args": []}}}',
        b'// top\n{\n  "a": 1, // one\n  /* two */ "mcpServers": {\n    "x": {},\n  },\n}\n',
        b'{"mcpServers":{"overnight":{"command":"/o"},"z":1},}',
        b'\xef\xbb\xbf{\r\n\t"a": "\\u00e9\\"//",\r\n\t"n": [-1.5e3, true, null]\r\n}\r\n',
        b'{"a":1,"a":2,"mcpServers":{},"mcpServers":{"overnight":{}}}',
    ]


WORDS = ('"mcpServers"', '"overnight"', "//", "/*", "*/", ",}", ",]", "\\u0000", "1e9", "\r\n", "{}", "null")
