"""TOML as people write it, with one table more or less.

Rules:
- Pure: text in, text out. A table is put at the end as text of its own and taken by its lines; tomlkit would write keys
  that follow into our table (`mcp_servers.x.command = …` before others), so it has only what cannot be done so.
- Whatever way was taken, the result is read again: all but our table means what it meant, or the file is refused.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from overnight.agents.jsonc import Edited
from overnight.agents.jsonscan import Broken

_HEADER = re.compile(r"^[ \t]*\[", re.MULTILINE)
_AT = re.compile(r"\(at line (\d+), column (\d+)\)|\(at end of document\)")


def loads(text: str) -> dict[str, Any]:
    """What the text means. Raises Broken."""
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except RecursionError as error:
        raise Broken(text, 0, "it is nested too deeply") from error
    except ValueError as error:
        raise _broken(text, str(error)) from error


def put(text: str, path: Sequence[str], value: dict[str, Any]) -> Edited:
    """The text with `value` as the table `path`, which is not there yet. Raises Broken."""
    before = loads(text)
    wanted = _with(before, path, value)
    for candidate in (_appended(text, path, value), _inlined(text, path, value)):
        if candidate is not None and _means(candidate, wanted):
            return Edited(candidate, 0)
    raise Broken(text, 0, f"no table [{'.'.join(path)}] can be added, as {path[0]!r} is no table")


def take(text: str, path: Sequence[str], made: int = 0) -> str:
    """The text without the table `path`. Raises Broken."""
    del made  # the tables around are never written of their own
    before = loads(text)
    wanted = _without(before, path)
    if wanted == before:
        return text
    for candidate in (_cut(text, path), _unlinked(text, path)):
        if candidate is not None and _means(candidate, wanted):
            return candidate
    raise Broken(text, 0, f"the table [{'.'.join(path)}] cannot be taken out")


def _broken(text: str, reason: str) -> Broken:
    found = _AT.search(reason)
    lines = text.split("\n")
    if found and found[1]:
        at = sum(len(line) + 1 for line in lines[: int(found[1]) - 1]) + int(found[2]) - 1
    else:
        at = len(text)
    return Broken(text, min(at, len(text)), _AT.sub("", reason).strip() or "it is no TOML")


def _appended(text: str, path: Sequence[str], value: dict[str, Any]) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not text.strip("\ufeff") else newline if text.endswith("\n") else 2 * newline
    return text + gap + "".join(line + newline for line in _lines(path, value))


def _lines(path: Sequence[str], value: dict[str, Any]) -> Iterator[str]:
    yield f"[{'.'.join(path)}]"
    tables = {name: item for name, item in value.items() if isinstance(item, dict)}
    for name, item in value.items():
        if name not in tables:
            yield f"{name} = {tomlkit.item(item).as_string()}"
    for name, table in tables.items():
        yield ""
        yield from _lines((*path, name), table)


def _inlined(text: str, path: Sequence[str], value: dict[str, Any]) -> str | None:
    """Where the table around is written on one line: `mcp_servers = {…}`."""
    try:
        document: Any = tomlkit.parse(text)
        table = tomlkit.inline_table()
        table.update(value)
        document[path[0]][path[1]] = table
        return str(document.as_string())
    except (TOMLKitError, TypeError, ValueError, KeyError):
        return None


def _cut(text: str, path: Sequence[str]) -> str | None:
    """Without the lines of the table and of those below it; comments that follow it stay."""
    name = r"[ \t]*\.[ \t]*".join(rf"[\"']?{re.escape(part)}[\"']?" for part in path)
    ours = re.compile(rf"[ \t]*\[[ \t]*{name}[ \t]*[.\]]")
    heads = [found.start() for found in _HEADER.finditer(text)]
    begins = [at for at in heads if ours.match(text, at)]
    if not begins:
        return None
    start = begins[0]
    end = next((at for at in heads if at > start and not ours.match(text, at)), len(text))
    end = start + len(_own_lines(text[start:end]))
    before = text[:start]
    if end == len(text):
        before = re.sub(r"(?<=\n)\r?\n\Z", "", before)
    return before + text[end:]


def _own_lines(block: str) -> str:
    """The block up to its last line that is neither blank nor a comment, and that line's end."""
    lines = block.splitlines(keepends=True)
    while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    return "".join(lines)


def _unlinked(text: str, path: Sequence[str]) -> str | None:
    try:
        document: Any = tomlkit.parse(text)
        holder = document
        for name in path[:-1]:
            holder = holder[name]
        del holder[path[-1]]
        return str(document.as_string())
    except (TOMLKitError, TypeError, ValueError, KeyError):
        return None


def _means(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return _lean(loads(text)) == _lean(wanted)
    except Broken:
        return False


def _lean(table: dict[str, Any]) -> dict[str, Any]:
    """Without tables that hold nothing: a table that is named on the way is none of its own."""
    lean = {name: _lean(item) if isinstance(item, dict) else item for name, item in table.items()}
    return {name: item for name, item in lean.items() if item != {}}


def _with(table: dict[str, Any], path: Sequence[str], value: Any) -> dict[str, Any]:
    inner = table.get(path[0], {})
    if len(path) == 1:
        return {**table, path[0]: value}
    return {**table, path[0]: _with(inner if isinstance(inner, dict) else {}, path[1:], value)}


def _without(table: dict[str, Any], path: Sequence[str]) -> dict[str, Any]:
    inner = table.get(path[0])
    if inner is None:
        return table
    if len(path) == 1:
        return {name: item for name, item in table.items() if name != path[0]}
    return {**table, path[0]: _without(inner, path[1:])} if isinstance(inner, dict) else table
