"""`wait` and `status`: how a run is doing, now or when something happened."""

import sys
from typing import Any

import click
import msgspec

from overnight import app
from overnight.core.model import Status
from overnight.surfaces.cli import out
from overnight.surfaces.cli.account import put_on_account, reader_here
from overnight.surfaces.cli.facts import facts, headline
from overnight.surfaces.cli.following import come_back, ended, follow, last_lines, statuses
from overnight.surfaces.cli.registry import ATTENTION, DONE, INTERRUPTED, QUIET, REFUSED
from overnight.surfaces.cli.runref import RunRef
from overnight.surfaces.cli.verb import json_option, verb
from overnight.surfaces.safe import printable_lines


@verb(
    "wait",
    "Wait until something happened, or to the end",
    ("overnight wait k3f9", "block until the next check-in, or until something happened"),
    ("overnight wait last --until end", "block until the end, however long that is"),
    (
        "overnight wait k3f9 --until attention --reader ci",
        "until a question or the end, for a reader of its own",
    ),
    ("overnight wait k3f9 m2p7 --until attention", "until the first of them needs somebody"),
)
@click.argument("runs", nargs=-1, type=RunRef(), metavar="[RUN...]")
@click.option(
    "--until",
    type=click.Choice(["check-in", "attention", "end"]),
    help="What to wait for.  [default: check-in; on a terminal: end]",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0),
    help="At most so long; over 300 s is refused for check-ins.  [default: 300 for check-ins]",
    metavar="S",
)
@click.option(
    "--reader",
    help="Who reads: each reader is told what is new to it.  [default: the agent that calls, else cli]",
    metavar="NAME",
)
@json_option
def wait(
    runs: tuple[str, ...], until: str | None, timeout: float | None, reader: str | None, as_json: bool
) -> int:
    """Wait for a run, the newest one when none is named; for several: until the first has news.

    Exit code 0: it ended well, 1: it ended badly, 3: it runs and needs nobody, 4: a question is open. What is
    new since this reader's last look is printed. On a terminal one run is shown live until its end.
    """
    runs = runs or ("last",)
    try:
        if sys.stdout.isatty() and until is None and not as_json and len(runs) == 1:
            return _outcome(follow(runs[0], ended, timeout))
        return _wait(runs, until or "check-in", timeout, reader_here(reader), as_json)
    except KeyboardInterrupt:
        for run in runs:
            out.note(come_back(app.status(run).run))
        return INTERRUPTED


def _wait(runs: tuple[str, ...], until: str, timeout: float | None, reader: str, as_json: bool) -> int:
    """With several runs and nothing new each is told, and the code is that of the first that is not quiet."""
    if len(runs) == 1:
        results = [app.wait(runs[0], timeout, until, reader)]
    else:
        results = app.wait_for_first(list(runs), timeout, until, reader)
    rows = [_row(result) for result in results]
    for result, row in zip(results, rows, strict=True):
        put_on_account(result.status.run, reader, "wait", _json(row) if as_json else result.digest)
    if as_json:
        out.say_json(rows[0] if len(runs) == 1 else rows)
    else:
        out.say("\n".join(printable_lines(result.digest) for result in results))
    return next((result.exit_status for result in results if result.exit_status != QUIET), QUIET)


def _row(result: app.WaitResult) -> dict[str, Any]:
    facts_ = msgspec.to_builtins(result.status)
    return {**facts_, "digest": result.digest, "exit_status": result.exit_status}


def _outcome(status: Status) -> int:
    if ended(status):
        return DONE if status.state == "succeeded" else REFUSED
    return ATTENTION if status.question is not None else QUIET


@verb(
    "status",
    "Show how a run is doing",
    ("overnight status", "how the newest run is doing"),
    ("overnight status k3f9 --json", "every fact, for programs"),
    ("overnight status sweep-A --follow", "see it live until the end"),
)
@click.argument("run", default="last", metavar="[RUN]")
@click.option(
    "-f",
    "--follow",
    "keep_on",
    is_flag=True,
    help="Keep showing it until the end; with --json one line per change.",
)
@click.option(
    "--reader",
    help="Who reads, for the account of `overnight savings`.  [default: the agent that calls]",
    metavar="NAME",
)
@json_option
def status(run: str, keep_on: bool, reader: str | None, as_json: bool) -> int:
    """Show how a run is doing: progress, best, problems, question, resources."""
    try:
        return _follow(run, as_json) if keep_on else _show(app.status(run), reader_here(reader), as_json)
    except KeyboardInterrupt:
        return INTERRUPTED


def _follow(run: str, as_json: bool) -> int:
    if not as_json:
        follow(run, ended)
        return DONE
    for seen in statuses(run, ended, None):
        out.say_json_line(seen)
    return DONE


def _show(seen: Status, reader: str, as_json: bool) -> int:
    page = "" if as_json else out.page(headline(seen), facts(seen))
    put_on_account(seen.run, reader, "status", page or _json(seen))
    if as_json:
        out.say_json(seen)
    elif out.is_terminal():
        _draw(seen)
    else:
        out.say(page)
    return DONE


def _json(value: Any) -> str:
    return out.json_text(value)


def _draw(seen: Status) -> None:
    import time

    from overnight.surfaces.cli.live import at, view

    console = out.console()
    console.print(view(at(seen, time.time()), last_lines(seen.run, 1), console.width))
