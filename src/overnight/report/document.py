"""The report as words in one language, without markup: what the writers write.

Rules:
- Every quoted text in here was cleaned; the writers only escape for their own syntax.
- The order of the fields is the order of the report: verdict, what to do, what was new, results, pictures,
  problems, the night, how to do it again, who was told.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from overnight.report.picture import Picture

Tone = Literal["good", "bad", "warn", "live"]


class Fact(NamedTuple):
    """A label and its value; `code` when the value is to be read literally."""

    label: str
    value: str
    code: bool = False


class Todo(NamedTuple):
    """One thing to do or decide, with the exact command where there is one."""

    text: str
    command: str = ""


class Tile(NamedTuple):
    """One number that counts."""

    label: str
    value: str
    note: str = ""


class Row(NamedTuple):
    """One moment of the night. `kind` is the event's, for its sign."""

    clock: str
    kind: str
    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A small table; the first column is a heading of its row."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One problem with its evidence."""

    title: str
    tone: Tone
    where: str
    cause: str
    advice: str
    relaunch: str
    extract: tuple[str, ...]


class NewLines(NamedTuple):
    """What was different this time; `lines` with their numbers, literal."""

    note: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Headings:
    """The titles of the sections."""

    todo: str
    new_lines: str
    results: str
    doubts: str
    course: str
    problems: str
    tail: str
    night: str
    again: str
    told: str
    cause: str
    advice: str
    relaunch: str
    nothing: str


@dataclass(frozen=True, slots=True)
class Document:
    """The whole report."""

    lang: str
    run: str
    title: str
    tone: Tone
    sign: str
    verdict: str
    known: str
    meta: tuple[Fact, ...]
    todo: tuple[Todo, ...]
    new_lines: NewLines | None
    tiles: tuple[Tile, ...]
    results_note: str
    tables: tuple[Table, ...]
    doubts: tuple[str, ...]
    pictures: tuple[Picture, ...]
    pictures_note: str
    problems: tuple[Trouble, ...]
    tail: tuple[str, ...]
    night: tuple[Row, ...]
    again: tuple[Fact, ...]
    told: tuple[Row, ...]
    headings: Headings
    footer: str
