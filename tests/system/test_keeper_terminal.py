"""A pty on request: held by both keepers, copied by one, taken over by the other."""

import os
import sys
from pathlib import Path

import pytest
from helpers import Home, kill, wait_for_end

pytestmark = pytest.mark.system

SAY = "import sys, os; print(sys.stdout.isatty(), os.get_terminal_size(1)); print(repr(sys.stdin.read()))"


def gated(tmp_path: Path) -> tuple[str, str, str]:
    os.mkfifo(tmp_path / "gate")
    return "sh", "-c", f"tty <&1; echo before; read line < {tmp_path}/gate; echo after; exit 6"


def test_the_command_sees_a_terminal_and_the_log_plain_lines(home: Home) -> None:
    run = home.launch(sys.executable, "-c", SAY, pty=True)
    assert run.wait()["code"] == 0
    first, second = run.log.read_bytes().splitlines()
    assert first.startswith(b"True os.terminal_size(columns=")
    assert b"columns=0" not in first
    assert second == b"''"  # nobody types: the end of input at once, no hanging prompt
    assert b"\r" not in run.log.read_bytes()


def test_without_the_request_there_is_none(home: Home) -> None:
    run = home.launch(sys.executable, "-c", "import sys; print(sys.stdout.isatty())")
    run.wait()
    assert run.log.read_text() == "False\n"


@pytest.mark.rule("W0.2")
@pytest.mark.parametrize(("victim", "by"), [("outer", "inner"), ("inner", "outer")])
def test_either_keeper_killed_leaves_the_terminal_up(
    home: Home, tmp_path: Path, victim: str, by: str
) -> None:
    run = home.launch(*gated(tmp_path), pty=True)
    run.said("before")
    kill(run.keepers[victim == "inner"])
    (tmp_path / "gate").write_text("go\n")
    record = run.wait()
    assert (record["code"], record["by"]) == (6, by)
    assert run.log.read_text().splitlines()[1:] == ["before", "after"]


def test_the_last_words_of_a_burst_are_in_the_log_when_the_end_is_on_record(home: Home) -> None:
    run = home.launch("seq", "1", "50000", pty=True)
    run.wait()
    assert run.log.read_text().split() == [str(number) for number in range(1, 50001)]


def test_an_endless_writer_left_behind_does_not_hide_the_end(home: Home) -> None:
    run = home.launch("sh", "-c", "trap '' HUP; yes & exit 3", pty=True)
    assert run.wait()["code"] == 3


def test_an_orphan_on_the_terminal_is_heard_by_the_outer_keeper(home: Home, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gate")
    script = f"trap '' HUP; (read line < {tmp_path}/gate; echo late) & exit 3"
    run = home.launch("sh", "-c", script, pty=True)
    assert run.wait()["code"] == 3
    (tmp_path / "gate").write_text("go\n")
    run.said("late")
    wait_for_end(run.keepers[0])
