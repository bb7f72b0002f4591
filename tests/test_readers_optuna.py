"""Reading studies that real Optuna wrote, from outside and beside a living writer."""

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from overnight.errors import Unreadable
from overnight.readers import optuna as reader
from overnight.readers.study import Range, Study, Trial

optuna.logging.set_verbosity(optuna.logging.WARNING)


def storage_of(kind: str, folder: Path) -> "str | JournalStorage":
    if kind == "sqlite":
        return f"sqlite:///{folder / 'study.db'}"
    return JournalStorage(JournalFileBackend(str(folder / "study.log")))


def objective(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", 1e-3, 10, log=True)
    trial.suggest_int("layers", 1, 9)
    trial.suggest_categorical("optimizer", ["sgd", "adam", None])
    if trial.number == 3:
        return float("inf")
    if trial.number == 4:
        raise ValueError("boom")
    for step in range(3):
        trial.report(
            100 - x - step, step
        )  # better than any result, when maximizing: a trap for careless readers
        if trial.number % 5 == 2:
            raise optuna.TrialPruned
    return x


def make_study(
    storage: object, name: str = "demo", direction: str = "maximize", trials: int = 20
) -> optuna.Study:
    sampler = optuna.samplers.RandomSampler(seed=1)
    study = optuna.create_study(storage=storage, study_name=name, direction=direction, sampler=sampler)  # type: ignore[arg-type]  # either kind of storage
    study.optimize(objective, n_trials=trials, catch=(ValueError,))
    return study


def read_only(folder: Path) -> list[Study]:
    (storage,) = reader.find_storage(["python", "tune.py"], folder)
    return reader.read(storage)


@pytest.mark.rule("W3.5")
@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_it_reads_what_optuna_itself_says(kind: str, tmp_path: Path) -> None:
    truth = make_study(storage_of(kind, tmp_path))
    (study,) = read_only(tmp_path)
    assert (study.name, study.directions) == ("demo", ("maximize",))
    by_state = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}
    assert [(t.number, t.state) for t in study.trials] == [
        (t.number, by_state[t.state.name]) for t in truth.trials
    ]
    assert [t.values for t in study.trials if t.state == "complete"] == [
        tuple(t.values) for t in truth.trials if t.state.name == "COMPLETE"
    ]
    assert [t.params for t in study.trials] == [
        {k: str(v) for k, v in t.params.items()} for t in truth.trials
    ]


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_neither_pruned_nor_infinite_is_a_best(kind: str, tmp_path: Path) -> None:
    truth = make_study(storage_of(kind, tmp_path))
    (study,) = read_only(tmp_path)
    expected = max(
        (t for t in truth.trials if t.state.name == "COMPLETE" and t.value != float("inf")),
        key=lambda t: t.value or 0,
    )
    best = study.best()
    assert best is not None
    assert (best.number, best.value) == (expected.number, expected.value)
    assert truth.best_value == float("inf")
    assert all(t.values == () for t in study.trials if t.state == "pruned")
    assert study.counts() == {"complete": 15, "failed": 1, "pruned": 4}


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_it_knows_the_ranges_and_the_metric(kind: str, tmp_path: Path) -> None:
    truth = make_study(storage_of(kind, tmp_path))
    truth.set_metric_names(["accuracy"])
    (study,) = read_only(tmp_path)
    assert study.metric == "accuracy"
    assert study.ranges["x"] == Range(low=0.001, high=10.0, log=True)
    assert study.ranges["layers"] == Range(low=1.0, high=9.0)
    assert study.ranges["optimizer"].choices == ("sgd", "adam", "None")


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_several_objectives_have_a_front_and_no_best(kind: str, tmp_path: Path) -> None:
    truth = optuna.create_study(
        storage=storage_of(kind, tmp_path),
        directions=["minimize", "maximize"],
        sampler=optuna.samplers.RandomSampler(seed=2),
    )
    truth.optimize(lambda t: (t.suggest_float("a", 0, 1), t.suggest_float("b", 0, 1)), n_trials=30)
    (study,) = read_only(tmp_path)
    assert study.direction is None
    assert study.best() is None
    assert sorted(t.number for t in study.front()) == sorted(t.number for t in truth.best_trials)


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_among_several_studies_the_log_decides_then_the_command_then_the_newest(
    kind: str, tmp_path: Path
) -> None:
    storage = storage_of(kind, tmp_path)
    for name in ("first", "second", "third"):
        make_study(storage, name, trials=6)
    found = reader.find_studies(
        ["python", "tune.py"], tmp_path, "[I] A new study created in RDB with name: second\n"
    )
    assert [s.name for s in found] == ["second"]
    found = reader.find_studies(["python", "tune.py", "--study=first"], tmp_path)
    assert [s.name for s in found] == ["first"]
    assert reader.find_studies(["python", "tune.py"], tmp_path)[0].name == "third"
    using = "[I] Using an existing study with `study_name='first'` instead of creating a new one.\n"
    assert [s.name for s in reader.find_studies([], tmp_path, using)] == ["first"]


def test_a_deleted_study_is_gone(tmp_path: Path) -> None:
    storage = storage_of("journal", tmp_path)
    make_study(storage, "old", trials=3)
    make_study(storage, "new", trials=3)
    optuna.delete_study(study_name="old", storage=storage)
    assert [s.name for s in read_only(tmp_path)] == ["new"]


def test_a_journal_line_that_is_being_written_or_damaged_hides_nothing_else(tmp_path: Path) -> None:
    make_study(storage_of("journal", tmp_path))
    path = tmp_path / "study.log"
    whole = read_only(tmp_path)
    path.write_bytes(path.read_bytes() + b'{"op_code":4,"study_id":0,"dat')
    assert read_only(tmp_path) == whole
    path.write_bytes(path.read_bytes() + b"\xff\x00 garbage\n")
    assert read_only(tmp_path) == whole


def test_a_study_that_waits_and_one_that_runs_are_counted_as_such(tmp_path: Path) -> None:
    study = optuna.create_study(storage=storage_of("sqlite", tmp_path))
    study.ask()
    study.enqueue_trial({"x": 1.0})
    (found,) = read_only(tmp_path)
    assert found.counts() == {"running": 1, "waiting": 1}
    assert found.best() is None


# ---------------------------------------------------------------- beside a writer


WRITER = """
import optuna, sys
optuna.logging.set_verbosity(optuna.logging.ERROR)
study = optuna.create_study(storage="sqlite:///study.db", sampler=optuna.samplers.RandomSampler(seed=1))
print("ready", flush=True)
study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=60)
"""


@pytest.mark.system
@pytest.mark.rule("W0.2")
def test_reading_without_pause_does_not_disturb_the_study(tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    sizes = []
    while writer.poll() is None:
        sizes.append(trials_or_busy(tmp_path))
    _out, errors = writer.communicate()
    assert (writer.returncode, errors) == (0, "")
    seen = [size for size in sizes if size is not None]
    assert seen == sorted(seen)
    assert len(read_only(tmp_path)[0].trials) == 60


def trials_or_busy(folder: Path) -> int | None:
    try:
        return len(read_only(folder)[0].trials)
    except Unreadable as error:
        if error.code != "busy":
            raise
        return None


def test_a_locked_database_is_busy_and_read_later(tmp_path: Path) -> None:
    make_study(storage_of("sqlite", tmp_path), trials=3)
    (storage,) = reader.find_storage([], tmp_path)
    writer = sqlite3.connect(tmp_path / "study.db", isolation_level=None)
    writer.execute("begin exclusive")
    with pytest.raises(Unreadable) as caught:
        reader.read(storage)
    assert caught.value.code == "busy"
    assert [s.source for s in reader.find_storage([], tmp_path)] == ["file"]
    writer.execute("rollback")
    writer.close()
    assert len(reader.read(storage)[0].trials) == 3


KILLED = """
import os, signal, sqlite3
db = sqlite3.connect("study.db", isolation_level=None)
db.execute("pragma cache_size = 1")
db.execute("pragma cache_spill = 1")
db.execute("begin immediate")
for n in range(3, 3000):
    db.execute("insert into trials (number, study_id, state) values (?, 1, 'COMPLETE')", (n,))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.system
def test_a_commit_cut_by_a_kill_is_not_believed_and_not_touched(tmp_path: Path) -> None:
    make_study(storage_of("sqlite", tmp_path), trials=3)
    killed = subprocess.run([sys.executable, "-c", KILLED], cwd=tmp_path, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "study.db-journal").stat().st_size > 0
    before = digest(tmp_path)
    (study,) = read_only(tmp_path)
    assert [t.number for t in study.trials] == [0, 1, 2]
    assert digest(tmp_path) == before


def digest(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def test_a_write_ahead_log_is_read_too(tmp_path: Path) -> None:
    make_study(storage_of("sqlite", tmp_path), trials=3)
    db = sqlite3.connect(tmp_path / "study.db", isolation_level=None)
    db.execute("pragma journal_mode = wal")
    db.execute("insert into trials (number, study_id, state) values (3, 1, 'FAIL')")
    (study,) = read_only(tmp_path)
    assert study.counts() == {"complete": 2, "failed": 1, "pruned": 1}
    db.close()


# ---------------------------------------------------------------- finding it


def test_the_command_names_its_storage_in_many_ways(tmp_path: Path) -> None:
    make_study(storage_of("sqlite", tmp_path), trials=1)
    path = tmp_path / "study.db"
    os.utime(path, (1, 1))
    ways: list[list[str]] = [
        ["tune.py", "--storage", "sqlite:///study.db"],
        ["tune.py", f"--storage=sqlite:///{path}"],
        ["tune.py", f"--storage=sqlite+pysqlite:///{path}?timeout=10"],
        ["tune.py", "--db", "study.db"],
        ["tune.py", "storage.path=study.db"],
    ]
    for argv in ways:
        (found,) = reader.find_storage(argv, tmp_path, started_at=1000.0)
        assert (found.kind, found.path, found.source) == ("sqlite", path, "argv"), argv
    (found,) = reader.find_storage([], tmp_path, "Using storage 'sqlite:///study.db'", started_at=1000.0)
    assert found.source == "log"
    (found,) = reader.find_storage(
        [], tmp_path, started_at=1000.0, env={"OPTUNA_STORAGE": "sqlite:///study.db"}
    )
    assert found.path == path


def test_a_file_that_the_run_did_not_touch_is_not_its_study(tmp_path: Path) -> None:
    make_study(storage_of("sqlite", tmp_path), trials=1)
    os.utime(tmp_path / "study.db", (1, 1))
    assert reader.find_storage(["python", "tune.py"], tmp_path, started_at=1000.0) == []


def test_other_files_are_passed_over(tmp_path: Path) -> None:
    make_study(storage_of("sqlite", tmp_path), trials=1)
    other = sqlite3.connect(tmp_path / "mlflow.db")
    other.execute("create table runs (id)")
    other.commit()
    other.close()
    (tmp_path / "train.log").write_text("Epoch 1/3\n")
    (tmp_path / "broken.db").write_bytes(b"SQLite format 3\x00" + b"\x01" * 200)
    (tmp_path / "folder.db").mkdir()
    (tmp_path / "gone.db").symlink_to(tmp_path / "nowhere")
    assert [s.path.name for s in reader.find_storage([], tmp_path)] == ["study.db"]


def test_what_is_no_study_is_refused_in_one_sentence(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    sqlite3.connect(other).execute("create table runs (id)").connection.close()
    log = tmp_path / "other.log"
    log.write_text("Epoch 1/3\n")
    for storage in (reader.Storage("sqlite", other, "file"), reader.Storage("journal", log, "file")):
        with pytest.raises(Unreadable, match="no Optuna"):
            reader.read(storage)
    with pytest.raises(Unreadable):
        reader.read(reader.Storage("sqlite", tmp_path / "missing.db", "argv"))
    assert reader.find_studies([], tmp_path / "no such folder") == []


def test_reading_needs_nothing_but_the_standard_library() -> None:
    heavy = "[m for m in ('optuna', 'sqlalchemy', 'numpy') if m in sys.modules]"
    code = f"import sys, overnight.readers.optuna; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# ---------------------------------------------------------------- arithmetic


@pytest.mark.parametrize(
    ("extent", "value", "edge"),
    [
        (Range(0.0, 1.0), "0.5", None),
        (Range(0.0, 1.0), "0.99", "high"),
        (Range(0.0, 1.0), "0", "low"),
        (Range(1e-6, 1.0, log=True), "1e-3", None),
        (Range(1e-6, 1.0, log=True), "1.1e-6", "low"),
        (Range(choices=("a", "b")), "a", None),
        (Range(1.0, 1.0), "1", None),
        (Range(0.0, 1.0), "adam", None),
    ],
)
def test_the_end_of_a_range(extent: Range, value: str, edge: str | None) -> None:
    assert extent.edge(value) == edge


def test_equal_bests_are_the_earlier_one() -> None:
    trials = (Trial(0, "complete", (2.0,)), Trial(1, "complete", (1.0,)), Trial(2, "complete", (1.0,)))
    best = Study("s", ("minimize",), trials, "x").best()
    assert best is not None
    assert best.number == 1
