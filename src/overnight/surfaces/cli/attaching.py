"""`overnight attach`: put under watch what was started without us, and say what can be known of it."""

import os
from typing import Any

import click

from overnight import app
from overnight.core.humane import duration, size
from overnight.surfaces.cli import out
from overnight.surfaces.cli.facts import Fact
from overnight.surfaces.cli.policy import read_policy
from overnight.surfaces.cli.registry import DONE
from overnight.surfaces.cli.run import OPTIONS
from overnight.surfaces.cli.verb import json_option, verb
from overnight.surfaces.safe import printable

_SHARED = ("name", "tags", "schedule", "policy", "goal", "expect", "results")


def _watch_options(command: Any) -> Any:
    for name in reversed(_SHARED):
        command = OPTIONS[name](command)
    return command


@verb(
    "attach",
    "Watch what was started without overnight",
    ("overnight attach 4711", "a process, and the log that its output goes to"),
    ("overnight attach 4711 --log train.log", "its output goes elsewhere: name the log"),
    ("overnight attach --log /mnt/cluster/train.log", "a log alone, say of another machine"),
)
@click.argument("process", type=click.IntRange(1), required=False, metavar="[PID]")
@click.option("--pid", type=click.IntRange(1), help="The process, by option.", metavar="PID")
@click.option(
    "--log",
    type=click.Path(),
    help="The log to read.  [default: the file that its output goes to]",
    metavar="FILE",
)
@click.option("--interrupt", is_flag=True, help="Let a critical error stop the process, as with run.")
@click.option(
    "--quiet",
    "quiet_s",
    type=click.FloatRange(1, 86_400),
    default=300.0,
    show_default=True,
    help="Without a process: over when the log said that it is done and was silent so long.",
    metavar="S",
)
@_watch_options
@json_option
def attach(
    process: int | None,
    pid: int | None,
    policy: str | None,
    results: str | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Watch what was started without overnight.

    What stands in the log already is read and known, and nobody is alarmed about it. A critical error asks, and stops
    nothing unless --interrupt is given. The exit code is told where the kernel tells it (Linux 6.15), else it stays
    unknown. The log is not copied; one that is renamed, cut or replaced is read on.
    """
    if process is not None and pid is not None and process != pid:
        raise click.UsageError(f"Two processes are named, {process} and {pid}", click.get_current_context())
    done = app.attach(
        pid if process is None else process,
        policy=read_policy(policy) if policy else None,
        results=os.path.abspath(results) if results else None,
        **options,
    )
    if done.unwatched:
        out.note(f"nobody watches {done.run}: {done.unwatched}")
    if as_json:
        out.say_json(
            {
                **done._asdict(),
                "notes": [line for fact in _facts(done) for line in fact.lines],
                "next": _next(done),
            }
        )
    else:
        out.say(out.page(_head(done), [*_facts(done), Fact("next", [_next(done)], "call")]))
    return DONE


def _next(done: app.Attachment) -> str:
    return f"overnight wait {done.run}"


def _head(done: app.Attachment) -> str:
    if done.pid is None:
        return f"{done.run} watches a log"
    return f"{done.run} watches process {done.pid}, which ran for {duration(done.ran_s)} before"


def _facts(done: app.Attachment) -> list[Fact]:
    """What is watched, and the limits of it."""
    found = [Fact("log", _log_words(done)), Fact("end", [_end_words(done)])]
    if done.pid is not None:
        found.append(Fact("interrupt", [_interrupt_words(done)]))
        if not done.relaunch:
            found.append(
                Fact("relaunch", ["not possible: its command, folder or environment could not be read whole"])
            )
    return found


def _log_words(done: app.Attachment) -> list[str]:
    if done.log is None:
        text = f"none: its output goes to {done.no_log}, so only its end and its resources are watched"
        return [f"{text}; name a log with --log FILE"]
    past = f", {size(done.past_bytes)} so far: known, nobody is alarmed about them" if done.past_bytes else ""
    lines = [f"{printable(done.log)}{past}"]
    if done.unread is not None:
        lines.append(f"its errors go to another file, which is not read: {printable(done.unread)}")
    if not done.told:
        lines.append("it is on a network: it is looked at every 5 s")
    return lines


def _end_words(done: app.Attachment) -> str:
    if done.pid is None:
        return (
            f"nobody tells when a log is over: it is when it says that it is done and is silent for "
            f"{duration(done.quiet_s)}, or when you say so (overnight stop {done.run})"
        )
    if done.code_told:
        return "its exit code will be known: the kernel tells it"
    return (
        "will be seen, but its exit code cannot be known here: this kernel does not tell it (Linux 6.15 does)"
    )


def _interrupt_words(done: app.Attachment) -> str:
    if done.interrupt:
        return "on: a critical error stops it, as the policy says"
    return "off: a critical error asks you and stops nothing (--interrupt lets it)"
