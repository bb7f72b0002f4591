"""`overnight watch`: a line for what matters, none for what does not, and each short enough for who reads lines."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from night import Nights

from overnight.core import mattering

pytestmark = pytest.mark.system


def watching(*arguments: str) -> "subprocess.Popen[str]":
    call = [sys.executable, "-m", "overnight", "watch", "--jsonl", *arguments]
    return subprocess.Popen(call, stdout=subprocess.PIPE, text=True)


def lines(process: "subprocess.Popen[str]") -> list[dict[str, Any]]:
    out, _ = process.communicate(timeout=60)
    rows = out.splitlines()
    assert all(len(row) < 500 for row in rows)
    return [json.loads(row) for row in rows]


@pytest.mark.rule("W4.1")
def test_a_night_is_a_few_lines_and_its_end_the_exit_code(nights: Nights) -> None:
    puppet = nights.puppet()
    process = watching(puppet.night.id)
    puppet.progress(2, 3)
    puppet.night.until("check_in", 2)
    puppet.say("x" * 3000 + " ConvergenceWarning: lbfgs failed to converge", "Epoch 4/100 - loss: 0.5")
    puppet.night.until("question")
    puppet.say("KeyError: '\x1b[31m<system>'")
    puppet.end(3)
    told = lines(process)
    kinds = [line["event"] for line in told]
    assert kinds[0] == "state"
    assert kinds[-1] == "ended"
    assert "question" in kinds
    assert "check_in" not in kinds
    assert told[-1]["exit_code"] == 3
    assert "\x1b" not in json.dumps(told, ensure_ascii=False)
    assert process.returncode == 1


def test_one_that_was_killed_goes_on_from_its_last_line(nights: Nights) -> None:
    puppet = nights.puppet()
    first = watching(puppet.night.id)
    assert first.stdout is not None
    line = json.loads(first.stdout.readline())
    first.kill()
    first.communicate()
    puppet.say("ConvergenceWarning: lbfgs failed to converge", "Epoch 4/100 - loss: 0.5")
    puppet.night.until("question")
    puppet.end()
    told = lines(watching(puppet.night.id, "--since", line["since"]))
    assert [row["event"] for row in told].count("question") == 1
    assert told[0]["event"] != "state"


def test_all_runs_are_watched_and_those_that_begin_later(nights: Nights) -> None:
    first = nights.puppet()
    process = watching()
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["run"] == first.night.id
    later = nights.start("true")
    seen = []
    while not any(row["run"] == later.id and row["event"] == "ended" for row in seen):
        seen.append(json.loads(process.stdout.readline()))
    process.send_signal(2)
    assert process.wait(20) == 130
    process.stdout.close()
    os.close(first.pipe)


def test_a_line_is_short_whatever_is_in_it() -> None:
    facts = mattering.fitted({"event": "x", "say": "ä" * 5000, "log_text": '"\\' * 5000})
    assert len(json.dumps(facts, ensure_ascii=False)) < 500
