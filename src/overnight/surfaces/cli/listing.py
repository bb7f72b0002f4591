"""`ls` and `logs`: which runs there are, and what one of them wrote."""

import os
import sys
import time

import click

from overnight import app
from overnight.core.humane import duration, number
from overnight.core.model import Progress, RunState, Status
from overnight.surfaces.cli import out
from overnight.surfaces.cli.facts import exit_words, state_words
from overnight.surfaces.cli.registry import DONE, INTERRUPTED
from overnight.surfaces.cli.runref import run_argument
from overnight.surfaces.cli.verb import json_option, verb
from overnight.surfaces.safe import log_line, printable

_STATES: tuple[RunState, ...] = ("running", "succeeded", "failed", "stopped", "lost")
_HEAD = ("RUN", "NAME", "STATE", "TIME", "PROGRESS", "ETA", "BEST")


@verb(
    "ls",
    "List runs",
    ("overnight ls", "the newest runs"),
    ("overnight ls --state running --json", "what runs now, for programs"),
)
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="How many, the newest first.",
    metavar="N",
)
@click.option("--state", type=click.Choice(_STATES), help="Only runs in this state.")
@click.option("--tag", help="Only runs with this tag.", metavar="TAG")
@json_option
def ls(limit: int, state: RunState | None, tag: str | None, as_json: bool) -> int:
    """List runs, the newest first."""
    found = app.list_runs(limit=limit, state=state, tag=tag)
    if as_json:
        out.say_json(found)
    elif found:
        out.say(out.table(_HEAD, [_row(status) for status in found]))
    else:
        out.say("No runs yet. Start one: overnight run -- python train.py")
    return DONE


def _row(status: Status) -> tuple[str, ...]:
    name = printable(status.name, 24)
    state = state_words(status) if status.state == "running" else f"{status.state}{exit_words(status)}"
    row = status.progress[0] if status.progress else None
    eta = duration(row.eta_s) if row is not None and row.eta_s and status.state == "running" else ""
    best = f"{printable(status.best.name, 16)} {number(status.best.value)}" if status.best is not None else ""
    return status.run, name, state, duration(_elapsed(status)), _count(row), eta, best


def _count(row: Progress | None) -> str:
    """`trial 43/100`."""
    if row is None:
        return ""
    return printable(f"{row.unit} {number(row.reached)}" + (f"/{number(row.total)}" if row.total else ""))


def _elapsed(status: Status) -> float:
    """The written time moved on to now while it runs."""
    gone = time.time() - status.updated_at if status.state == "running" and status.updated_at else 0.0
    return status.elapsed_s + max(0.0, gone)


@verb(
    "logs",
    "Show what a run wrote",
    ("overnight logs k3f9", "the last lines, harmless to a terminal"),
    ("overnight logs k3f9 -n 500 --numbers", "more of them, with the line numbers that problems name"),
    ("overnight logs k3f9 --raw > train.log", "the whole log, byte by byte as it was written"),
)
@run_argument
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(1),
    default=50,
    show_default=True,
    help="How many of the last lines.",
    metavar="N",
)
@click.option("-f", "--follow", is_flag=True, help="Go on with what is written until the run ends.")
@click.option("--numbers", is_flag=True, help="Put the line number before each line.")
@click.option("--raw", is_flag=True, help="All bytes as they were written, escapes included.")
@json_option
def logs(run: str, lines: int, follow: bool, numbers: bool, raw: bool, as_json: bool) -> int:
    """Show what a run wrote.

    Colours are taken off and control characters are shown as pictures of themselves, unless --raw is given.
    """
    if raw:
        return _raw(run, follow)
    total = _line_count(run) if numbers or as_json else 0
    found = app.read_log(run, lines)
    first = max(1, total - len(found) + 1)
    if as_json:
        out.say_json([{"line": first + n, "text": text} for n, text in enumerate(found)])
        return DONE
    for n, text in enumerate(found):
        out.say(f"{first + n:>7}  {log_line(text)}" if numbers else log_line(text))
    return _go_on(run) if follow else DONE


def _raw(run: str, follow: bool) -> int:
    for piece in app.log_pieces(run, follow=follow):
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    return DONE


def _line_count(run: str) -> int:
    """Lines of the whole log; a last one without its end counts."""
    count, last = 0, b"\n"
    for piece in app.log_pieces(run):
        count, last = count + piece.count(b"\n"), piece[-1:]
    return count + (last != b"\n")


def _go_on(run: str) -> int:
    """What is written from now on, line by line."""
    skip = os.path.getsize(app.log_path(run)) if os.path.exists(app.log_path(run)) else 0
    rest = b""
    try:
        for piece in app.log_pieces(run, follow=True):
            fresh, skip = piece[skip:], max(0, skip - len(piece))
            *whole, rest = (rest + fresh).split(b"\n")
            for line in whole:
                out.say(log_line(line.decode("utf-8", "replace")))
    except KeyboardInterrupt:
        return INTERRUPTED
    return DONE
