"""`overnight wait A B`: the first that needs somebody, told once, whatever happens to the watchman meanwhile."""

import json
import subprocess
import sys
import time

import pytest
from night import Nights

from overnight import app
from overnight.errors import NoSuchRun, UsageError, WaitTooLong

pytestmark = pytest.mark.system
TROUBLE = ("ConvergenceWarning: lbfgs failed to converge", "Epoch 4/100 - loss: 0.5")
FOR_EVER = ("tail", "-f", "/dev/null")


def waiting(*words: str) -> "subprocess.Popen[str]":
    call = [sys.executable, "-m", "overnight", "wait", *words]
    return subprocess.Popen(call, stdout=subprocess.PIPE, text=True)


@pytest.mark.rule("W2.5")
def test_the_first_that_needs_somebody_ends_the_wait_and_is_named(nights: Nights) -> None:
    quiet, puppet = nights.start(*FOR_EVER), nights.puppet()
    waiter = waiting(quiet.id, puppet.night.id, "--until", "attention")
    puppet.say(*TROUBLE)
    out, _ = waiter.communicate(timeout=60)
    assert waiter.returncode == 4
    assert out.startswith(puppet.night.id)
    assert f"overnight answer {puppet.night.id} fix|continue|stop" in out
    assert quiet.id not in out
    puppet.end()


@pytest.mark.rule("W0.2")
def test_it_outlives_the_watchman(nights: Nights) -> None:
    quiet, puppet = nights.start(*FOR_EVER), nights.puppet()
    waiter = waiting(quiet.id, puppet.night.id, "--until", "attention", "--json")
    puppet.night.until("started")
    quiet.until("started")
    nights.kill_watchman()
    puppet.end(3)
    out, _ = waiter.communicate(timeout=60)
    assert waiter.returncode == 1
    (row,) = json.loads(out)
    assert (row["run"], row["exit_code"]) == (puppet.night.id, 3)


@pytest.mark.rule("W5.2")
def test_a_chain_of_waits_comes_to_every_end_once(nights: Nights) -> None:
    found = [nights.start("sh", "-c", f"exit {code}") for code in (0, 3)]
    names = [night.id for night in found]
    for night in found:
        night.closed()
    told = [app.wait_for_first(names, 60, "attention", "me") for _ in names]
    assert [[result.status.run for result in results] for results in told] == [[name] for name in names]
    again = app.wait_for_first(names, 60, "attention", "me")
    assert [(result.status.run, result.exit_status) for result in again] == [(names[0], 0), (names[1], 1)]


def test_a_quiet_wait_tells_each_after_its_time(nights: Nights) -> None:
    names = [nights.start(*FOR_EVER, schedule=(300.0,)).id for _ in range(2)]
    app.wait_for_first(names, 0, "check-in", "me")
    began = time.monotonic()
    results = app.wait_for_first([*names, names[0]], 1.0, "check-in", "me")
    assert 1.0 <= time.monotonic() - began < 5
    assert [result.status.run for result in results] == names
    assert {result.exit_status for result in results} == {3}


def test_what_cannot_be_waited_for_is_refused(nights: Nights) -> None:
    one = nights.start(*FOR_EVER).id
    with pytest.raises(WaitTooLong):
        app.wait_for_first([one, one], 301)
    with pytest.raises(UsageError):
        app.wait_for_first([one, one], 1, "morning")
    with pytest.raises(NoSuchRun):
        app.wait_for_first([one, "nope"], 1)


def test_without_a_run_it_is_the_newest_one(nights: Nights) -> None:
    nights.start(*FOR_EVER)
    newest = nights.start("sh", "-c", "exit 3")
    waiter = waiting("--until", "end")
    out, _ = waiter.communicate(timeout=60)
    assert (waiter.returncode, out.split()[0]) == (1, newest.id)
