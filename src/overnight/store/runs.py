"""Finding runs by what people call them.

Rules:
- Looked up in the run directories themselves, newest first: right even when the index is lost.
- An id goes before the word `last`, that before a name, that before a prefix of ids.
- Several runs of one name: those that another of them replaces step back (a relaunch keeps the name).
- A damaged run directory is still a run: it is listed, and found by its id.
"""

import os
import re
from collections.abc import Iterator, Sequence

import msgspec

from overnight.core.mask import harmless
from overnight.errors import AmbiguousRun, NoSuchRun
from overnight.store import files
from overnight.store.codec import DamagedError, decode
from overnight.store.home import CLOSED, SPEC, runs_folder, unusable
from overnight.store.rundir import RunDir

LAST = "last"
_BEGINNING = 4096
_CREATED_AT = re.compile(rb'"created_at":\s?(\d{1,12}(?:\.\d{1,9})?)[,}]')
"""Within a text of JSON its quotes are escaped: it cannot stand in an argument or a name."""
_MOST_NAMED = 5
_READ_AT_ONCE = 64
_WRITES_S = 60.0
"""How long after its start a run's intent may have been written: it takes milliseconds."""


def all_runs(home: str) -> Iterator[RunDir]:
    """Every run of the home, newest first; none when the home is not there. Raises HomeUnusable at once."""
    return map(RunDir, _newest_first(home))


def current(home: str, since: float) -> list[RunDir]:
    """The runs that are not closed, and those closed after `since` (wall time), newest first. Raises HomeUnusable."""
    folder = runs_folder(home)
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unusable(home, error) from error
    lively = [name for name in names if name[0] != "." and _closed_at(os.path.join(folder, name)) >= since]
    known = [one for name in lively for one in _look(os.path.join(folder, name))]
    return [one.run for one in sorted(known, key=lambda one: one.created_at, reverse=True)]


def _closed_at(path: str) -> float:
    try:
        return os.stat(os.path.join(path, CLOSED)).st_mtime
    except OSError:
        return float("inf")


def find(home: str, ref: str) -> RunDir:
    """The run that `ref` means: an id, `last`, a name, or a unique prefix of an id.

    Raises NoSuchRun; AmbiguousRun, whose sentence names the candidates; HomeUnusable.
    """
    if ref.isalnum() and ref.isascii() and os.path.exists(os.path.join(runs_folder(home), ref, SPEC)):
        return RunDir(
            os.path.join(runs_folder(home), ref)
        )  # with ten thousand runs looking through all is slow
    if ref == LAST and (newest := next(_newest_first(home), None)) is not None:
        return RunDir(newest)
    known = _known(home)
    if not known:
        raise NoSuchRun("There are no runs yet: start one with `overnight run -- COMMAND`.")
    matches = _matches(known, ref)
    if not matches:
        raise NoSuchRun(f"There is no run {harmless(ref, 60)!r}: `overnight ls` lists them.")
    if len(matches) > 1:
        raise AmbiguousRun(_ambiguous(ref, matches))
    return matches[0].run


class _Intent(msgspec.Struct, gc=False):
    """The part of a run's intent that finding needs: with ten thousand runs the rest would take most of the time."""

    created_at: float
    name: str | None = None
    replaces: str | None = None


class _Known:
    """A run, and when and as what it was started."""

    __slots__ = ("created_at", "name", "replaces", "run")

    def __init__(self, run: RunDir) -> None:
        self.run = run
        try:
            intent = decode(files.read(run.file(SPEC)), _Intent)
        except (OSError, DamagedError):
            intent = _Intent(os.stat(run.path).st_mtime)
        self.name, self.replaces, self.created_at = intent.name, intent.replaces, intent.created_at


def _names(home: str) -> list[str]:
    """Of the folders with runs."""
    try:
        with os.scandir(runs_folder(home)) as entries:
            return [entry.name for entry in entries if entry.name[0] != "." and entry.is_dir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unusable(home, error) from error


def _newest_first(home: str) -> Iterator[str]:
    """The folders of all runs, in the order of their starts. Raises HomeUnusable at once.

    An intent is written when a run is started and never again: by that the runs are sorted, and of few more than are
    asked for is it read when they were started. Where one says otherwise (a home that was copied), all are read.
    """
    folder = runs_folder(home)
    paths = [f"{folder}/{name}" for name in _names(home)]
    written = sorted(((at, path) for path in paths if (at := _written_at(path)) is not None), reverse=True)
    return _by_start(written)


def _by_start(written: list[tuple[float, str]]) -> Iterator[str]:
    for begin in range(0, len(written), _READ_AT_ONCE):
        known = _started(written[begin : begin + _READ_AT_ONCE])
        moved = any(abs(created_at - at) > _WRITES_S for created_at, _path, at in known)
        if moved:
            known = _started(written[begin:])
        yield from (path for _created_at, path, _at in sorted(known, reverse=True))
        if moved:
            return


def _started(written: Sequence[tuple[float, str]]) -> list[tuple[float, str, float]]:
    """When each of these runs was started, its folder, and when its intent was written; those that are not gone."""
    return [(created, path, at) for at, path in written if (created := _created_at(path)) is not None]


def _written_at(path: str) -> float | None:
    for place in (f"{path}/{SPEC}", path):
        try:
            return os.stat(place, follow_symlinks=False).st_mtime
        except OSError:
            continue
    return None


def _created_at(path: str) -> float | None:
    """The time in the beginning of an intent: with ten thousand runs reading all of each takes most of a look.

    None when the run is gone."""
    try:
        fd = os.open(f"{path}/{SPEC}", os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        found = None
    else:
        try:
            found = _CREATED_AT.search(os.read(fd, _BEGINNING))
        except OSError:
            found = None
        finally:
            os.close(fd)
    if found is not None:
        return float(found[1])
    return next((known.created_at for known in _look(path)), None)


def _known(home: str) -> list[_Known]:
    folder = runs_folder(home)
    runs = [known for name in _names(home) for known in _look(os.path.join(folder, name))]
    return sorted(runs, key=lambda known: (known.created_at, known.run.id), reverse=True)


def _look(path: str) -> list[_Known]:
    try:
        return [_Known(RunDir(path))]
    except FileNotFoundError:
        return []  # pruned at this moment


def _matches(known: Sequence[_Known], ref: str) -> Sequence[_Known]:
    by_id = [one for one in known if one.run.id == ref]
    if by_id:
        return by_id
    if ref == LAST:
        return known[:1]
    named = [one for one in known if one.name == ref]
    if named:
        replaced = {one.replaces for one in named}
        return [one for one in named if one.run.id not in replaced] or named[:1]
    return [one for one in known if ref and one.run.id.startswith(ref)]


def _ambiguous(ref: str, matches: Sequence[_Known]) -> str:
    shown = ", ".join(
        one.run.id + (f" ({harmless(one.name, 40)})" if one.name else "") for one in matches[:_MOST_NAMED]
    )
    more = f" and {len(matches) - _MOST_NAMED} more" if len(matches) > _MOST_NAMED else ""
    return f"{harmless(ref, 60)!r} may be any of these runs: {shown}{more}; give an id."
