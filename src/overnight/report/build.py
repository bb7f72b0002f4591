"""A run directory in, its report out.

Rules:
- The report is made of what is on disk alone, so it can be made again at any time, after any crash.
- It is written in one step beside the run, before the user's own results file is touched.
- Without the chart library there are no pictures and everything else.
"""

import os
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from overnight import catalog
from overnight.core.changes import Code
from overnight.core.model import Event, Spec
from overnight.core.replay import log_place, replay
from overnight.core.watch import Watch
from overnight.errors import OvernightError, Unreadable
from overnight.i18n import translator
from overnight.readers import optuna
from overnight.readers.study import Study
from overnight.report import goodruns, markdown, page, results_file
from overnight.report.compose import compose
from overnight.report.course import Course
from overnight.report.picture import Picture
from overnight.report.provenance import provenance
from overnight.report.source import Recorded, view_of
from overnight.report.view import View
from overnight.store import files
from overnight.store.home import unusable
from overnight.store.rundir import RunDir, open_log

_PIECE = 1 << 20
_MOST_UNREAD = 1 << 28
_NAMES_IN = 1 << 20
"""How much of the start and of the end of a log is searched for the name of a study."""


class ReportPaths(NamedTuple):
    """Where the report is; `results` is the user's own file when one was updated."""

    md: Path
    html: Path
    results: Path | None = None


class ResultsError(OvernightError):
    """The report is written, the user's own results file is not."""

    code = "results_unwritable"

    def __init__(self, target: Path, error: OSError, paths: ReportPaths) -> None:
        why = error.strerror or error
        super().__init__(
            f"The results file {target} could not be updated: {why}; the report itself is written."
        )
        self.paths = paths


def build(run_dir: RunDir, *, lang: str, results: Path | None = None) -> ReportPaths:
    """Write `report.md` and `report.html` into the run directory, then the block in `results`.

    `results` is relative to the run's folder. Raises `ResultsError` when the results file cannot be
    updated; the report itself is then complete, and the error knows its paths.
    """
    view = read(run_dir)
    document = compose(view, lang, draw(view, lang))
    folder = Path(run_dir.path)
    paths = ReportPaths(folder / "report.md", folder / "report.html")
    _write(paths.md, markdown.write(document))
    _write(paths.html, page.write(document))
    if view.state == "succeeded":
        goodruns.learn(run_dir)
    if results is None:
        return paths
    target = Path(view.cwd) / results.expanduser()
    try:
        results_file.update(target, document.run, markdown.brief(document, str(paths.html)))
    except OSError as error:
        raise ResultsError(target, error, paths) from error
    return paths._replace(results=target)


def read(run_dir: RunDir) -> View:
    """The facts of a run, from its directory and the study it worked on."""
    spec, start, exit_ = run_dir.spec(), run_dir.start(), run_dir.exit()
    log = Path(run_dir.log_path)
    base = _base(run_dir, spec)
    known = catalog.known(spec.cwd).catalog
    begun = Watch(spec, known)
    begun.reader.offset = base  # what stood in older files of the log is known by the events
    course = Course()
    watch = replay(spec, course.passing(_events(run_dir)), _pieces(log), known, begun=begun)
    start_at = start.at if start else spec.created_at
    now = _now(course, start_at, running=watch.phase != "ended")
    _read_on(watch, log, now, base)
    studies, note = _studies(watch, log, start_at)
    recorded = Recorded(spec, start, exit_, course.events(), str(log), course.left_out)
    new = goodruns.new_lines(run_dir) if watch.status(now).state in ("failed", "lost") else None
    return view_of(watch, recorded, now, studies, note, provenance(spec, start_at, _code(run_dir)), new)


def _code(run_dir: RunDir) -> Code | None:
    try:
        return run_dir.code()
    except Unreadable:  # a report says less then
        return None


def _now(course: Course, start_at: float, *, running: bool) -> float:
    return max(course.last_t, time.time() - start_at) if running else course.last_t


def _events(run_dir: RunDir) -> Iterator[Event]:
    """One by one: there may be a million."""
    return (event for event, _end in run_dir.each_event() if event is not None)


def _base(run_dir: RunDir, spec: Spec) -> int:
    """The offset of the first byte of the log that is there: only somebody else's may have begun anew."""
    place = log_place(run_dir.events_of("note")) if spec.attached is not None else None
    return place[1] if place is not None else 0


def _pieces(log: Path, offset: int = 0) -> Iterator[bytes]:
    try:
        with open_log(log) as file:
            file.seek(offset)
            while data := file.read(_PIECE):
                yield data
    except FileNotFoundError:
        return


def _read_on(watch: Watch, log: Path, now: float, base: int) -> None:
    """What was written after the last event: learned, not judged, as much as may come between two check-ins.

    `base`: the offset of the log's first byte."""
    for data in islice(_pieces(log, watch.offset - base), _MOST_UNREAD // _PIECE):
        watch.absorb(watch.reader.feed(data, now), now, live=False)


def _studies(watch: Watch, log: Path, start_at: float) -> tuple[list[Study], str]:
    spec = watch.spec
    try:
        found = optuna.find_studies(spec.argv, spec.cwd, _ends(log), started_at=start_at, env=spec.env)
    except Unreadable as error:
        return [], str(error)
    return found, ""


def _ends(log: Path) -> str:
    try:
        with open_log(log) as file:
            head = file.read(_NAMES_IN)
            file.seek(max(file.tell(), os.fstat(file.fileno()).st_size - _NAMES_IN))
            tail = file.read(_NAMES_IN)
    except FileNotFoundError:
        return ""
    return (head + b"\n" + tail).decode("utf-8", "replace")


def draw(view: View, lang: str) -> list[Picture] | None:
    """The pictures of a run; None when the chart library is not installed."""
    try:
        from overnight.report.charts.base import Scene  # the chart library is an extra
        from overnight.report.charts.gallery import pictures
    except ImportError:
        return None
    return pictures(Scene(view, translator(lang)))


def _write(path: Path, text: str) -> None:
    try:
        files.replace(str(path), text.encode("utf-8", "replace"))
    except OSError as error:
        raise unusable(str(path.parent), error) from error
