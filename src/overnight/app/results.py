"""What a run, or any finished log, came to."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from overnight.app.knowing import found
from overnight.errors import Unreadable

if TYPE_CHECKING:
    from overnight.core.analyze import Analysis
    from overnight.report.build import ReportPaths

_PIECE = 1 << 20


def make_report(ref: str) -> "ReportPaths":
    """Write the report of the run as it is now. Raises NoSuchRun, Unreadable, OvernightError (results
    file)."""
    from overnight import settings
    from overnight.report.build import build

    run = found(ref)
    results = run.spec().results
    return build(run, lang=settings.load().lang, results=Path(results) if results else None)


def analyze(paths: Sequence[str | os.PathLike[str]]) -> "list[Analysis]":
    """What happened in each of these logs. Raises Unreadable."""
    from overnight import catalog
    from overnight.core.analyze import analyze as understand

    known = catalog.load()
    return [understand(_pieces(os.fspath(path)), known) for path in paths]


def _pieces(path: str) -> Iterator[bytes]:
    try:
        with open(path, "rb") as file:
            while data := file.read(_PIECE):
                yield data
    except OSError as error:
        raise Unreadable(f"The log {path!r} cannot be read: {error.strerror}.") from error
