"""Known problems as data: one TOML entry each, checked when it is read.

Rules:
- `pattern` is one or more regular expressions in the common subset of Python and RE2 (no lookaround, no
  back-references). Any of them is a hit.
- `examples` must match and `near_misses` must not: they are the tests of the entry.
- `certain` is only for what no process recovers from; it alone may interrupt a living run.
- `generic` words are looked at after harmless uses in the line were masked; specific texts never are.
"""

import re
import tomllib
from collections.abc import Iterable

import msgspec

from overnight.core.model import Role, Severity


class Signature(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"cls": "class"}
):
    """One known problem. `on_exit_only`: critical only when the run ends of it or stands still after it."""

    id: str
    cls: str
    severity: Severity
    pattern: list[str]
    cause: str
    advice: str
    examples: list[str]
    near_misses: list[str] = []
    relaunch: str = ""
    role: Role = "root"
    certain: bool = False
    on_exit_only: bool = False
    generic: bool = False


class _File(msgspec.Struct, forbid_unknown_fields=True):
    signature: list[Signature]


def parse(texts: Iterable[str]) -> tuple[Signature, ...]:
    """All entries of the TOML `texts`; ValueError names the entry that is wrong and why."""
    found: dict[str, Signature] = {}
    for text in texts:
        for entry in _entries(text):
            _check(entry)
            found[entry.id] = entry  # a user's entry replaces ours of the same id
    return tuple(found.values())


def _entries(text: str) -> list[Signature]:
    try:
        return msgspec.convert(tomllib.loads(text), _File).signature
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _check(entry: Signature) -> None:
    if not entry.id.strip() or not entry.id.isprintable():
        raise ValueError(f"signature {entry.id!r}: its id is a word that can be shown, such as my.disk")
    if not entry.pattern or not entry.examples:
        raise ValueError(f"signature {entry.id}: it needs at least one pattern and one example")
    for pattern in entry.pattern:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"signature {entry.id}: {pattern!r} is no regular expression: {error}") from None
