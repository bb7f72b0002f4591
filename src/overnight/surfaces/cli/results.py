"""`report`: what a run came to."""

import click

from overnight import app
from overnight.surfaces.cli import out
from overnight.surfaces.cli.registry import DONE
from overnight.surfaces.cli.runref import run_argument
from overnight.surfaces.cli.verb import json_option, verb
from overnight.surfaces.safe import printable


@verb(
    "report",
    "Write the report of a run",
    ("overnight report k3f9", "write it anew and print where it is"),
    ("overnight report last --open", "and show it in the browser"),
)
@run_argument
@click.option("--open", "show", is_flag=True, help="Show it in the browser.")
@json_option
def report(run: str, show: bool, as_json: bool) -> int:
    """Write the report of a run: a page with plots for people, Markdown for everything else."""
    paths = app.make_report(run)
    if as_json:
        out.say_json({"html": str(paths.html), "md": str(paths.md)})
    else:
        out.say(f"{printable(str(paths.html))}\n{printable(str(paths.md))}")
    if show:
        click.launch(str(paths.html))
    return DONE
