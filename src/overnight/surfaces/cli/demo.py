"""`demo`: a real study under watch, from the start to the report."""

import os
import sys
import tempfile

import click

from overnight import app
from overnight.core.model import Status
from overnight.store.home import home
from overnight.surfaces.cli import out
from overnight.surfaces.cli.facts import Fact, best_words
from overnight.surfaces.cli.following import come_back, ended, follow
from overnight.surfaces.cli.registry import DONE, INTERRUPTED, REFUSED
from overnight.surfaces.cli.verb import verb

_SCHEDULE = (5.0, 15.0, 30.0)
"""A night in two minutes: check-ins at 5 s, 15 s, then every 30 s."""


@verb(
    "demo",
    "Watch a real study for two minutes, to see what it is like",
    ("overnight demo", "34 trials of a small neural network, live, with the report at the end"),
    ("overnight demo --trials 12", "a shorter one"),
)
@click.option(
    "--trials", type=click.IntRange(1), default=34, show_default=True, help="How many trials.", metavar="N"
)
def demo(trials: int) -> int:
    """Watch a real Optuna study: a search on the digits that come with scikit-learn.

    Check-ins come every half minute instead of every five; everything else is as it is in a real night.
    """
    folder = tempfile.mkdtemp(prefix="overnight-demo-")
    run = app.launch(
        [sys.executable, "-m", "overnight.demo_study", "--trials", str(trials)],
        name="demo",
        tags=["demo"],
        cwd=folder,
        schedule=_SCHEDULE,
        goal={"direction": "minimize", "metric": "value"},
        expect={"trial": float(trials)},
    )
    try:
        status = follow(run.id, ended)
    except KeyboardInterrupt:
        out.note(come_back(run.id))
        return INTERRUPTED
    return _say_what_came(status, folder)


def _say_what_came(status: Status, folder: str) -> int:
    """Where the results are; the report is written by the time this says so."""
    paths = app.make_report(status.run)
    found = [
        Fact("result", [f"{status.state}, {best_words(status.best)}" if status.best else status.state]),
        Fact("report", [str(paths.html), str(paths.md)]),
        Fact("messages", [os.path.join(home(), "notifications.log")]),
        Fact("study", [folder]),
        Fact("next", [f"overnight status {status.run}"], "call"),
    ]
    out.say(out.page("demo finished", found))
    return DONE if status.state == "succeeded" else REFUSED
