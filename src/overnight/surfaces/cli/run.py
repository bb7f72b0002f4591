"""`overnight run`: start a command under watch."""

from typing import Any

import click

from overnight.surfaces.cli import words
from overnight.surfaces.cli.launching import say_started, start
from overnight.surfaces.cli.policy import read_policy
from overnight.surfaces.cli.starting import see_through
from overnight.surfaces.cli.verb import json_option, verb

detach_option = click.option("-d", "--detach", is_flag=True, help="Print the id and return at once.")
early_wait_option = click.option(
    "--early-wait",
    type=click.FloatRange(0, 300),
    help="Without a terminal: how long to wait for an early end.  [default: 10]",
    metavar="S",
)


OPTIONS = {
    "name": click.option("--name", help="A name to call the run by, besides its id.", metavar="NAME"),
    "tags": click.option(
        "--tag", "tags", multiple=True, help="A word to find the run by; may be repeated.", metavar="TAG"
    ),
    "cwd": click.option(
        "--cwd", type=click.Path(), help="The folder to run in.  [default: this one]", metavar="FOLDER"
    ),
    "env": click.option(
        "--env",
        multiple=True,
        callback=words.assignments,
        help="An addition to the environment; may be repeated.",
        metavar="K=V",
    ),
    "pty": click.option(
        "--pty",
        is_flag=True,
        help="Give the command a terminal of its own (for programs that insist on one).",
    ),
    "place": click.option(
        "--on", "place", default="local", show_default=True, help="Where to run it.", metavar="PLACE"
    ),
    "schedule": click.option(
        "--schedule",
        callback=words.schedule,
        help="When to check in, in seconds; the last one repeats.  [default: 30,90,300]",
        metavar="S,S,S",
    ),
    "policy": click.option(
        "--policy",
        type=click.Path(),
        help="A TOML file that says what the watch may do by itself.",
        metavar="FILE",
    ),
    "goal": click.option(
        "--goal",
        callback=words.goal,
        help='Which way is better, and of what: "maximize value".',
        metavar="GOAL",
    ),
    "expect": click.option(
        "--expect",
        multiple=True,
        callback=words.expectations,
        help="How many there will be, where the log does not say.",
        metavar="UNIT=N",
    ),
    "results": click.option(
        "--results",
        type=click.Path(),
        help="A file of yours whose block about this run is kept up to date.",
        metavar="FILE",
    ),
    "on_end": click.option(
        "--on-end", help="Run this when it ended, with what there is to know on its input.", metavar="CMD"
    ),
    "on_attention": click.option(
        "--on-attention", help="Run this when a question is open, in the same way.", metavar="CMD"
    ),
    "detach": detach_option,
    "early_wait": early_wait_option,
}
"""The options of `run`, by name; other verbs take some of them."""


def _launch_options(command: Any) -> Any:
    for option in reversed(OPTIONS.values()):
        command = option(command)
    return command


@verb(
    "run",
    "Start a command under watch",
    ("overnight run -- python tune.py --trials 100", "watch a study; on a terminal, see it live"),
    (
        'overnight run --name sweep-A --goal "maximize value" -- python tune.py',
        "with a name and a declared goal",
    ),
    ("overnight run -d --env CUDA_VISIBLE_DEVICES=1 -- ./train.sh", "start and return at once"),
    context_settings={"allow_interspersed_args": False},
)
@_launch_options
@json_option
@click.argument("argv", nargs=-1, type=click.UNPROCESSED, metavar="-- CMD...")
def run(argv: tuple[str, ...], detach: bool, early_wait: float | None, as_json: bool, **options: Any) -> int:
    """Start a command under watch.

    It outlives this terminal, needs no nohup, tmux or &, and keeps its log and its exit code whatever dies
    around it. On a terminal you see it live until the end; Ctrl-C leaves it running. Elsewhere its id and the
    next call to make are printed after a short wait; a command that ends within it gives back its exit code.
    """
    policy = options.pop("policy")
    started = start(argv, policy=read_policy(policy) if policy else None, **options)
    if detach:
        return say_started(started.id, as_json)
    return see_through(started.id, early_wait, as_json)
