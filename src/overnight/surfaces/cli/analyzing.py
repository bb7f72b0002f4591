"""`analyze`: what any finished logs say, for people, scripts and pipelines.

Rules:
- One log is one page, or one JSON object; several are a table and the pages of those that failed, or an object
  by name. A log that cannot be read is one sentence, and the others are still read.
- The exit code is 1 when a log could not be read whole, or has what `--fail-on` names; else 0.
"""

import click

from overnight import app
from overnight.core.analyze import Analysis
from overnight.surfaces.cli import analysis, out
from overnight.surfaces.cli.registry import DONE, REFUSED
from overnight.surfaces.cli.verb import json_option, verb
from overnight.surfaces.safe import printable


@verb(
    "analyze",
    "Read finished logs: outcome, cause, progress, best",
    ("overnight analyze train.log", "what happened in it, and why"),
    ("overnight analyze 'logs/*.log.gz' --json", "facts about many, for programs"),
    ("zcat old.gz | overnight analyze -", "what comes through a pipe"),
    ("overnight analyze bad.log --baseline good.log", "and what it says that the good one does not"),
    ("overnight analyze ci.log --fail-on failure", "exit code 1 when it failed, for CI"),
)
@click.argument("files", nargs=-1, required=True, type=click.Path(allow_dash=True), metavar="FILE...")
@click.option(
    "--fail-on",
    type=click.Choice(["never", "failure", "critical", "minor"]),
    default="never",
    show_default=True,
    help="Exit code 1 when any log is that bad: failure, the run failed; critical, or it met a critical problem "
    "and went on; minor, or any problem at all. Without it the exit code only tells whether every log was read.",
)
@click.option("--explain", is_flag=True, help="Say which signature and which rule led to each verdict.")
@click.option(
    "--baseline",
    "baselines",
    multiple=True,
    type=click.Path(allow_dash=True),
    metavar="GOOD",
    help="A log of a good run of the same kind (may be repeated): lines that it does not have are listed.",
)
@json_option
def analyze(
    files: tuple[str, ...], fail_on: str, explain: bool, baselines: tuple[str, ...], as_json: bool
) -> int:
    """Read finished logs with the same eyes that watch a run: outcome, cause, progress, best, problems.

    A FILE may be a pattern in quotes, `-` for standard input, and compressed with gzip, bzip2, xz or zstd.
    Known problems of your own are read from `.overnight/signatures/*.toml` beside the log and from
    `~/.config/overnight/signatures/`.
    """
    found = list(app.analyze_each(files, baselines=baselines))
    if len(found) == 1 and found[0].error is not None:
        raise found[0].error
    if as_json:
        _say_json(found)
    else:
        _say_pages(found, explain=explain, compared=bool(baselines))
    _say_troubles(found, as_json=as_json)
    return REFUSED if any(_is_bad(one, fail_on) for one in found) else DONE


def _say_json(found: list[app.Analysed]) -> None:
    facts = {out.sayable(one.name): one.analysis or _error(one) for one in found}
    out.say_json(next(iter(facts.values())) if len(found) == 1 else facts)


def _error(one: app.Analysed) -> dict[str, dict[str, str]]:
    assert one.error is not None
    return {"error": {"code": one.error.code, "message": out.sayable(str(one.error))}}


def _say_pages(found: list[app.Analysed], *, explain: bool, compared: bool) -> None:
    if len(found) > 1:
        out.say(out.table(analysis.HEAD, [analysis.row(one.name, one.analysis) for one in found]))
    for one in found:
        told = one.analysis
        if told is not None and (len(found) == 1 or explain or told.outcome == "failure"):
            page = out.page(
                analysis.head(one.name, told), analysis.facts(told, explain=explain, compared=compared)
            )
            out.say(page if len(found) == 1 else f"\n{page}")


def _say_troubles(found: list[app.Analysed], *, as_json: bool) -> None:
    """What neither the JSON nor the one page has said: what could not be read, which signatures are not used."""
    said = [str(one.error) for one in found if not as_json and one.error is not None]
    if as_json or len(found) > 1:
        said += [one.analysis.note for one in found if one.analysis is not None and one.analysis.note]
    said += [fault for one in found for fault in one.faults]
    for sentence in dict.fromkeys(said):
        out.note(printable(sentence))


def _is_bad(one: app.Analysed, fail_on: str) -> bool:
    if one.analysis is None or one.analysis.note:
        return True
    return {
        "never": False,
        "failure": one.analysis.outcome == "failure",
        "critical": _met_critical(one.analysis),
        "minor": one.analysis.outcome == "failure"
        or any(p.severity != "info" for p in one.analysis.problems),
    }[fail_on]


def _met_critical(told: Analysis) -> bool:
    """A failure, or a critical problem that the run survived; an exception that the program caught is none."""
    return told.outcome == "failure" or any(
        p.severity == "critical" and not p.on_exit_only for p in told.problems
    )
