"""JSON as people write it, read into values that know where they stand.

Rules:
- Read as editors do: `//` and `/* */` comments, one comma after the last member; everything else is strict JSON.
- What nobody edits, lists and what is deep inside, is read by the standard library where it is strict JSON: these files
  hold histories of megabytes.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_BLANK = re.compile(r"(?>[ \t\r\n]+|//[^\r\n]*+|/\*(?s:.*?)\*/)*+")
_STRING = re.compile(r'"(?>[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"')
_SCALAR = re.compile(r"-?(?:0|[1-9]\d*+)(?:\.\d++)?(?:[eE][+-]?\d++)?|true|false|null")
_DEEPEST = 200
_EDITED = 4
"""No member deeper than this is put or taken."""
BOM = "\ufeff"


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


class Broken(ValueError):
    """The text is no JSON. `line` and `column` count from 1."""

    def __init__(self, text: str, at: int, reason: str) -> None:
        self.line = text.count("\n", 0, at) + 1
        self.column = at - text.rfind("\n", 0, at)
        self.reason = reason
        super().__init__(f"{reason} at line {self.line}, column {self.column}")


@dataclass(slots=True)
class Value:
    """A value and where it stands. `members` of an object, `items` of an array, `plain` of anything else."""

    start: int
    end: int = 0
    kind: str = "scalar"
    plain: Any = None
    members: "list[Member]" = field(default_factory=list)
    items: "list[Value]" = field(default_factory=list)

    def python(self) -> Any:
        """What it means; of members of the same name the last one counts, as everywhere."""
        if self.kind == "object":
            return {member.key: member.value.python() for member in self.members}
        return [item.python() for item in self.items] if self.kind == "array" else self.plain

    def member(self, key: str) -> "Member | None":
        """The member that counts."""
        return next((one for one in reversed(self.members) if one.key == key), None)


@dataclass(slots=True)
class Member:
    """A name with its value. `comma`: where the comma after it is; -1 when there is none."""

    key: str
    start: int
    value: Value
    comma: int = -1


def loads(text: str) -> Any:
    """What the text means; an empty text is an empty object, as for the tools that read it. Raises Broken."""
    root = parse(text)
    return {} if root is None else root.python()


def parse(text: str) -> Value | None:
    """The value that the text holds; None when it holds nothing but blanks and comments. Raises Broken."""
    scanner = _Scanner(text)
    at = scanner.blanks(len(BOM) if text.startswith(BOM) else 0)
    if at == len(text):
        return None
    value = scanner.value(at, 0)
    if scanner.blanks(value.end) != len(text):
        raise Broken(text, scanner.blanks(value.end), "something follows the end of the value")
    return value


class _Scanner:
    """One pass over the text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def blanks(self, at: int) -> int:
        """Where something begins that is neither blank nor comment."""
        end = _BLANK.match(self._text, at).end()  # type: ignore[union-attr]  # matches always
        if self._text.startswith("/*", end):
            raise Broken(self._text, end, "a comment has no end")
        return end

    def value(self, at: int, depth: int) -> Value:
        """The value that begins at `at`."""
        if depth > _DEEPEST:
            raise Broken(self._text, at, "it is nested too deeply")
        first = self._text[at : at + 1]
        if first == "[" or (first == "{" and depth >= _EDITED):
            strict = self._strict(at)
            if strict is not None:
                return strict
        if first == "{":
            return self._object(at, depth)
        if first == "[":
            return self._array(at, depth)
        if first == '"':
            end, text = self._string(at)
            return Value(at, end, plain=text)
        found = _SCALAR.match(self._text, at)
        if found is None:
            raise Broken(self._text, at, "a value is missing" if first else "it ends too early")
        return Value(at, found.end(), plain=self._number(found))

    def _strict(self, at: int) -> Value | None:
        """The whole value at once, when it is strict JSON; without the places of what is in it."""
        try:
            plain, end = _DECODER.raw_decode(self._text, at)
        except (ValueError, RecursionError):
            return None
        return Value(at, end, plain=plain)

    def _number(self, found: re.Match[str]) -> Any:
        try:
            return json.loads(found.group())
        except ValueError as error:  # a number of thousands of digits
            raise Broken(self._text, found.start(), "a number is too long") from error

    def _string(self, at: int) -> tuple[int, str]:
        found = _STRING.match(self._text, at)
        if found is None:
            raise Broken(self._text, at, "a text has no end, or a character in it that is not allowed")
        return found.end(), json.loads(found.group())

    def _object(self, at: int, depth: int) -> Value:
        value = Value(at, kind="object")
        for start in self._parts(value, "}"):
            if self._text[start : start + 1] != '"':
                raise Broken(self._text, start, "a name in quotes is missing")
            end, key = self._string(start)
            colon = self.blanks(end)
            if self._text[colon : colon + 1] != ":":
                raise Broken(self._text, colon, "a colon is missing")
            member = Member(key, start, self.value(self.blanks(colon + 1), depth + 1))
            value.members.append(member)
            value.end = member.value.end
        return value

    def _array(self, at: int, depth: int) -> Value:
        value = Value(at, kind="array")
        for start in self._parts(value, "]"):
            value.items.append(self.value(start, depth + 1))
            value.end = value.items[-1].end
        return value

    def _parts(self, value: Value, close: str) -> Iterator[int]:
        """Where each part begins; whoever takes it leaves its end in `value.end`."""
        at = self.blanks(value.start + 1)
        while self._text[at : at + 1] != close:
            if at == len(self._text):
                raise Broken(self._text, at, f"{close!r} is missing")
            yield at
            at = self.blanks(value.end)
            if self._text[at : at + 1] == ",":
                if value.members:
                    value.members[-1].comma = at
                at = self.blanks(at + 1)
            elif self._text[at : at + 1] != close:
                raise Broken(self._text, at, f"a comma or {close!r} is missing")
        value.end = at + 1
