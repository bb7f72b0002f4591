"""`overnight run`: start a command under watch.

Rules: this module is on the path of the detached start, so it imports nothing but click and the light half
of the app; what watches afterwards is imported when it is needed.
"""

import os
import sys
from typing import Any

import click

from overnight import app
from overnight.errors import UsageError
from overnight.surfaces.cli import words
from overnight.surfaces.cli.verb import json_option, verb
from overnight.surfaces.notices import notice
from overnight.surfaces.safe import printable

_PLACES = ("slurm", "ray", "ssh")

detach_option = click.option("-d", "--detach", is_flag=True, help="Print the id and return at once.")
early_wait_option = click.option(
    "--early-wait",
    type=click.FloatRange(0, 300),
    help="Without a terminal: how long to wait for an early end.  [default: 10]",
    metavar="S",
)


def launch_options(command: Any) -> Any:
    """The options that say how a command is started and watched; `run` and `demo` share them."""
    for option in reversed(_LAUNCH_OPTIONS):
        command = option(command)
    return command


_LAUNCH_OPTIONS = [
    click.option("--name", help="A name to call the run by, besides its id.", metavar="NAME"),
    click.option(
        "--tag", "tags", multiple=True, help="A word to find the run by; may be repeated.", metavar="TAG"
    ),
    click.option(
        "--cwd", type=click.Path(), help="The folder to run in.  [default: this one]", metavar="FOLDER"
    ),
    click.option(
        "--env",
        multiple=True,
        callback=words.assignments,
        help="An addition to the environment; may be repeated.",
        metavar="K=V",
    ),
    click.option(
        "--pty",
        is_flag=True,
        help="Give the command a terminal of its own (for programs that insist on one).",
    ),
    click.option(
        "--on", "place", default="local", show_default=True, help="Where to run it.", metavar="PLACE"
    ),
    click.option(
        "--schedule",
        callback=words.schedule,
        help="When to check in, in seconds; the last one repeats.  [default: 30,90,300]",
        metavar="S,S,S",
    ),
    click.option(
        "--policy",
        type=click.Path(),
        help="A TOML file that says what the watch may do by itself.",
        metavar="FILE",
    ),
    click.option(
        "--goal",
        callback=words.goal,
        help='Which way is better, and of what: "maximize value".',
        metavar="GOAL",
    ),
    click.option(
        "--expect",
        multiple=True,
        callback=words.expectations,
        help="How many there will be, where the log does not say.",
        metavar="UNIT=N",
    ),
    click.option(
        "--results",
        type=click.Path(),
        help="A file of yours whose block about this run is kept up to date.",
        metavar="FILE",
    ),
    detach_option,
    early_wait_option,
]


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
@launch_options
@json_option
@click.argument("argv", nargs=-1, type=click.UNPROCESSED, metavar="-- CMD...")
def run(argv: tuple[str, ...], detach: bool, early_wait: float | None, as_json: bool, **options: Any) -> int:
    """Start a command under watch.

    It outlives this terminal, needs no nohup, tmux or &, and keeps its log and its exit code whatever dies
    around it. On a terminal you see it live until the end; Ctrl-C leaves it running. Elsewhere its id and the
    next call to make are printed after a short wait; a command that ends within it gives back its exit code.
    """
    started = start(argv, **options)
    if detach:
        return say_started(started.id, as_json)
    from overnight.surfaces.cli.starting import see_through

    return see_through(started.id, early_wait, as_json)


def start(
    argv: tuple[str, ...],
    *,
    place: str,
    policy: str | None,
    cwd: str | None,
    results: str | None,
    **options: Any,
) -> Any:
    """Launch what the options say; the remarks about needless words go to stderr."""
    if place != "local":
        raise UsageError(_elsewhere(place))
    noticed = notice(argv)
    for sentence in noticed.sentences:
        click.echo(f"overnight: {printable(sentence)}", err=True)
    return app.launch(
        noticed.argv,
        cwd=os.path.abspath(cwd) if cwd else None,
        policy=_policy(policy) if policy else None,
        results=os.path.abspath(results) if results else None,
        **options,
    )


def _elsewhere(place: str) -> str:
    if place.partition(":")[0] in _PLACES:
        return f"Runs on {place} are not there yet: use --on local, or start overnight on that machine."
    return f"There is no place {place!r} to run on: use --on local."


def _policy(path: str) -> dict[str, Any]:
    from overnight.surfaces.cli.policy import read_policy

    return read_policy(path)


def say_started(run_id: str, as_json: bool) -> int:
    """The id on stdout, how to come back beside it: `id=$(overnight run -d ...)` gets the id alone."""
    if as_json:
        # By hand: this is the path of the detached start, and an id is letters and digits.
        click.echo(f'{{"run": "{run_id}", "next": "overnight wait {run_id}"}}')
    elif sys.stdout.isatty():
        click.echo(f"{run_id} is running. Come back: overnight wait {run_id}")
    else:
        click.echo(run_id)
        click.echo(f"overnight: come back with: overnight wait {run_id}", err=True)
    return 0
