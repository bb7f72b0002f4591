"""What good runs of a command print, and what a failed one printed that they did not.

Rules:
- A run that succeeded leaves a book of templates in its directory; the last three of the same command are asked.
- The same command: the same folder, and the same words when their numbers are erased.
- What is missing, damaged or too large makes the report shorter, never late and never wrong: of a log of more
  than 128 MiB its two ends are learned, and its last 128 MiB are looked at.
"""

import os
from collections.abc import Callable, Iterator
from itertools import islice

from overnight.core.model import Spec
from overnight.core.novelty import Learner, Novelty, Templates, template
from overnight.errors import OvernightError
from overnight.report.view import NewLines
from overnight.store import files, runs
from overnight.store.rundir import RunDir

_RUNS = 3
_MOST_BYTES = 128 << 20
"""About four seconds of reading: a report has a minute, and is made on the way to a message."""
_PIECE = 1 << 20


def learn(run_dir: RunDir) -> None:
    """Keep what this good run printed, unless that was done; a disk that takes nothing is no fault of the
    report."""
    try:
        if run_dir.templates() is None:
            run_dir.write_templates(_learned(run_dir).encode())
    except OvernightError:
        return


def _learned(run_dir: RunDir) -> Templates:
    known = Templates()
    size = _size(run_dir)
    half = _MOST_BYTES // 2
    for start, end in ((0, size),) if size <= _MOST_BYTES else ((0, half), (size - half, size)):
        learner = Learner(known)
        for data in _pieces(run_dir, start, end):
            learner.feed(data)
        learner.close()
    return known


def new_lines(run_dir: RunDir) -> NewLines | None:
    """The lines of this run that the good ones did not print; None when there is nothing to compare with, or
    the lines vary too much."""
    books = _books(run_dir)
    if not books:
        return None
    known = Templates()
    for book in books:
        known.update(book)
    size = _size(run_dir)
    start = max(0, size - _MOST_BYTES)
    novelty = Novelty(known)
    for data in _pieces(run_dir, start, size):
        novelty.feed(data)
    novelty.close()
    found = novelty.lines(sum(data.count(b"\n") for data in _pieces(run_dir, 0, start)))
    return NewLines(len(books), found) if found is not None else None


def _books(run_dir: RunDir) -> list[Templates]:
    try:
        spec = run_dir.spec()
        return list(islice(_good(run_dir, spec), _RUNS))
    except OvernightError:
        return []


def _good(run_dir: RunDir, spec: Spec) -> Iterator[Templates]:
    """The books of earlier runs of the same command, the newest first."""
    for other, _spec in earlier(run_dir, lambda other: _command(other) == _command(spec)):
        try:
            if (data := other.templates()) is not None:
                yield Templates.decode(data)
        except (OvernightError, ValueError):
            continue


def earlier(run_dir: RunDir, is_same: Callable[[Spec], bool]) -> Iterator[tuple[RunDir, Spec]]:
    """The runs before this one whose intent is the same in that sense, the newest first. Raises Unreadable."""
    began = run_dir.spec().created_at
    for other in runs.all_runs(run_dir.home):
        try:
            spec = other.spec()
        except OvernightError:
            continue
        if spec.created_at < began and is_same(spec):
            yield other, spec


def _command(spec: Spec) -> tuple[str, ...]:
    alone = [spec.attached.log or ""] if spec.attached and spec.attached.pid is None else []
    return (spec.cwd, *map(template, [*spec.argv, *alone]))


def _size(run_dir: RunDir) -> int:
    try:
        return os.stat(run_dir.log_path).st_size
    except OSError:
        return 0


def _pieces(run_dir: RunDir, start: int, end: int) -> Iterator[bytes]:
    """The bytes of the log from `start` to `end`; none when it is gone."""
    try:
        with open(run_dir.log_path, "rb", opener=files.plain) as file:
            file.seek(start)
            while start < end and (data := file.read(min(_PIECE, end - start))):
                start += len(data)
                yield data
    except OSError:
        return
