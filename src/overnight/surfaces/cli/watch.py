"""`watch`: one line per event that matters, as it happens."""

import asyncio
import sys
from typing import Any

import click

from overnight import app
from overnight.core import mattering
from overnight.core.calls import SHELL
from overnight.core.humane import duration
from overnight.surfaces.cli import out
from overnight.surfaces.cli.registry import DONE, INTERRUPTED, REFUSED
from overnight.surfaces.cli.runref import RunRef
from overnight.surfaces.cli.verb import verb
from overnight.surfaces.safe import printable


@verb(
    "watch",
    "Tell what matters, one line each, until the end",
    ("overnight watch k3f9", "questions, records, trouble and the end of one run, nothing else"),
    ("overnight watch k3f9 --jsonl", "the same for a program that reacts to lines"),
    ("overnight watch --jsonl", "of all runs, those that begin later too, until interrupted"),
    ("overnight watch --jsonl --reader claude", "the same, going on where it was when it was killed"),
)
@click.argument("runs", nargs=-1, type=RunRef(), metavar="[RUN...]")
@click.option("--jsonl", is_flag=True, help="Each line is one JSON value of less than 500 characters.")
@click.option(
    "--since",
    help="Go on from where another watch of the run was: `since` of its last line.",
    metavar="PLACE",
)
@click.option(
    "--reader",
    help="Remember under this name what was told, and go on from there.  [default: from now on]",
    metavar="NAME",
)
def watch(runs: tuple[str, ...], jsonl: bool, since: str | None, reader: str | None) -> int:
    """Tell what matters of runs: started, asks, answered, record, critical problem, interrupted, stopped, ended.

    The first line says how it stands. Exit code 0: all ended well, 1: one ended badly.
    """
    if since is not None and len(runs) != 1:
        raise click.UsageError("--since is of one run: name it", click.get_current_context())
    try:
        return asyncio.run(_watch(list(runs), since, reader, jsonl))
    except KeyboardInterrupt:
        return INTERRUPTED


async def _watch(runs: list[str], since: str | None, reader: str | None, jsonl: bool) -> int:
    worst = DONE
    async for seen in app.oversee(runs, since, reader):
        facts = _facts(seen)
        if facts is None:
            continue
        if facts.get("state") not in (None, "running", "succeeded"):
            worst = REFUSED
        if jsonl:
            out.say_json_line(facts)
        else:
            out.say(_words(facts))
        sys.stdout.flush()
    return worst


def _facts(seen: app.Seen) -> dict[str, Any] | None:
    if seen.status is not None:
        return mattering.present(seen.status, seen.since)
    assert seen.event is not None
    facts = mattering.line(seen.run, seen.event, SHELL)
    return None if facts is None else mattering.fitted({**facts, "since": seen.since})


def _words(facts: dict[str, Any]) -> str:
    text = f"{facts['run']} {duration(facts['t'])}  {printable(facts['say'])}"
    return f"{text}: {printable(facts['log_text'])}" if "log_text" in facts else text
