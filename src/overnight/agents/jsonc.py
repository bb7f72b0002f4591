"""JSON as people write it, changed without touching the rest of it.

Rules:
- Pure: text in, text out. Every byte that is not the member put or taken stays as it was: comments, order, indentation,
  line ends, a byte order mark.
- What is taken right after it was put leaves the text as it was; only blanks inside an otherwise empty object may go.
- No library is known that edits such text in place and is well kept, hence this one.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from overnight.agents.jsonscan import BOM, Broken, Member, Value, loads, parse

__all__ = ["Broken", "Edited", "loads", "put", "take"]

_INDENT = "  "


class Edited(NamedTuple):
    """The new text, and how many of the objects around the member were made for it, the outermost included."""

    text: str
    made: int


def put(text: str, path: Sequence[str], value: Any) -> Edited:
    """The text with `value` as a new member at `path`, whose last name is not there yet; missing objects are made.

    Raises Broken, also when something on the way is no object.
    """
    root = parse(text)
    if root is None:
        unit, newline = _INDENT, _newline(text)
        body = _dump(_nested(path, value), unit, newline, "")
        gap = "" if not text or text.endswith(("\n", BOM)) else newline
        return Edited(text + gap + body + newline, len(path))
    holder, depth = _deepest(text, root, path)
    name, rest = path[depth], path[depth + 1 :]
    return Edited(_add(text, holder, name, _nested(rest, value)), len(rest))


def take(text: str, path: Sequence[str], made: int = 0) -> str:
    """The text without the member at `path`, and without up to `made` objects around it that hold nothing else.

    Raises Broken.
    """
    root = parse(text)
    while root is not None and path:
        holder = _walk(root, path[:-1])
        member = holder.member(path[-1]) if holder is not None and holder.kind == "object" else None
        if holder is None or member is None:
            return text
        text = _remove(text, holder, member)
        root, path = parse(text), path[:-1]
        parent = _walk(root, path) if root is not None else None
        if made == 0 or parent is None or parent.members or not _is_bare(text, parent):
            return text
        made -= 1
    if root is not None and made == 0 and not root.members:
        rest = text[: root.start] + text[root.end :]
        return (
            ""
            if not rest.strip()
            else text[: root.start].rstrip("\r\n")
            if not text[root.end :].strip()
            else text
        )
    return text


def _walk(root: Value, path: Sequence[str]) -> Value | None:
    for name in path:
        member = root.member(name)
        if member is None:
            return None
        root = member.value
    return root


def _deepest(text: str, root: Value, path: Sequence[str]) -> tuple[Value, int]:
    """The innermost object on the path that is there, and how many names lead to it."""
    depth = 0
    while True:
        if root.kind != "object":
            where = f"{path[depth - 1]!r} is" if depth else "the whole is"
            raise Broken(text, root.start, f"{where} no object")
        member = root.member(path[depth])
        if member is None or depth == len(path) - 1:
            return root, depth
        root, depth = member.value, depth + 1


def _nested(path: Sequence[str], value: Any) -> Any:
    for name in reversed(path):
        value = {name: value}
    return value


def _is_bare(text: str, value: Value) -> bool:
    return not text[value.start + 1 : value.end - 1].strip()


def _add(text: str, holder: Value, name: str, value: Any) -> str:
    """A member after the last one, laid out as its neighbours are."""
    newline = _newline(text)
    last = holder.members[-1] if holder.members else None
    lines = last is None or bool(
        {"\n", "\r"} & {*text[holder.start : holder.members[0].start], *text[_after(last) : holder.end]}
    )
    tail = _tail(text, _after(last) if last else holder.start + 1, holder.end - 1)
    outer = _indent_of_line(text, holder.start)
    inner = _indent_of_line(text, holder.members[0].start) if last and lines else outer + _unit(text)
    unit = (
        inner[len(outer) :]
        if last and lines and len(inner) > len(outer) and inner.startswith(outer)
        else _unit(text)
    )
    if not lines:
        member = f" {json.dumps(name)}: {json.dumps(value)}"
    else:
        member = f"{newline}{inner}{json.dumps(name)}: {_dump(value, unit, newline, inner)}"
    if last is None:
        gap = text[tail : holder.end - 1]
        return text[:tail] + member + (gap if "\n" in gap else newline + outer) + text[holder.end - 1 :]
    if last.comma >= 0:
        return text[:tail] + member + "," + text[tail:]
    return text[: last.value.end] + "," + text[last.value.end : tail] + member + text[tail:]


def _remove(text: str, holder: Value, member: Member) -> str:
    """Without the member, the blanks before it, and the comma that is one too many."""
    at = holder.members.index(member)
    previous = holder.members[at - 1] if at else None
    start = _tail(text, _after(previous) if previous else holder.start + 1, member.start)
    end = _after(member)
    without = text[:start] + text[end:]
    is_last = at == len(holder.members) - 1
    if is_last and previous is not None and member.comma < 0:
        without = without[: previous.comma] + without[previous.comma + 1 :]
    if is_last and previous is None:
        close = holder.end - 1 - (end - start)
        if not without[holder.start + 1 : close].strip():
            without = without[: holder.start + 1] + without[close:]
    return without


def _after(member: Member) -> int:
    return member.comma + 1 if member.comma >= 0 else member.value.end


def _tail(text: str, start: int, end: int) -> int:
    """Where the last comment between the two ends; `start` when there is none."""
    found = start
    at = start
    while at < end:
        if text.startswith("//", at):
            at = found = _line_end(text, at, end)
        elif text.startswith("/*", at):
            at = found = text.index("*/", at + 2) + 2
        else:
            at += 1
    return found


def _line_end(text: str, at: int, end: int) -> int:
    found = re.compile(r"[\r\n]").search(text, at, end)
    return found.start() if found else end


def _newline(text: str) -> str:
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"


def _indent_of_line(text: str, at: int) -> str:
    """The blanks at the begin of the line of `at`."""
    begin = text.rfind("\n", 0, at) + 1
    return re.compile(r"[ \t]*").match(text, begin).group()  # type: ignore[union-attr]  # matches always


def _unit(text: str) -> str:
    """One step of indentation: that of the first line that has any."""
    found = re.search(r"^([ \t]+)[\"}\]]", text, re.MULTILINE)
    return found[1] if found else _INDENT


def _dump(value: Any, unit: str, newline: str, indent: str) -> str:
    body = json.dumps(value, indent=unit, ensure_ascii=False)
    return body.replace("\n", newline + indent)
