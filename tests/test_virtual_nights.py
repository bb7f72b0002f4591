"""A night in virtual time is the night that a watchman would have had."""

import lzma
import os
import time
from pathlib import Path
from typing import Any

import pytest

from overnight import app, catalog
from overnight.core.model import Answer, Event, StopRequest
from overnight.core.replay import replay, simulate
from overnight.core.watch import Watch
from overnight.errors import OvernightError
from overnight.store.rundir import RunDir
from overnight.testing import Recording, VirtualNight
from overnight.watchman.start import ensure_if_needed, watchman_pid

HEAD = {"argv": ["python", "fit.py"], "cwd": "/", "name": "fit"}
STOPPED = {"after_s": 2.0, "signal": 2, "log": "KeyboardInterrupt\n"}


def recorded(*rows: dict[str, Any], end: Any = None, end_t: float = 3010.0, **head: Any) -> Recording:
    epochs = [{"t": n * 29.9, "log": f"Epoch {n}/100 - loss: {1 / n:.4f}\n"} for n in range(1, 101)]
    timed = sorted([*epochs, *rows], key=lambda row: row["t"])
    return Recording.of([{**HEAD, **head}, *timed, {"t": end_t, "end": end or {"code": 0}}])


WARNED = {"t": 200.0, "log": "ConvergenceWarning: lbfgs failed to converge\n"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OVERNIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OVERNIGHT_CONFIG", str(tmp_path / "config.toml"))
    return tmp_path / "home"


def kinds(run: RunDir, *wanted: str) -> list[Event]:
    return [event for event in run.events()[0] if not wanted or event.kind in wanted]


def test_what_is_recorded_is_what_the_watch_decides_at_those_moments(home: Path) -> None:
    recording = recorded(end={"code": 1}, end_t=3010.5)
    with VirtualNight(home, recording) as night:
        night.advance(float("inf"))
        assert night.over
    watch = Watch(night.run.spec(), catalog.load(), host="virtual")
    pieces = [(piece.t, piece.data) for piece in recording.pieces]
    expected = simulate(watch, pieces, recording.end, 3010.5)
    assert [(e.t, e.kind, e.key) for e in kinds(night.run)] == [(e.t, e.kind, e.key) for e in expected]
    assert Path(night.run.log_path).read_bytes() == b"".join(data for _t, data in pieces)


def test_the_folder_is_a_real_one(home: Path) -> None:
    """The same status is worked out from it, and whoever looks at it finds a run that is watched and over."""
    sample = {"t": 600.0, "sample": {"rss_bytes": 1 << 30, "cpu_percent": 90.0}}
    with VirtualNight(home, recorded(sample), report=True) as night:
        night.advance(1500.0)
        assert not ensure_if_needed(str(home))
        assert watchman_pid(str(home)) == os.getpid()
        seen = app.status(night.run.id)
        assert (seen.state, seen.elapsed_s, seen.progress[0].current) == ("running", 1496.0, 50)
        night.advance(float("inf"))
    status = app.status(night.run.id)
    assert status.state == "succeeded"
    assert status.sample is not None
    assert status.report is not None
    assert Path(status.report).exists()
    known, log = kinds(night.run), Path(night.run.log_path).read_bytes()
    again = replay(night.run.spec(), known, [log], catalog.load()).status(status.elapsed_s)
    for fact in (
        "state",
        "exit_code",
        "phase",
        "verdict",
        "best",
        "metrics",
        "problems",
        "check_ins",
        "sample",
        "report",
    ):
        assert getattr(again, fact) == getattr(status, fact)
    assert watchman_pid(str(home)) is None
    assert app.list_runs()[0].run == night.run.id


def test_an_answer_is_taken_as_a_watchman_takes_it(home: Path) -> None:
    with VirtualNight(home, recorded(WARNED)) as night:
        night.advance(float("inf"), lambda: night.run.open_question() is not None)
        assert night.t == 390.0
        assert app.answer(night.run.id, "continue", "ada") is None
        night.advance(float("inf"))
        (answer,) = kinds(night.run, "answer")
        assert (answer.t, answer.data["by"]) == (390.0, "ada")
        assert len(kinds(night.run, "question")) == 1


@pytest.mark.parametrize("choice", ["stop", "fix"])
def test_a_command_that_is_to_end_ends_as_recorded(home: Path, choice: Any) -> None:
    with VirtualNight(home, recorded(WARNED, stopped=STOPPED)) as night:
        night.advance(float("inf"), lambda: night.run.open_question() is not None)
        question = night.run.open_question()
        assert question is not None
        night.run.answer(Answer(question=question.id, choice=choice, by="ada", at=time.time()))
        night.advance(float("inf"))
        assert night.t == 392.0
        end = night.run.exit()
    assert end is not None
    assert (end.code, end.signal) == (None, 2)
    assert app.status(night.run.id).state == "stopped"
    assert Path(night.run.log_path).read_text().endswith("KeyboardInterrupt\n")


def test_a_certain_error_interrupts(home: Path) -> None:
    fatal = {"t": 500.0, "log": "RuntimeError: CUDA error: device-side assert triggered\n"}
    with VirtualNight(home, recorded(fatal)) as night:
        night.advance(float("inf"))
        assert night.t == 501.0
    assert [event.kind for event in kinds(night.run, "interrupt", "ended")] == ["interrupt", "ended"]
    assert app.status(night.run.id).state == "failed"


def test_a_stop_request_is_taken(home: Path) -> None:
    with VirtualNight(home, recorded()) as night:
        night.advance(100.0)
        night.run.request_stop(StopRequest(by="ada", at=0.0, reason="enough"))
        night.advance(float("inf"))
        assert night.t == 101.0
    assert app.status(night.run.id).state == "stopped"


def test_time_stands_still_at_what_is_waited_for_and_goes_no_further_than_told(home: Path) -> None:
    with VirtualNight(home, recorded()) as night:
        night.advance(95.0)
        assert night.t == 95.0
        night.advance(95.0, lambda: True)
        night.advance(10.0)
        assert night.t == 95.0
        asked: list[float] = []

        def third() -> bool:
            asked.append(night.t)
            return len(kinds(night.run, "check_in")) == 3

        night.advance(1000.0, third)
        assert (asked[0], night.t) == (95.0, 390.0)


def test_a_home_has_one_watchman(home: Path) -> None:
    with VirtualNight(home, recorded()), pytest.raises(OvernightError, match="watchman"):
        VirtualNight(home, recorded())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "{}",
        '{"argv": ["a"], "cwd": "/"}\n{"t": 1, "log": "x"}',
        '{"t": 1, "end": {"code": "x"}}',
        "[1]\n[2]",
    ],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "recording.jsonl"
    path.write_text(text)
    with pytest.raises(ValueError):
        Recording.read(path)


def test_a_recording_may_be_compressed_or_not(tmp_path: Path) -> None:
    head = b'{"argv": ["a"], "cwd": "/", "answers": ["stop"]}\n'
    rows = head + b'{"t": 1, "log": "\xc3\xa9"}\n{"t": 2, "end": {"code": 3}}\n'
    (tmp_path / "plain").write_bytes(rows)
    (tmp_path / "xz").write_bytes(lzma.compress(rows))
    plain, compressed = Recording.read(tmp_path / "plain"), Recording.read(tmp_path / "xz")
    assert plain == compressed
    assert plain.pieces[0].data == "é".encode()
    assert (plain.ended_t, plain.end.code, plain.answers) == (2, 3, ["stop"])
