"""`wait` and `status`: how a run is doing, now or when something happened."""

import sys

import click
import msgspec

from overnight import app
from overnight.core.model import Status
from overnight.core.tokens import estimate
from overnight.surfaces.cli import out
from overnight.surfaces.cli.facts import facts, headline
from overnight.surfaces.cli.following import come_back, ended, follow, last_lines, statuses
from overnight.surfaces.cli.registry import ATTENTION, DONE, INTERRUPTED, QUIET, REFUSED
from overnight.surfaces.cli.runref import run_argument
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
)
@run_argument
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
    default="cli",
    show_default=True,
    help="Who reads: each reader is told what is new to it.",
    metavar="NAME",
)
@json_option
def wait(run: str, until: str | None, timeout: float | None, reader: str, as_json: bool) -> int:
    """Wait for a run.

    Exit code 0: it ended well, 1: it ended badly, 3: it runs and needs nobody, 4: a question is open. What is
    new since this reader's last look is printed. On a terminal the run is shown live until its end.
    """
    try:
        if sys.stdout.isatty() and until is None and not as_json:
            return _outcome(follow(run, ended, timeout))
        return _wait(run, until or "check-in", timeout, reader, as_json)
    except KeyboardInterrupt:
        out.note(come_back(app.status(run).run))
        return INTERRUPTED


def _wait(run: str, until: str, timeout: float | None, reader: str, as_json: bool) -> int:
    result = app.wait(run, timeout, until, reader)
    if as_json:
        facts_ = msgspec.to_builtins(result.status)
        out.say_json({**facts_, "digest": result.digest, "exit_status": result.exit_status})
    else:
        out.say(printable_lines(result.digest))
    if not sys.stdout.isatty():
        app.note_return(result.status.run, reader, "wait", estimate(result.digest))
    return result.exit_status


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
@json_option
def status(run: str, keep_on: bool, as_json: bool) -> int:
    """Show how a run is doing: progress, best, problems, question, resources."""
    try:
        return _follow(run, as_json) if keep_on else _show(app.status(run), as_json)
    except KeyboardInterrupt:
        return INTERRUPTED


def _follow(run: str, as_json: bool) -> int:
    if not as_json:
        follow(run, ended)
        return DONE
    for seen in statuses(run, ended, None):
        out.say_json_line(seen)
    return DONE


def _show(seen: Status, as_json: bool) -> int:
    if as_json:
        out.say_json(seen)
    elif out.is_terminal():
        _draw(seen)
    else:
        out.say(out.page(headline(seen), facts(seen)))
    return DONE


def _draw(seen: Status) -> None:
    import time

    from overnight.surfaces.cli.live import at, view

    console = out.console()
    console.print(view(at(seen, time.time()), last_lines(seen.run, 1), console.width))
