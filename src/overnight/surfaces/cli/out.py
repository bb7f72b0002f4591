"""Printing: plain pages, JSON, and whether the terminal can show more than that.

Rules: nothing is printed that did not go through `printable`; a JSON call prints exactly one JSON value on
stdout; rich is used on a terminal that can move its cursor, plain text everywhere else.
"""

import math
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

import click

if TYPE_CHECKING:
    from rich.console import Console

    from overnight.surfaces.cli.facts import Fact

_LABEL_WIDTH = 10
_NARROW = 40


def say_json(value: Any) -> None:
    """One JSON value: indented for eyes, on one line for programs."""
    _say_json(value, indent=2 if sys.stdout.isatty() else None)


def say_json_line(value: Any) -> None:
    """One JSON value on one line, written at once: for streams of them."""
    _say_json(value, indent=None)


def json_text(value: Any, indent: int | None = None) -> str:
    """ASCII only, so that no terminal acts on it; a number that JSON has no word for (NaN) becomes null, and a byte
    that is no text a question mark."""
    import json

    import msgspec

    plain = _valid(msgspec.to_builtins(_named(value)))
    return json.dumps(plain, indent=indent)


def _say_json(value: Any, indent: int | None) -> None:
    click.echo(json_text(value, indent))


def _valid(value: Any) -> Any:
    if isinstance(value, dict):
        return {_valid(key): _valid(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_valid(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return sayable(value) if isinstance(value, str) else value


def _named(value: Any) -> Any:
    """Named tuples as objects with their names, alone or in a list."""
    if isinstance(value, list):
        return [_named(item) for item in value]
    return value._asdict() if hasattr(value, "_asdict") else value


def sayable(text: str) -> str:
    """The same as UTF-8 has it: a file name may hold bytes that are no text."""
    return text.encode("utf-8", "replace").decode("utf-8")


def is_terminal() -> bool:
    """Whether stdout is a terminal that can be drawn on."""
    return sys.stdout.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown", "")


def can_show(text: str) -> bool:
    """Whether the characters of `text` reach the reader: the encoding has them, and so does the font of
    anything but the console of Linux."""
    if os.environ.get("TERM") == "linux" and sys.stdout.isatty():
        return text.isascii()
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def terminal_width() -> int:
    """Columns to write into; pages that nobody sees are 100 wide."""
    return shutil.get_terminal_size((100, 24)).columns


def console() -> "Console":
    """A rich console that interprets nothing: no markup, no emoji codes, no highlighting."""
    from rich.console import Console

    return Console(markup=False, emoji=False, highlight=False, soft_wrap=False)


def say(text: str) -> None:
    """Text of our own whose quoted parts went through `printable`."""
    click.echo(text)


def note(text: str) -> None:
    """A remark beside the result: to stderr, so that it never gets into what a script reads."""
    click.echo(text if sys.stderr.isatty() else f"overnight: {text}", err=True)


def page(head: str, facts: "Iterable[Fact]") -> str:
    """A head line and labelled lines, wrapped to the terminal, labels in a column of their own."""
    width = max(_NARROW, terminal_width())
    lines = [head]
    for fact in facts:
        for number, text in enumerate(fact.lines):
            lines += _labelled(fact.label if number == 0 else "", text, width, verbatim=fact.verbatim)
    return "\n".join(lines)


def _labelled(label: str, text: str, width: int, *, verbatim: bool) -> list[str]:
    indent = " " * (_LABEL_WIDTH + 2)
    first = f"  {label:<{_LABEL_WIDTH}}"
    if not sys.stdout.isatty():
        return [first + text]  # what a program reads is not wrapped
    if verbatim:
        return [_cut(first + text)]
    wrapped = textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,  # a path or a call is copied from the screen
    )
    return wrapped or [first]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, two spaces apart."""
    widths = [max(_cells(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = [_line(row, widths) for row in (head, *rows)]
    return "\n".join(_cut(line) for line in lines) if sys.stdout.isatty() else "\n".join(lines)


def _cut(line: str) -> str:
    """No longer than the terminal is wide; the first columns are the ones that matter."""
    width = max(_NARROW, terminal_width())
    if _cells(line) <= width:
        return line
    while _cells(line) >= width:
        line = line[:-1]
    return line + "…"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell + " " * (w - _cells(cell)) for cell, w in zip(row, widths, strict=True)).rstrip()


def _cells(text: str) -> int:
    """Columns of the terminal that the text takes: East Asian wide characters take two."""
    return len(text) if text.isascii() else sum(2 if east_asian_width(c) in "WF" else 1 for c in text)
