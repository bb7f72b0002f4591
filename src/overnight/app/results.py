"""What a run, or any finished log, came to."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from overnight.app.knowing import found
from overnight.errors import OvernightError, Unreadable

if TYPE_CHECKING:
    from overnight.catalog import Known
    from overnight.core.analyze import Analysis
    from overnight.core.explain import Reason
    from overnight.core.novelty import Templates
    from overnight.report.build import ReportPaths


def make_report(ref: str) -> "ReportPaths":
    """Write the report of the run as it is now. Raises NoSuchRun, Unreadable, OvernightError (results
    file)."""
    from overnight import settings
    from overnight.report.build import build

    run = found(ref)
    results = run.spec().results
    return build(run, lang=settings.load().lang, results=Path(results) if results else None)


class Analysed(NamedTuple):
    """One log: what it says, or the error that kept it from being read. `faults`: a sentence for each file of
    signatures that cannot be used."""

    name: str
    analysis: "Analysis | None"
    error: OvernightError | None
    faults: list[str]


def analyze(
    paths: "Sequence[str | os.PathLike[str]]", *, baselines: "Sequence[str | os.PathLike[str]]" = ()
) -> "list[Analysis]":
    """What happened in each of these logs. Raises Unreadable.

    A path may be a pattern (`logs/*.log`), `-` for standard input, and compressed. With `baselines`, logs of
    good runs, each result has the lines that none of them has.
    """
    analyses = []
    for one in analyze_each(paths, baselines=baselines):
        if one.error is not None:
            raise one.error
        analyses += [one.analysis] if one.analysis is not None else []
    return analyses


def analyze_each(
    paths: "Sequence[str | os.PathLike[str]]", *, baselines: "Sequence[str | os.PathLike[str]]" = ()
) -> Iterator[Analysed]:
    """The same log by log, as they are read; one that cannot be read does not stop the others.

    Raises Unreadable for a baseline that cannot be read: without it the new lines would be wrong.
    """
    from overnight.app.sources import expanded, no_match

    templates = _learned([os.fspath(path) for path in baselines])
    files, empty = expanded([os.fspath(path) for path in paths])
    yield from (Analysed(pattern, None, no_match(pattern), []) for pattern in empty)
    for file in files:
        yield _analysed(file, templates)


def _analysed(file: str, templates: "Templates | None") -> Analysed:
    from overnight import catalog
    from overnight.app.sources import STDIN, Source
    from overnight.core.analyze import analyze as understand

    known = catalog.known(os.getcwd() if file == STDIN else os.path.dirname(os.path.abspath(file)))
    source = Source(file)
    try:
        analysis = understand(source, known.catalog, templates)
    except OvernightError as error:
        return Analysed(file, None, error, known.faults)
    texts = {problem.signature: problem.text for problem in analysis.problems}
    reasons = [_sourced(reason, known, texts[reason.signature]) for reason in analysis.reasons]
    return Analysed(file, replace(analysis, reasons=reasons, note=source.trouble), None, known.faults)


def _sourced(reason: "Reason", known: "Known", text: str) -> "Reason":
    """The reason with the expression that found the problem and the file it is from."""
    entry = next((s for s in known.catalog.signatures if s.id == reason.signature), None)
    if entry is None:
        return reason
    hits = [pattern for pattern in entry.pattern if re.search(pattern, text)]
    return replace(reason, pattern=(hits or entry.pattern)[0], origin=known.origins[entry.id])


def _learned(files: list[str]) -> "Templates | None":
    from overnight.app.sources import Source, expanded, no_match
    from overnight.core.novelty import Learner, Templates

    if not files:
        return None
    found, empty = expanded(files)
    for pattern in empty:
        raise no_match(pattern)
    templates = Templates()
    for file in found:
        learner = Learner(Templates())
        source = Source(file)
        for data in source:
            learner.feed(data)
        learner.close()
        if source.trouble:
            raise Unreadable(f"{source.trouble} A baseline must be whole.")
        templates.update(learner.templates)
    return templates
