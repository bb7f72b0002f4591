"""The command line as a script calls it: ids, exit codes, one sentence for each kind of bad input."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

OVERNIGHT = [sys.executable, "-m", "overnight"]


@pytest.fixture
def call(tmp_path: Path):
    """Call `overnight` with a home of its own; whatever still runs is stopped at the end."""
    env = os.environ | {"OVERNIGHT_HOME": str(tmp_path / "home"), "NO_COLOR": "1"}

    def caller(*words: str, **more) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*OVERNIGHT, *words], env=env, capture_output=True, text=True, timeout=60, check=False, **more
        )

    yield caller
    for status in json.loads(caller("ls", "--state", "running", "--json").stdout or "[]"):
        caller("stop", status["run"])


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """What was said of an error: one line, no traceback."""
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().count("\n") == 0
    assert done.stderr.startswith("overnight: ")
    return done.stderr


@pytest.mark.rule("W1.2")
def test_a_short_command_gives_its_result_and_its_exit_code(call) -> None:
    done = call("run", "--", "sh", "-c", "echo hello; exit 3")
    assert done.returncode == 3
    assert "exit code 3" in done.stdout


@pytest.mark.rule("W1.2")
def test_a_long_command_gives_its_id_after_the_early_wait(call) -> None:
    done = call("run", "--early-wait", "0.5", "--json", "--", "sleep", "60")
    facts = json.loads(done.stdout)
    assert done.returncode == 0
    assert facts["state"] == "running"
    assert facts["run"] in facts["next"]


def test_a_killed_command_ends_the_call_as_a_shell_would(call) -> None:
    assert call("run", "--", "sh", "-c", "kill -9 $$").returncode == 137


@pytest.mark.rule("W5.1")
def test_a_wait_for_a_check_in_over_300_s_is_refused(call) -> None:
    call("run", "-d", "--", "sleep", "60")
    done = call("wait", "last", "--timeout", "301", "--until", "check-in")
    assert done.returncode == 2
    assert "300" in sentence(done)


@pytest.mark.rule("W1.1")
def test_nohup_and_an_ampersand_are_explained(call) -> None:
    for words in (["nohup", "true"], ["sh", "-c", "true &"]):
        done = call("run", "--", *words)
        assert done.returncode == 0
        assert "not need" in done.stderr or "needs no" in done.stderr or "nohup" in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("words", "code", "status"),
    [
        (["run", "--", "no-such-program-here"], "command_not_found", 1),
        (["run", "--", "/etc/passwd"], "not_executable", 1),
        (["run", "--cwd", "/no/such/folder", "--", "true"], "bad_cwd", 1),
        (["run", "--schedule", "30,90,301", "--", "true"], "usage", 2),
        (["status", "zzzz"], "no_such_run", 5),
        (["stop", "zzzz"], "no_such_run", 5),
        (["answer", "zzzz", "continue"], "no_such_run", 5),
        (["analyze", "/no/such/log"], "unreadable", 1),
    ],
)
def test_bad_input_is_one_sentence_and_a_code(call, words: list[str], code: str, status: int) -> None:
    done = call(*words)
    assert done.returncode == status
    sentence(done)
    at = words.index("--") if "--" in words else len(words)
    asked = call(*words[:at], "--json", *words[at:])
    assert asked.returncode == status
    assert json.loads(asked.stdout or asked.stderr)["error"]["code"] == code


def test_an_answer_to_nothing_and_a_second_stop_are_refused(call) -> None:
    call("run", "-d", "--name", "quiet", "--", "sleep", "60")
    assert "asks nothing" in sentence(call("answer", "quiet", "continue"))
    assert call("stop", "quiet").returncode == 0
    assert call("stop", "quiet").returncode == 1
    assert json.loads(call("status", "quiet", "--json").stdout)["state"] == "stopped"


def test_a_home_that_cannot_be_used_is_one_sentence(call, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    assert call("run", "-d", "--", "true").returncode == 1
    (tmp_path / "home").unlink()


def test_a_log_without_a_newline_is_analysed(call, tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_bytes(b"Epoch 3/3")
    assert "success" in call("analyze", str(log)).stdout


def test_logs_follow_to_the_end_and_give_the_bytes_as_they_were(call) -> None:
    call("run", "-d", "--", "sh", "-c", "printf 'a\\033[31mb\\n'; sleep 0.5; echo last")
    assert call("logs", "last", "--raw", "--follow").stdout == "a\x1b[31mb\nlast\n"
    assert "\x1b" not in call("logs", "last").stdout
