"""A status as people see it: the page, the live view, the lines of a follower."""

import io
import time
from typing import Any

import pytest
from msgspec.structs import replace
from rich.console import Console

from overnight.core.model import Best, Problem, Progress, Question, Record, Sample, Status
from overnight.surfaces.cli import live, out
from overnight.surfaces.cli.facts import facts, headline, state_words
from overnight.surfaces.cli.news import news

WARNING = Problem(
    signature="lightgbm.no_gain", cls="no_gain", severity="minor", count=12, first_line=812, last_line=900,
    text="No further splits with positive gain", cause="the trees are done", advice="Lower min_data_in_leaf.",
)  # fmt: skip
FATAL = Problem(
    signature="gpu.oom", cls="gpu_oom", severity="critical", count=1, first_line=1200, last_line=1200,
    text="CUDA out of memory", cause="the GPU is full", advice="Halve the batch size.",
)  # fmt: skip
BEST = Best(name="value", value=0.98181, at="trial 37", direction="maximize")


def a_status(**changes: Any) -> Status:
    fields: dict[str, Any] = {
        "run": "k3f9", "name": "sweep-A", "state": "running", "exit_code": None, "signal": None, "phase": "cruise",
        "verdict": "ok", "elapsed_s": 742.0, "best": BEST, "metrics": {"value": 0.97, "val_loss": 0.123456},
        "progress": [Progress(unit="trial", current=43, total=100, percent=43, rate_per_s=0.055, eta_s=1080)],
        "problems": [], "question": None, "next_check_in_s": 130.0, "log": "/home/me/runs/k3f9/output.log",
        "command": ["python", "tune.py"], "trials": {"complete": 40, "pruned": 3},
        "sample": Sample(t=1, cpu_percent=187, rss_bytes=1_234_000_000, processes=5),
    }  # fmt: skip
    return Status(**{**fields, **changes})


def paused() -> Status:
    asked = Question(id="q", t=3, problems=[WARNING])
    return a_status(verdict="minor", phase="paused", question=asked, problems=[WARNING], next_check_in_s=None)


def drawn(status: Status, width: int = 80, last: str = "Trial 43 finished") -> str:
    console = Console(file=io.StringIO(), width=width, markup=False, emoji=False, highlight=False)
    console.print(live.view(status, [last], width, "Ctrl-C leaves it running"))
    return console.file.getvalue()


@pytest.mark.parametrize("width", [30, 50, 80, 120, 200])
@pytest.mark.parametrize("status", [a_status(), paused(), a_status(problems=[FATAL, WARNING])])
def test_the_live_view_fits_every_width_and_keeps_what_matters(status: Status, width: int) -> None:
    picture = drawn(status, width)
    assert max(len(line) for line in picture.splitlines()) <= width
    assert "k3f9" in picture
    assert state_words(status) in " ".join(picture.split())
    for problem in status.problems:
        assert problem.signature in picture


def test_the_live_view_shows_what_a_watcher_wants_to_know() -> None:
    picture = drawn(a_status())
    wanted = [
        "43/100", "43 %", "ETA 18 min", "3.3/min", "0.98181 at trial 37", "40 complete · 3 pruned", "cpu 187 %",
        "memory 1.23 GB", "5 processes", "check-in in 2 min 10", "Trial 43 finished", "━",
    ]  # fmt: skip
    assert [words for words in wanted if words not in picture] == []


@pytest.mark.rule("W3.3")
def test_an_open_question_comes_with_the_call_that_answers_it() -> None:
    for text in (drawn(paused()), out.page(headline(paused()), facts(paused()))):
        words = " ".join(text.replace("│", " ").split())
        assert "Fix and relaunch, or continue?" in words
        assert "No further splits" in words
        assert "overnight answer k3f9 fix|continue|stop" in words


def test_text_of_a_run_is_never_acted_upon() -> None:
    hostile = "\x1b[2J\x1b]0;owned\x07[bold red]hi[/] :skull: \u202e"
    status = a_status(
        name=hostile, command=["sh", "-c", hostile], metrics={hostile: 1.0}, note=hostile, log=hostile,
        problems=[replace(FATAL, text=hostile, cause=hostile)],
        best=Best(name=hostile, value=1.0, at=hostile, direction="minimize"),
    )  # fmt: skip
    for text in (drawn(status, 200, last=hostile), out.page(headline(status), facts(status))):
        assert not set(text) & {"\x1b", "\x07", "\u202e"}
        assert "[bold red]hi[/] :skull:" in text
        assert "␛[2J" in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": "succeeded", "exit_code": 0, "verdict": "finished"}, "succeeded"),
        ({"state": "failed", "exit_code": 3, "verdict": "critical"}, "failed (exit code 3)"),
        ({"state": "failed", "exit_code": None, "signal": 9, "verdict": "critical"}, "failed (SIGKILL)"),
        ({"state": "failed", "exit_code": 0, "verdict": "critical"}, "failed (exit code 0)"),
        ({"state": "stopped", "signal": 2, "verdict": "finished"}, "stopped (SIGINT)"),
        ({"state": "lost", "verdict": "critical"}, "lost (exit code unknown)"),
    ],
)
def test_the_end_is_said_with_what_is_known_of_it(changes: dict[str, Any], words: str) -> None:
    assert state_words(a_status(phase="ended", **changes)) == words


def test_clocks_move_on_between_writes_and_stop_at_the_end() -> None:
    now = time.time()
    running = live.at(a_status(updated_at=now - 60), now)
    assert (running.elapsed_s, running.next_check_in_s) == (pytest.approx(802), pytest.approx(70))
    overdue = live.at(a_status(updated_at=now - 600), now)
    assert overdue.next_check_in_s == 0
    over = a_status(updated_at=now - 60, state="succeeded", exit_code=0, phase="ended")
    assert live.at(over, now) == over


@pytest.mark.rule("W4.1")
def test_a_follower_of_lines_hears_nothing_while_nothing_is_new() -> None:
    status = a_status(check_ins=1)
    assert len(news(None, status)) == 1
    assert news(status, a_status(check_ins=1, elapsed_s=800.0)) == []
    assert len(news(status, a_status(check_ins=2))) == 1


def test_a_follower_of_lines_hears_of_each_thing_once() -> None:
    quiet, record = a_status(), a_status(records=[Record(best=BEST, previous=0.9, gain=0.09, t=10)])
    assert any("record" in line and "trial 37" in line for line in news(quiet, record))
    assert any("CUDA out of memory" in line for line in news(quiet, a_status(problems=[FATAL])))
    assert news(a_status(problems=[FATAL]), a_status(problems=[FATAL])) == []
    assert any("overnight answer k3f9" in line for line in news(quiet, paused()))
    assert news(paused(), paused()) == []
    assert any("failed" in line for line in news(quiet, a_status(state="failed", exit_code=1)))


def test_a_page_for_a_program_is_not_wrapped_and_has_one_label_per_fact() -> None:
    page = out.page(headline(a_status()), facts(a_status())).splitlines()
    assert page[0] == "k3f9 sweep-A · running, all well · 12 min"
    assert "  progress  trial 43/100 (43 %), ETA 18 min" in page
    assert "  log       /home/me/runs/k3f9/output.log" in page


def test_a_table_has_straight_columns() -> None:
    assert out.table(("A", "BB"), [("x", "1"), ("漢字", "2")]).splitlines() == [
        "A     BB",
        "x     1",
        "漢字  2",
    ]
