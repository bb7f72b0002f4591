"""`savings`: what agents were told for how many tokens, beside what naive loops would have cost."""

import click

from overnight import app
from overnight.core.humane import duration
from overnight.surfaces.cli import out
from overnight.surfaces.cli.registry import DONE
from overnight.surfaces.cli.verb import json_option, verb
from overnight.surfaces.safe import printable

_HEAD = ("RUN", "NAME", "TIME", "CHECK-INS", "ANSWERS", "TOKENS", "LAST 50 LINES", "NEW OUTPUT", "POLLED")


@verb(
    "savings",
    "Count the tokens that agents did not need",
    ("overnight savings", "of all runs of the last 30 days that agents were told of"),
    ("overnight savings k3f9 --json", "of one run, for programs"),
)
@click.argument("run", required=False, metavar="[RUN]")
@json_option
def savings(run: str | None, as_json: bool) -> int:
    """Count the tokens that agents were answered with, beside what three naive loops would have read on the same night.

    The loops: the last 50 lines each 300 s; all new output each 300 s; the last 10,000 characters each 30 s. All
    tokens are estimates, on the safe side of what a tokenizer says.
    """
    found = app.savings(run)
    if as_json:
        out.say_json([{**one._asdict(), "naive": one.naive._asdict()} for one in found])
        return DONE
    if not found:
        out.say("No agent was told of a run yet: overnight agent install claude")
        return DONE
    rows = [_row(one) for one in found]
    if len(found) > 1:
        rows.append(_total(found))
    out.say(out.table(_HEAD, rows))
    return DONE


def _row(one: app.Saved) -> tuple[str, ...]:
    counts = (one.check_ins, one.answers, one.returned, *one.naive)
    return one.run, printable(one.name, 24), duration(one.elapsed_s), *(f"{count:,}" for count in counts)


def _total(found: list[app.Saved]) -> tuple[str, ...]:
    counts = [
        sum(column)
        for column in zip(*((s.check_ins, s.answers, s.returned, *s.naive) for s in found), strict=True)
    ]
    return "all", "", "", *(f"{count:,}" for count in counts)
