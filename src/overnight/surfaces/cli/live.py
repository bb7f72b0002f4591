"""The live view: one run on a terminal, redrawn when something happened.

Rules:
- Drawing is a pure function of a status, the last log line and the clock; nothing is read in here.
- Text from outside goes through `printable` and into `Text`, so that rich interprets none of it.
- Narrow terminals lose the least important columns, never the state, the question or a problem.
"""

from collections.abc import Sequence

import msgspec
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from overnight.core.humane import duration, number, rate
from overnight.core.model import Progress, Status
from overnight.surfaces.cli.facts import Fact, Tone, facts, progress, state_words, tone
from overnight.surfaces.safe import printable

STYLES: dict[Tone, str] = {
    "plain": "", "good": "green", "minor": "yellow", "critical": "bold red", "quiet": "dim", "call": "bold",
}  # fmt: skip
_SIGNS: dict[Tone, str] = {"good": "●", "minor": "▲", "critical": "✖"}
_NARROW = 60
_ELSEWHERE = ("progress", "question", "next", "log", "report")
"""Facts that have a place of their own in the view."""


def at(status: Status, now: float) -> Status:
    """The status with its clocks moved on to `now` (epoch seconds), however long ago it was written."""
    if status.state != "running" or not status.updated_at:
        return status
    gone = max(0.0, now - status.updated_at)
    left = status.next_check_in_s
    return msgspec.structs.replace(
        status,
        elapsed_s=status.elapsed_s + gone,
        next_check_in_s=None if left is None else max(0.0, left - gone),
    )


def view(status: Status, last_lines: Sequence[str], width: int, hint: str | None = None) -> RenderableType:
    """The whole picture of a run. `hint`: what the keys of this terminal do."""
    found = facts(status)
    parts: list[RenderableType] = [_header(status, width), *_command(found, width)]
    for fact in found:  # before all that a low terminal may cut off
        parts += ["", _question(fact)] if fact.label == "question" else []
    if status.progress:
        parts += ["", _bars(progress(status), width)]
    rows = [fact for fact in found if fact.label not in (*_ELSEWHERE, "command")]
    if rows:
        parts += ["", _rows(rows)]
    parts += ["", *_foot(status, last_lines, hint)]
    return Group(*parts)


def _header(status: Status, width: int) -> Table:
    mood = tone(status)
    style = STYLES[mood]
    grid = Table.grid(expand=True, padding=(0, 1))
    grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    grid.add_column(justify="right", no_wrap=True)
    name = Text.assemble(
        (f"{_SIGNS[mood]} ", style), (status.run, "bold"), "  ", (printable(status.name, 60), "bold")
    )
    state = Text.assemble((state_words(status), style), ("  " + duration(status.elapsed_s), ""))
    if width < _NARROW:
        grid = Table.grid()
        grid.add_row(name)
        grid.add_row(Text("  ").append_text(state))
    else:
        grid.add_row(name, state)
    return grid


def _command(found: Sequence[Fact], width: int) -> list[RenderableType]:
    lines = [fact.lines[0] for fact in found if fact.label == "command"]
    return [Text("  " + line, style="dim", no_wrap=True, overflow="ellipsis") for line in lines]


def _bars(rows: Sequence[Progress], width: int) -> Table:
    narrow = width < _NARROW
    grid = Table.grid(expand=True, padding=(0, 1))
    grid.add_column(no_wrap=True, min_width=11)
    grid.add_column(ratio=1)
    grid.add_column(justify="right", no_wrap=True)
    if not narrow:
        grid.add_column(justify="right", no_wrap=True)
    for row in rows:
        unit = Text(f"  {printable(row.unit, 14)}")
        bar = _bar(row)
        if bar is None:  # nothing pretends to know the total
            grid.add_row(unit, Text.assemble(_count(row), (f"  {_pace(row)}", "dim")))
        else:
            grid.add_row(unit, bar, Text(_count(row)), *([] if narrow else [Text(_pace(row), style="dim")]))
    return grid


def _bar(row: Progress) -> RenderableType | None:
    """A bar where the total is known."""
    percent = row.percent
    if percent is None and row.total:
        percent = 100 * row.reached / row.total
    if percent is None:
        return None
    return ProgressBar(
        total=100, completed=percent, complete_style="green", finished_style="green", style="bright_black"
    )


def _count(row: Progress) -> str:
    if row.unit == "percent":
        return f"{number(row.reached)} %"
    count = number(row.reached) + (f"/{number(row.total)}" if row.total is not None else "")
    return count if row.percent is None else f"{count}  {row.percent:.0f} %"


def _pace(row: Progress) -> str:
    speed = rate(row.rate_per_s, "").replace(" /", "/") if row.rate_per_s else ""
    left = f"ETA {duration(row.eta_s)}" if row.eta_s is not None else ""
    return "  ".join(word for word in (speed, left) if word)


def _rows(rows: Sequence[Fact]) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, min_width=11)
    grid.add_column(overflow="fold")
    for fact in rows:
        style = STYLES[fact.tone]
        label_style = style if fact.tone in ("minor", "critical") else "dim"
        for place, line in enumerate(fact.lines):
            label = Text(f"  {fact.label}" if place == 0 else "", style=label_style)
            grid.add_row(label, Text(line, style=style if place == 0 else "dim"))
    return grid


def _question(fact: Fact) -> Panel:
    body = Text()
    for place, line in enumerate(fact.lines):
        call = line.startswith("overnight ")
        body.append(line, style="bold" if place == 0 or call else "dim").append("\n")
    body.right_crop(1)
    return Panel(body, title="needs an answer", title_align="left", border_style="yellow", padding=(0, 1))


def _foot(status: Status, last_lines: Sequence[str], hint: str | None) -> list[RenderableType]:
    parts: list[RenderableType] = [
        Text.assemble(
            ("  │ ", "bright_black"), (printable(line, 400), "dim"), no_wrap=True, overflow="ellipsis"
        )
        for line in last_lines
    ]
    if status.report:
        parts.append(Text.assemble(("  report  ", "dim"), printable(status.report), overflow="fold"))
    last = [f"check-in in {duration(status.next_check_in_s)}"] if status.next_check_in_s is not None else []
    last += [hint] if hint else []
    if last:
        parts.append(Text("  " + " · ".join(last), style="dim"))
    return parts
