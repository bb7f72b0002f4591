"""`prune` and `rebuild`: what may go, and the index anew."""

import math
import re

import click

from overnight import app
from overnight.core.humane import size
from overnight.surfaces.cli import out
from overnight.surfaces.cli.registry import DONE
from overnight.surfaces.cli.verb import json_option, verb
from overnight.surfaces.safe import printable

_DAY_S = 86_400.0
_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw]?)")
_AGE_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": _DAY_S, "": _DAY_S, "w": 7 * _DAY_S}


@verb(
    "prune",
    "Remove old runs",
    ("overnight prune --older-than 30d --dry-run", "what would go"),
    ("overnight prune --keep 20", "all ended runs but the newest twenty"),
)
@click.option("--older-than", help="Only runs that ended so long ago: 12h, 30d, 8w.", metavar="AGE")
@click.option("--keep", type=click.IntRange(0), help="Leave so many of the newest ended runs.", metavar="N")
@click.option("--dry-run", is_flag=True, help="Say what would go, and leave it.")
@json_option
def prune(older_than: str | None, keep: int | None, dry_run: bool, as_json: bool) -> int:
    """Remove ended runs with their logs and reports; what runs is never touched."""
    if older_than is None and keep is None:
        raise click.UsageError("Say which: --older-than 30d, --keep 20, or both", click.get_current_context())
    gone = app.prune(older_than_s=_age(older_than), keep=keep, dry_run=dry_run)
    if as_json:
        out.say_json(gone)
        return DONE
    for one in gone:
        out.say(f"{one.run}  {printable(one.name, 40)}  {size(one.bytes)}")
    done = "would go" if dry_run else "removed"
    out.say(f"{_runs(len(gone))} {done}, {size(sum(one.bytes for one in gone))}.")
    return DONE


@verb(
    "rebuild",
    "Make the index anew from the run directories",
    ("overnight rebuild", "after a damaged or lost index"),
)
@json_option
def rebuild(as_json: bool) -> int:
    """Make the index anew from the run directories, which are the truth."""
    runs = app.rebuild()
    if as_json:
        out.say_json({"runs": runs})
    else:
        out.say(f"The index holds {_runs(runs)} again.")
    return DONE


def _runs(count: int) -> str:
    return f"{count} run{'s' if count != 1 else ''}"


def _age(text: str | None) -> float | None:
    """`12h`, `30d`, `8w` in seconds; a bare number is days."""
    if text is None:
        return None
    found = _AGE.fullmatch(text.strip())
    age = float(found[1]) * _AGE_UNITS[found[2]] if found is not None else math.inf
    if not math.isfinite(age):
        raise click.BadParameter(f"{text!r} is no age, write for example 12h, 30d or 8w")
    return age
