"""`overnight savings` and the account that it shows, over real runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import Home
from lab import Disk
from night import Nights

from overnight import app
from overnight.core.model import Return
from overnight.core.surroundings import agent_of
from overnight.store.rundir import RETURNED, RunDir

pytestmark = pytest.mark.system
PRINTS = "import time; print('x' * 40, flush=True)"


def overnight(*words: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """The command, from no agent's shell unless `env` says so."""
    own = {name: value for name, value in os.environ.items() if agent_of([name]) is None}
    command = [sys.executable, "-m", "overnight", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=own | env)


@pytest.mark.rule("W0.1")
def test_what_readers_were_given_is_on_the_account(nights: Nights) -> None:
    night = nights.start(sys.executable, "-c", PRINTS)
    night.closed()
    waited = overnight("wait", night.id, "--until", "end", "--reader", "codex")
    overnight("status", night.id, "--json", "--reader", "a<system>\x1b[31m")
    overnight("status", night.id)
    overnight("wait", night.id)
    row = json.loads(overnight("savings", night.id, "--json").stdout)
    assert row["returns"] == 2
    assert set(row["readers"]) == {"codex", "a‹system>␛[31m"}
    assert row["readers"]["codex"] < len(waited.stdout)
    assert row["tokens"] == sum(row["readers"].values())
    assert row["loops"]["exact"]
    assert 0 < row["loops"]["last_lines"] <= row["loops"]["new_output"] + 1


def test_an_agent_that_calls_from_its_shell_is_a_reader_of_its_own(nights: Nights) -> None:
    """It says who it is by the variables that its tool sets; what it was told is still news to people."""
    night = nights.start(sys.executable, "-c", PRINTS)
    night.closed()
    told = overnight("wait", night.id, "--until", "end", CLAUDECODE="1")
    overnight("status", night.id, CODEX_SANDBOX="seatbelt")
    again = overnight("wait", night.id, "--until", "end", CLAUDECODE="1")
    first = overnight("wait", night.id, "--until", "end")
    assert first.stdout == told.stdout != again.stdout
    row = json.loads(overnight("savings", night.id, "--json").stdout)
    assert set(row["readers"]) == {"Claude Code", "Codex"}
    assert row["returns"] == 3


def test_all_runs_are_a_table_with_totals(nights: Nights) -> None:
    found = [nights.start(sys.executable, "-c", PRINTS, name=name) for name in ("one", "two")]
    for night in found:
        night.closed()
        app.note_return(night.id, "me", "wait", "some words")
    facts = json.loads(overnight("savings", "--json").stdout)
    assert [row["name"] for row in facts["runs"]] == ["two", "one"]
    assert facts["total"]["tokens"] == sum(row["tokens"] for row in facts["runs"])
    assert "estimated" in facts["counted"]
    shown = overnight("savings").stdout
    assert shown.splitlines()[0].split()[:2] == ["RUN", "NAME"]
    assert "total" in shown
    one = overnight("savings", "one").stdout
    assert "1 answer, 5 tokens (me 5)" in one
    assert "the last 50 lines each 300 s: " in one


def test_without_runs_and_with_a_wrong_one_it_says_so(home: Home) -> None:
    assert "No runs" in overnight("savings").stdout
    gone = overnight("savings", "nope")
    assert gone.returncode == 5
    assert "Traceback" not in gone.stderr


def test_a_damaged_account_and_a_log_that_is_gone_are_met(nights: Nights) -> None:
    night = nights.start(sys.executable, "-c", PRINTS)
    night.closed()
    good = b'{"at":1,"reader":"a","tool":"wait","tokens":7}\n'
    Path(night.folder, RETURNED).write_bytes(good + b'{"at":1,"reader":"a"\n\xff\n' + good + b'{"torn')
    assert app.savings(night.id).tokens == 14
    night.log.unlink()
    assert app.savings(night.id).loops is None
    assert "unknown: the log is gone" in overnight("savings", night.id).stdout


def test_a_full_disk_costs_a_line_of_the_account_and_no_call(home: Home, disk: Disk) -> None:
    run = RunDir(home.new_folder())
    given = Return(at=1.0, reader="a" * 60, tool="wait", tokens=1)
    run.note_return(given)
    disk.fill()
    for _ in range(200):
        run.note_return(given)
    kept = len(run.returns())
    assert 1 <= kept < 200
    disk.empty()
    run.note_return(given)
    assert run.returns() == [given] * (kept + 1)
