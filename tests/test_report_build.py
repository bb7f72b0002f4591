"""From a run directory on disk to its report: the log, the recorded events and the study itself."""

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import optuna
import pytest
import report_nights as nights

from overnight import catalog
from overnight.core.model import Event, Exit, Sample, Spec, Start, StopRequest
from overnight.core.replay import simulate
from overnight.core.watch import Watch
from overnight.report.build import ResultsError, build, read
from overnight.store.rundir import RunDir

SCRIPT = """
import optuna
sampler = optuna.samplers.TPESampler(seed=4)
study = optuna.create_study(storage="sqlite:///study.db", study_name="demo", sampler=sampler)

def objective(trial):
    x = trial.suggest_float("x", -10, 10)
    if trial.number == 5:
        raise ValueError("boom")
    trial.report(abs(x), 0)
    if trial.number % 7 == 6:
        raise optuna.TrialPruned
    return (x - 2) ** 2 + 0.1

study.optimize(objective, n_trials=40, catch=(ValueError,))
"""
Night = Callable[..., RunDir]


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A folder in which a real study ran, and what it wrote to its log."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "tune.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "tune.py"], cwd=folder, capture_output=True, check=True)
    return folder, done.stdout + done.stderr


@pytest.fixture
def night(tmp_path: Path) -> Night:
    """A run directory as a night leaves it, lived in virtual time: one line every ten seconds."""

    def live(log: bytes, exit_: Exit, cwd: Path, **over: Any) -> RunDir:
        folder = tmp_path / "runs" / "k3f9"
        folder.mkdir(parents=True)
        facts: dict[str, Any] = {"run": "k3f9", "argv": ["python", "tune.py"], "cwd": str(cwd), "token": "t",
                                 "created_at": nights.START, "name": "night"}  # fmt: skip
        spec = Spec(**(facts | over))
        start = Start(pid=1, ticks=1, boot_id="b", keepers=[], at=nights.START, boottime=0.0)
        for name, record in (("spec", spec), ("start", start), ("exit", exit_)):
            (folder / f"{name}.json").write_bytes(msgspec.json.encode(record))
        (folder / "output.log").write_bytes(log)
        run_dir = RunDir(folder)
        run_dir.append(events_of(spec, log, exit_))
        return run_dir

    return live


def events_of(spec: Spec, log: bytes, exit_: Exit) -> list[Event]:
    watch = Watch(spec, catalog.load())
    lines = log.splitlines(keepends=True)
    recording = [(10.0 * (i + 1), line) for i, line in enumerate(lines)]
    events = simulate(watch, recording, exit_, 10.0 * len(lines) + 5)
    samples = [Sample(t=60.0 * i, cpu_percent=90.0, rss_bytes=10**9 + i) for i in range(1, len(lines) // 6)]
    events += [Event(t=s.t, kind="sample", key=f"sample:{s.t}", data=msgspec.to_builtins(s)) for s in samples]
    return sorted(events, key=lambda e: (e.t, e.offset))


OK = Exit(code=0, by="inner", at=nights.START + 500, user_s=12.0, system_s=1.0, max_rss_bytes=10**9)


@pytest.mark.system
@pytest.mark.rule("W3.5")
def test_the_results_are_those_of_the_study_itself(studied: tuple[Path, bytes], night: Night) -> None:
    folder, log = studied
    truth = optuna.load_study(study_name="demo", storage=f"sqlite:///{folder / 'study.db'}")
    run_dir = night(log, OK, folder)
    view = read(run_dir)
    assert view.params == {"x": str(truth.best_params["x"])}
    assert [(p.number, p.state == "pruned") for p in view.trials] == [
        (t.number, t.state.name == "PRUNED") for t in truth.trials
    ]
    assert view.states["failed"] == 1
    assert view.outer is not None
    assert view.outer.current == 40
    assert view.study.storage.endswith("study.db")
    paths = build(run_dir, lang="en")
    for path in (paths.md, paths.html):
        text = path.read_text()
        assert f"{truth.best_value:.5g}" in text
        assert f"trial {truth.best_trial.number}" in text
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    page = paths.html.read_text()
    assert page.count("<figure") == 4
    assert len(page.encode()) < 500_000


@pytest.mark.system
def test_without_the_storage_the_log_is_enough(
    studied: tuple[Path, bytes], night: Night, tmp_path: Path
) -> None:
    _folder, log = studied
    empty = tmp_path / "empty"
    empty.mkdir()
    view = read(night(log, OK, empty))
    assert view.direction == "minimize"
    assert len([p for p in view.trials if p.state == "complete"]) == 34
    assert view.states["pruned"] == 5
    assert "Read from the log." in build(RunDir(tmp_path / "runs" / "k3f9"), lang="en").md.read_text()


def test_a_storage_that_cannot_be_read_is_said(night: Night, tmp_path: Path) -> None:
    (tmp_path / "study.db").write_bytes(b"SQLite format 3\x00" + b"\x00" * 4096)
    (tmp_path / "study.log").write_bytes(b'{"op_code":')
    run_dir = night(b"hello\n", OK, tmp_path)
    os.utime(tmp_path / "study.log", (nights.START + 9, nights.START + 9))
    assert "no operation in it" in build(run_dir, lang="en").md.read_text()


TRACEBACK = b"""Epoch 1/3
Epoch 2/3
Traceback (most recent call last):
  File "train.py", line 3, in <module>
    main()
TypeError: unsupported operand type(s) for +: 'int' and 'str'
"""


@pytest.mark.rule("W3.4")
def test_a_failure_is_reported_with_its_cause_and_evidence(night: Night, tmp_path: Path) -> None:
    text = build(night(TRACEBACK, Exit(code=1, by="inner"), tmp_path), lang="en").md.read_text()
    assert text.startswith("# ✗ night\n\n**Died after")
    assert "TypeError: unsupported operand" in text.splitlines()[2].replace("\\", "")
    assert "Exit code 1, recorded by its keeper" in text
    assert "`overnight relaunch k3f9`" in text
    assert 'File "train.py", line 3, in <module>' in text


def test_a_report_can_be_made_while_the_run_lives(night: Night, tmp_path: Path) -> None:
    run_dir = night(TRACEBACK, OK, tmp_path)
    (tmp_path / "runs" / "k3f9" / "exit.json").unlink()
    events = [e for e, _ in zip(run_dir.events()[0], range(2), strict=False)]
    (tmp_path / "runs" / "k3f9" / "events.jsonl").write_bytes(
        b"".join(msgspec.json.encode(e) + b"\n" for e in events)
    )
    text = build(run_dir, lang="en").md.read_text()
    assert "Still running after" in text
    assert "2/3 epochs" in text


def test_the_results_file_is_updated_beside_the_run(night: Night, tmp_path: Path) -> None:
    (tmp_path / "RESULTS.md").write_text("# Mine\n")
    run_dir = night(TRACEBACK, Exit(code=1, by="inner"), tmp_path)
    for _ in range(2):
        paths = build(run_dir, lang="en", results=Path("RESULTS.md"))
    assert paths.results == tmp_path / "RESULTS.md"
    text = (tmp_path / "RESULTS.md").read_text()
    assert text.startswith("# Mine\n\n<!-- overnight:begin k3f9 -->\n")
    assert text.count("overnight:begin k3f9") == 1
    assert "Died after" in text


@pytest.mark.system
def test_a_results_file_that_cannot_be_written_costs_no_report(night: Night, tmp_path: Path) -> None:
    run_dir = night(TRACEBACK, Exit(code=1, by="inner"), tmp_path, results="nowhere/RESULTS.md")
    with pytest.raises(ResultsError, match="could not be updated: No such file") as caught:
        build(run_dir, lang="en", results=Path("nowhere/RESULTS.md"))
    assert caught.value.code == "results_unwritable"
    command = [sys.executable, "-m", "overnight.report", str(run_dir.path)]
    done = subprocess.run(command, capture_output=True, text=True, env=nights.ENVIRONMENT, check=True)
    said = json.loads(done.stdout)
    assert Path(said["html"]).exists()
    assert "could not be updated" in said["problem"]


@pytest.mark.system
def test_it_runs_as_a_process_of_its_own(night: Night, tmp_path: Path) -> None:
    run_dir = night(TRACEBACK, Exit(code=1, by="inner"), tmp_path, results="RESULTS.md")
    command = [sys.executable, "-m", "overnight.report", str(run_dir.path)]
    done = subprocess.run(
        [*command, "--lang", "fr"], capture_output=True, text=True, env=nights.ENVIRONMENT, check=True
    )
    paths = json.loads(done.stdout)
    assert Path(paths["results"]) == tmp_path / "RESULTS.md"
    assert "Mort après" in Path(paths["html"]).read_text()
    shutil.rmtree(tmp_path / "runs")
    lost = subprocess.run(command, capture_output=True, text=True, env=nights.ENVIRONMENT, check=False)
    assert lost.returncode != 0
    assert len(lost.stderr.splitlines()) == 1


@pytest.mark.system
def test_git_is_asked_and_left_alone(night: Night, tmp_path: Path) -> None:
    lab = tmp_path / "lab"
    lab.mkdir()
    git = ["git", "-c", "user.name=ada", "-c", "user.email=ada@lab", "-C", str(lab)]
    (lab / "train.py").write_text("1\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], check=True)
    (lab / "train.py").write_text("2\n")
    before = {p: p.stat().st_mtime_ns for p in (lab / ".git").rglob("*")}
    made = read(night(b"hello\n", OK, lab, argv=["sh", "-c", "true"])).provenance
    head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout
    assert head.startswith(made.commit)
    assert made.changes == 1
    assert made.program.endswith("/sh")
    assert {p: p.stat().st_mtime_ns for p in (lab / ".git").rglob("*")} == before


def test_a_person_who_stopped_it_is_named(night: Night, tmp_path: Path) -> None:
    run_dir = night(b"Epoch 1/3\n", Exit(signal=2, by="inner"), tmp_path)
    events, _ = run_dir.events()
    stop = StopRequest(by="ada", at=nights.START, reason="enough")
    kept = [e for e in events if e.kind not in ("ended", "notification")]
    last = max(e.t for e in events)
    kept.append(Event(t=last, kind="stop", key="stop", offset=10, data=msgspec.to_builtins(stop)))
    ended = {"state": "stopped", "exit": msgspec.to_builtins(Exit(signal=2, by="inner"))}
    kept.append(Event(t=last, kind="ended", key="ended", offset=10, data=ended))
    path = Path(run_dir.path) / "events.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(e) + b"\n" for e in kept))
    assert "Stopped after" in build(run_dir, lang="en").md.read_text()
    assert read(run_dir).stopped_by == "ada"
