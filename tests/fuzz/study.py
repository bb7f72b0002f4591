"""Optuna studies in a journal and in SQLite, damaged.

Rules: any bytes give studies or `Unreadable`; what was read can be asked for all that a report asks. An input that does
not begin as a journal is a database with those bytes written over a sound one: place (two bytes), then what.
"""

import json
import sqlite3
from functools import cache

from fuzz import support
from overnight.errors import Unreadable
from overnight.readers import optuna, optuna_journal
from overnight.readers.study import Study
from overnight.report import source

FOLDER = support.SCRATCH / "study"
_TABLES = """
create table studies (study_id integer primary key, study_name);
create table study_directions (study_id, objective, direction);
create table study_system_attributes (study_id, key, value_json);
create table trials (trial_id integer primary key, number, study_id, state);
create table trial_values (trial_id, objective, value, value_type);
create table trial_params (param_id integer primary key, trial_id, param_name, param_value, distribution_json);
create table trial_intermediate_values (trial_id, step, intermediate_value);
"""
_FLOAT = json.dumps({"name": "FloatDistribution", "attributes": {"low": 0.1, "high": 1.0, "log": True}})
_CHOICE = json.dumps({"name": "CategoricalDistribution", "attributes": {"choices": ["sgd", None]}})


def check(data: bytes) -> None:
    """As the reader of a report finds it."""
    FOLDER.mkdir(exist_ok=True)
    is_journal = data.startswith(optuna_journal.MARK)
    path = FOLDER / ("study.log" if is_journal else "study.db")
    path.write_bytes(data if is_journal else _damaged(data))
    try:
        studies = support.refused(lambda: optuna.find_studies(["python", str(path)], FOLDER), Unreadable)
    finally:
        path.unlink()
    for study in studies or ():
        _ask(study)


def _ask(study: Study) -> None:
    study.best()
    study.counts()
    source._facts(study, [study], "")
    for trial in study.trials:
        source._trial_point(trial, None)


def _damaged(data: bytes) -> bytes:
    """Every three bytes and more say where, how many, and what."""
    whole = bytearray(_database())
    while len(data) > 3:
        place, size = int.from_bytes(data[:2], "big") % len(whole), data[2] % 8 + 1
        piece = data[3 : 3 + size]
        whole[place : place + len(piece)] = piece
        data = data[3 + size :]
    return bytes(whole)


@cache
def _database() -> bytes:
    db = sqlite3.connect(":memory:")
    db.executescript("pragma page_size = 1024;" + _TABLES)
    db.execute("insert into studies values (1, 'demo')")
    db.execute("insert into study_directions values (1, 0, 'MAXIMIZE')")
    db.execute("""insert into study_system_attributes values (1, 'study:metric_names', '["auc"]')""")
    for n in range(6):
        db.execute(
            "insert into trials values (?, ?, 1, ?)", (n + 1, n, ("COMPLETE", "PRUNED", "FAIL")[n % 3])
        )
        db.execute(
            "insert into trial_values values (?, 0, ?, ?)", (n + 1, n / 2, "INF_POS" if n == 3 else "FINITE")
        )
        db.execute("insert into trial_params values (?, ?, 'x', 0.5, ?)", (2 * n + 1, n + 1, _FLOAT))
        db.execute("insert into trial_params values (?, ?, 'opt', 1.0, ?)", (2 * n + 2, n + 1, _CHOICE))
        db.execute("insert into trial_intermediate_values values (?, 1, 0.25)", (n + 1,))
    db.commit()
    return db.serialize()


def _journal() -> list[bytes]:
    operations = [
        {"op_code": 0, "study_name": "demo", "directions": [2]},
        {"op_code": 3, "study_id": 0, "system_attr": {"study:metric_names": ["auc"]}},
        {"op_code": 4, "study_id": 0},
        {"op_code": 5, "trial_id": 0, "param_name": "x", "param_value_internal": 0.5, "distribution": _FLOAT},
        {"op_code": 5, "trial_id": 0, "param_name": "o", "param_value_internal": 1, "distribution": _CHOICE},
        {"op_code": 7, "trial_id": 0, "step": 1, "intermediate_value": 0.5},
        {"op_code": 6, "trial_id": 0, "state": 1, "values": [0.5]},
        {
            "op_code": 4,
            "study_id": 0,
            "state": 1,
            "value": 1.5,
            "params": {"x": 0.2},
            "distributions": {"x": _FLOAT},
        },
        {"op_code": 1, "study_id": 1},
    ]
    return [json.dumps(operation).encode() + b"\n" for operation in operations]


def seeds() -> list[bytes]:
    """A journal and its beginnings; databases with other headers, pages and cells."""
    journal = _journal()
    text = _database().find(b"COMPLETE")
    marks = [
        b"\0\x10\x01\xff\xff",
        b"\0\x64\0\x05",
        text.to_bytes(2, "big") + b"\x03FAIL",
        b"\0\x1c\x03\0\0\0\x01",
    ]
    return [b"".join(journal[:n]) for n in range(1, len(journal) + 1)] + marks + [b""]


WORDS = (
    "NaN",
    "Infinity",
    "1e999",
    "null",
    "[[[[",
    '"op_code": 6',
    '"op_code": 5',
    '"trial_id": -1',
    "true",
    "{}",
)
