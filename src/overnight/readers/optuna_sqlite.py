"""Optuna studies out of its SQLite storage, while it may be writing there.

Rules, each the answer to something measured:
- `mode=ro`, autocommit, short SELECTs in batches: a read lock held for 8 s kills the study with "database is
  locked"; short ones at 200 Hz cost it nothing.
- No `immutable=1`: on a hot journal it shows rows that were never committed.
- A database whose writer was killed in the middle of a commit cannot be opened read-only: it is copied with
  its journal, and the copy is repaired.
- Trials are read before their values, so a trial that completes meanwhile is merely still running.
- Times in the storage are not read: Optuna 4 writes local time and Optuna 5 UTC under the same schema.
"""

import contextlib
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from overnight.core.model import Direction
from overnight.errors import Unreadable
from overnight.readers import distributions
from overnight.readers.study import Range, State, Study, Trial

MAGIC = b"SQLite format 3\x00"
_BATCH = 1000
"""Trials per SELECT: about 5 ms each with five parameters, far below the 50 ms a writer notices."""
_BUSY_S = 0.2
_TRIES = 3
_COPY_LIMIT_BYTES = 1_000_000_000
_STATES: dict[str, State] = {
    "RUNNING": "running",
    "WAITING": "waiting",
    "COMPLETE": "complete",
    "PRUNED": "pruned",
    "FAIL": "failed",
}
_INFINITE = {"INF_POS": float("inf"), "INF_NEG": float("-inf")}
T = TypeVar("T")


def read(path: Path) -> list[Study]:
    """Every study in the database. Raises `Unreadable`: not Optuna's, damaged, or (code "busy") locked."""
    return _open_and(path, lambda db: _studies(db, path))


def is_optuna(path: Path) -> bool:
    """Whether the tables of a study are there; True as well when a writer keeps it locked just now."""
    try:
        return _open_and(path, _has_tables)
    except Unreadable as error:
        return error.code == "busy"


_WRONG = (TypeError, ValueError, OverflowError, RecursionError, MemoryError)
"""What other things in the columns of a database lead to, and a page that says it is huge."""


def _open_and(path: Path, use: Callable[[sqlite3.Connection], T]) -> T:
    try:
        return _patiently(path, use)
    except _WRONG as error:
        raise _unreadable(path, error) from error
    except sqlite3.OperationalError as error:
        if not _is_hot(error):
            raise _unreadable(path, error) from error
    except sqlite3.DatabaseError as error:
        raise _unreadable(path, error) from error
    try:
        with _repaired_copy(path) as copy, contextlib.closing(sqlite3.connect(copy)) as db:
            return use(db)
    except (sqlite3.DatabaseError, OSError, *_WRONG) as error:
        raise _unreadable(path, error) from error


def _patiently(path: Path, use: Callable[[sqlite3.Connection], T]) -> T:
    """SQLite itself waits up to 0.2 s for the lock each time."""
    uri = f"file:{quote(str(path))}?mode=ro"
    for tries_left in reversed(range(_TRIES)):
        try:
            db = sqlite3.connect(uri, uri=True, timeout=_BUSY_S, isolation_level=None)
            with contextlib.closing(db):
                return use(db)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            if not tries_left:
                sentence = f"{path} is being written to just now; try again later"
                raise Unreadable(sentence, code="busy") from error
    raise AssertionError("unreachable")


def _is_hot(error: sqlite3.OperationalError) -> bool:
    text = str(error)
    return "readonly" in text or "unable to open" in text


@contextlib.contextmanager
def _repaired_copy(path: Path) -> Iterator[Path]:
    """A private copy with its journal or write-ahead log, which SQLite rolls back or forward on opening."""
    if path.stat().st_size > _COPY_LIMIT_BYTES:
        raise OSError("too large to be copied and repaired")
    with tempfile.TemporaryDirectory(prefix="overnight-") as folder:
        copy = Path(folder) / "study.db"
        shutil.copyfile(path, copy)
        for suffix in ("-journal", "-wal"):
            beside = path.with_name(path.name + suffix)
            if beside.exists():
                shutil.copyfile(beside, copy.with_name(copy.name + suffix))
        yield copy


def _unreadable(path: Path, error: Exception) -> Unreadable:
    why = " ".join(str(error).split()) or type(error).__name__  # it may quote what a damaged page holds
    return Unreadable(f"{path} cannot be read as an Optuna study: {why}")


# ---------------------------------------------------------------- the tables


def _has_tables(db: sqlite3.Connection) -> bool:
    rows = db.execute("select name from sqlite_master where type = 'table'").fetchall()
    return {"studies", "study_directions", "trials", "trial_values", "trial_params"} <= {r[0] for r in rows}


def _studies(db: sqlite3.Connection, path: Path) -> list[Study]:
    if not _has_tables(db):
        raise Unreadable(f"{path} is no Optuna storage: it lacks the tables of a study")
    names = db.execute("select study_id, study_name from studies order by study_id").fetchall()
    return [_study(db, study_id, str(name), f"sqlite:///{path}") for study_id, name in names]


def _study(db: sqlite3.Connection, study_id: int, name: str, storage: str) -> Study:
    trials: list[Trial] = []
    ranges: dict[str, Range] = {}
    newest = 0
    while batch := _batch(db, study_id, newest):
        first, newest = newest, batch[-1][0]
        if newest <= first:
            raise ValueError("its trials are out of order")  # or a damaged page would be read for ever
        values = _values(db, study_id, first, newest)
        params = _params(db, study_id, first, newest, ranges)
        reports = _last_reports(db, study_id, first, newest)
        trials += [
            _trial(number, state, values.get(trial_id, {}), params.get(trial_id, {}), reports.get(trial_id))
            for trial_id, number, state in batch
        ]
    return Study(
        name=name,
        directions=_directions(db, study_id),
        trials=tuple(trials),
        storage=storage,
        metric_names=_metric_names(db, study_id),
        ranges=ranges,
        newest=newest,
    )


def _batch(db: sqlite3.Connection, study_id: int, after: int) -> list[tuple[int, int, str]]:
    return db.execute(
        "select trial_id, number, state from trials where study_id = ? and trial_id > ?"
        " order by trial_id limit ?",
        (study_id, after, _BATCH),
    ).fetchall()


def _trial(
    number: int, state: str, values: dict[int, float], params: dict[str, str], report: float | None
) -> Trial:
    kept = tuple(float(values[i]) for i in sorted(values)) if state == "COMPLETE" else ()
    last = None if report is None else float(report)
    return Trial(int(number), _STATES.get(state, "running"), kept, params, last)


_SPAN = "join trials t using (trial_id) where t.study_id = ? and t.trial_id > ? and t.trial_id <= ?"


def _values(db: sqlite3.Connection, study_id: int, first: int, last: int) -> dict[int, dict[int, float]]:
    rows = db.execute(
        f"select trial_id, objective, value, value_type from trial_values {_SPAN}", (study_id, first, last)
    ).fetchall()
    found: dict[int, dict[int, float]] = {}
    for trial_id, objective, value, kind in rows:
        number = _INFINITE.get(kind, value)
        if number is not None:
            found.setdefault(trial_id, {})[objective] = number
    return found


def _params(
    db: sqlite3.Connection, study_id: int, first: int, last: int, ranges: dict[str, Range]
) -> dict[int, dict[str, str]]:
    rows = db.execute(
        f"select trial_id, param_name, param_value, distribution_json from trial_params {_SPAN}"
        " order by param_id",
        (study_id, first, last),
    ).fetchall()
    found: dict[int, dict[str, str]] = {}
    for trial_id, name, stored, distribution in rows:
        found.setdefault(trial_id, {})[name] = distributions.value(stored, distribution)
        ranges[name] = distributions.extent(distribution)
    return found


def _last_reports(db: sqlite3.Connection, study_id: int, first: int, last: int) -> dict[int, float]:
    rows = db.execute(
        f"select trial_id, intermediate_value, max(step) from trial_intermediate_values {_SPAN}"
        " group by trial_id",
        (study_id, first, last),
    ).fetchall()
    return {trial_id: value for trial_id, value, _ in rows if value is not None}


def _directions(db: sqlite3.Connection, study_id: int) -> tuple[Direction, ...]:
    rows = db.execute(
        "select direction from study_directions where study_id = ? order by objective", (study_id,)
    ).fetchall()
    return tuple("maximize" if row[0] == "MAXIMIZE" else "minimize" for row in rows)


def _metric_names(db: sqlite3.Connection, study_id: int) -> tuple[str, ...]:
    row = db.execute(
        "select value_json from study_system_attributes where study_id = ? and key = 'study:metric_names'",
        (study_id,),
    ).fetchone()
    return names_of(row[0]) if row else ()


def names_of(text: Any) -> tuple[str, ...]:
    """Metric names from their JSON, or () when that is not a list."""
    try:
        names = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return ()
    return tuple(str(n) for n in names) if isinstance(names, list) else ()
