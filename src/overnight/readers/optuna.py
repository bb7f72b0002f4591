"""Finding and reading the Optuna study that a run worked on, without importing Optuna.

Rules:
- A storage that the command or the log names goes before one that merely lies in the run's folder and was
  touched since the run's start.
- The log's word on the study's name decides among several studies; then the command's; then the newest trial.
- A study in a database server is not read: its driver and its password are the run's own business.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from overnight.errors import Unreadable
from overnight.readers import optuna_journal, optuna_sqlite
from overnight.readers.study import Study

_URL = re.compile(r"sqlite(?:\+\w+)?:///([^\s'\"?,;)\]]+)")
_NAMED = re.compile(
    r"(?:new study created in (?:RDB|Journal|memory) with name: "
    r"|existing study with `?(?:study_)?name=?'?|study_name=')"
    r"([^\s'`]+)"
)
_SUFFIXES = (".db", ".sqlite", ".sqlite3", ".log", ".journal", ".jsonl")
_MOST_FILES = 200
_CLOCK_SLACK_S = 2.0
"""File systems round modification times, down to 2 s on FAT."""


@dataclass(frozen=True, slots=True)
class Storage:
    """Where a study may be. `source` says who named it: the command, the log, or nobody but the folder."""

    kind: Literal["sqlite", "journal"]
    path: Path
    source: Literal["argv", "log", "file"]


def find_storage(
    argv: Sequence[str],
    cwd: str | Path,
    log_text: str = "",
    *,
    started_at: float = 0.0,
    env: Mapping[str, str] | None = None,
) -> list[Storage]:
    """Every Optuna storage that the run may have used, likeliest first.

    `log_text`: some of the run's output, enough of its start to hold the storage's name. `started_at`: wall
    seconds; files not modified since are left out unless they are named.
    """
    folder = Path(cwd)
    words = [*argv, *(env or {}).values()]
    named = [p for word in words for p in _paths_in(word)]
    logged = [m.group(1) for m in _URL.finditer(log_text)]
    found: dict[Path, Storage] = {}
    for name in named:
        _add(found, folder / name, "argv")
    for name in logged:
        _add(found, folder / name, "log")
    for path in _touched(folder, started_at):
        _add(found, path, "file")
    return list(found.values())


def read(storage: Storage) -> list[Study]:
    """Every study of the storage. Raises `Unreadable`; code "busy" means: try again later."""
    return optuna_sqlite.read(storage.path) if storage.kind == "sqlite" else optuna_journal.read(storage.path)


def study_names(log_text: str) -> list[str]:
    """The studies that the log says it created or went on with, in order."""
    return [m.group(1).rstrip(".") for m in _NAMED.finditer(log_text)]


def find_studies(
    argv: Sequence[str],
    cwd: str | Path,
    log_text: str = "",
    *,
    started_at: float = 0.0,
    env: Mapping[str, str] | None = None,
) -> list[Study]:
    """The run's studies, the one it worked on last first; empty when none is reachable.

    A storage that cannot be read is passed over, as another one may be the right one; when all of them fail,
    the first `Unreadable` is raised, so that the reader of a report learns why the study is missing.
    """
    names = study_names(log_text)
    failures: list[Unreadable] = []
    found: list[Study] = []
    for storage in find_storage(argv, cwd, log_text, started_at=started_at, env=env):
        try:
            found += _of_this_run(read(storage), names, argv)
        except Unreadable as error:
            failures.append(error)
    if not found and failures:
        raise failures[0]
    return found


def _of_this_run(studies: list[Study], names: list[str], argv: Sequence[str]) -> list[Study]:
    if names:
        order = {name: place for place, name in enumerate(names)}
        return sorted((s for s in studies if s.name in order), key=lambda s: -order[s.name])
    asked = [s for s in studies if any(s.name == word.rpartition("=")[2] for word in argv)]
    return sorted(asked or studies, key=lambda s: -s.newest)


def _paths_in(word: str) -> list[str]:
    urls = [m.group(1) for m in _URL.finditer(word)]
    plain = word.rpartition("=")[2]
    return urls or ([plain] if plain.endswith(_SUFFIXES) else [])


def _touched(folder: Path, since: float) -> list[Path]:
    try:
        files = [(p.stat().st_mtime, p) for p in folder.iterdir() if p.suffix in _SUFFIXES and p.is_file()]
    except OSError:
        return []
    recent = sorted((f for f in files if f[0] >= since - _CLOCK_SLACK_S), reverse=True)
    return [path for _, path in recent[:_MOST_FILES]]


def _add(found: dict[Path, Storage], path: Path, source: Literal["argv", "log", "file"]) -> None:
    path = path.resolve()
    kind = None if path in found else _kind(path)
    if kind is not None:
        found[path] = Storage(kind, path, source)


def _kind(path: Path) -> Literal["sqlite", "journal"] | None:
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError:
        return None
    if head.startswith(optuna_sqlite.MAGIC):
        return "sqlite" if optuna_sqlite.is_optuna(path) else None
    return "journal" if head.startswith(optuna_journal.MARK) else None
