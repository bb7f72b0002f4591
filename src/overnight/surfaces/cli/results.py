"""`report` and `analyze`: what a run, or any finished log, says."""

from typing import Any

import click

from overnight import app
from overnight.core.digest import progress_words
from overnight.core.humane import number
from overnight.surfaces.cli import out
from overnight.surfaces.cli.facts import Fact, best_words, problem_fact
from overnight.surfaces.cli.registry import DONE
from overnight.surfaces.cli.runref import run_argument
from overnight.surfaces.cli.verb import json_option, verb
from overnight.surfaces.safe import printable

_PROBLEMS_SHOWN = 5


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


@verb(
    "analyze",
    "Read finished logs: outcome, cause, progress, best",
    ("overnight analyze train.log", "what happened in it, and why"),
    ("overnight analyze logs/*.log --json", "facts about many, for programs"),
)
@click.argument("files", nargs=-1, required=True, type=click.Path(), metavar="FILE...")
@json_option
def analyze(files: tuple[str, ...], as_json: bool) -> int:
    """Read finished logs with the same eyes that watch a run: outcome, cause, progress, best, problems."""
    found = app.analyze(files)
    if as_json:
        out.say_json(found[0] if len(files) == 1 else dict(zip(files, found, strict=True)))
        return DONE
    for file, analysis in zip(files, found, strict=True):
        out.say(out.page(f"{printable(file)} · {analysis.outcome}", _facts(analysis)))
    return DONE


def _facts(analysis: Any) -> list[Fact]:
    facts = []
    if analysis.failure is not None:
        facts.append(_failure(analysis.failure))
    if analysis.progress:
        facts.append(Fact("progress", [printable(progress_words(p)) for p in analysis.progress]))
    if analysis.best is not None:
        facts.append(Fact("best", [best_words(analysis.best)]))
    if analysis.metrics:
        last = list(analysis.metrics.items())[:8]
        facts.append(Fact("metrics", [" · ".join(f"{printable(n, 40)} {number(v)}" for n, v in last)]))
    line = analysis.failure.line if analysis.failure is not None else None
    others = [p for p in analysis.problems if p.first_line != line and p.severity != "info"]
    return facts + [problem_fact(p) for p in others[:_PROBLEMS_SHOWN]]


def _failure(failure: Any) -> Fact:
    lines = [printable(failure.text, 300), f"{failure.cls}, line {failure.line}: {printable(failure.cause)}"]
    return Fact(
        "failure", [*lines, f"→ {printable(failure.advice)}"] if failure.advice else lines, "critical"
    )
