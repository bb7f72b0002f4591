"""The detached start, read without click: `overnight run -d [--name NAME] ... -- CMD`.

Loading click takes three times as long as starting a command does. So the plain detached start is read here; every
call that is not exactly that is click's, with its checks and its sentences.

Rules:
- What is read here means the same as when click reads it; a test holds the two together.
- In doubt None: then click reads the call.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_FLAGS = {"-d": "detach", "--detach": "detach", "--pty": "pty", "--json": "as_json"}
_VALUES = {"--name": "name", "--cwd": "cwd"}


def read(words: Sequence[str]) -> dict[str, Any] | None:
    """The options and the `argv` of a plain detached `run`; None when this is any other call."""
    if not words or words[0] != "run":
        return None
    rest = iter(words[1:])
    found: dict[str, Any] = {"detach": False, "pty": False, "as_json": False, "tags": []}
    for word in rest:
        if word == "--":
            found["argv"] = list(rest)
            break
        if word in _FLAGS:
            found[_FLAGS[word]] = True
        elif word in _VALUES or word == "--tag":
            value = next(rest, None)
            if value is None:
                return None
            if word == "--tag":
                found["tags"].append(value)
            else:
                found[_VALUES[word]] = value
        else:
            return None
    return found if found.pop("detach") and found.get("argv") else None
