"""A watch that is killed goes on where it was, whoever holds the place: the line, or a reader's name."""

import asyncio
import json
import shutil
import subprocess
import sys
from contextlib import aclosing
from typing import Any

import pytest
from night import Nights, Puppet

from overnight import app
from overnight.core.model import Event
from overnight.store.rundir import RunDir

pytestmark = pytest.mark.system
TROUBLE = ("ConvergenceWarning: lbfgs failed to converge", "Epoch 4/100 - loss: 0.5")


class Watching:
    """`overnight watch --jsonl`, line by line."""

    def __init__(self, *arguments: str) -> None:
        call = [sys.executable, "-m", "overnight", "watch", "--jsonl", *arguments]
        self.process = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def until(self, event: str, run: str) -> dict[str, Any]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            row: dict[str, Any] = json.loads(line)
            if (row["event"], row["run"]) == (event, run):
                return row
        raise AssertionError(f"it ended without {event} of {run}")

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def rest(self) -> list[dict[str, Any]]:
        out, _ = self.process.communicate(timeout=60)
        return [json.loads(line) for line in out.splitlines()]


def paused(nights: Nights) -> Puppet:
    puppet = nights.puppet()
    puppet.say(*TROUBLE)
    puppet.night.until("question")
    return puppet


@pytest.mark.rule("W5.2")
def test_a_reader_is_told_once_over_any_number_of_watches(nights: Nights) -> None:
    puppet = nights.puppet()
    run = puppet.night.id
    first = Watching(run, "--reader", "claude")
    first.until("state", run)
    puppet.say(*TROUBLE)
    question = first.until("question", run)
    assert f"overnight answer {run} fix|continue|stop" in question["say"]
    first.kill()
    app.answer(run, "continue", "ada")
    puppet.night.until("answer")
    second = Watching(run, "--reader", "claude")
    second.until("answer", run)
    puppet.end()
    told = [row["event"] for row in second.rest()]
    assert "state" not in told
    assert told.count("ended") == 1
    assert app.wait(run, 0, "check-in", "claude").digest.count("question") == 0


def test_the_place_of_each_line_is_right_after_its_own_event(nights: Nights) -> None:
    """Many events come in one batch: who is killed after the first of them misses none of the others."""
    puppet = paused(nights)
    puppet.end(3)
    puppet.night.closed()
    run = RunDir(puppet.night.folder)

    async def first_line(since: str) -> app.Seen:
        async with aclosing(app.oversee([run.id], since)) as stream:  # type: ignore[type-var]
            async for seen in stream:
                return seen
        raise AssertionError("nothing was seen")

    events, place = list[Event](), "0"
    while not events or events[-1].kind != "ended":
        seen = asyncio.run(first_line(place))
        assert seen.event is not None
        events.append(seen.event)
        place = seen.since
    keys = [event.key for event in run.events()[0]]
    assert [event.key for event in events] == keys[: keys.index("ended") + 1]


def test_a_watch_of_all_runs_tells_the_ends_that_it_was_not_alive_for(nights: Nights) -> None:
    puppet = nights.puppet()
    run = puppet.night.id
    first = Watching("--reader", "claude")
    first.until("state", run)
    first.kill()
    puppet.end()
    puppet.night.closed()
    second = Watching("--reader", "claude")
    assert second.until("ended", run)["exit_code"] == 0
    second.kill()


def test_a_run_that_is_removed_ends_its_watch(nights: Nights) -> None:
    puppet = nights.puppet()
    watching = Watching(puppet.night.id)
    puppet.say(*TROUBLE)
    watching.until("question", puppet.night.id)
    nights.kill_watchman()
    shutil.rmtree(puppet.night.folder)
    assert watching.process.wait(30) == 0
    watching.kill()
    puppet.end()


def test_a_name_that_is_too_long_is_refused_in_a_sentence(nights: Nights) -> None:
    puppet = nights.puppet()
    watching = Watching(puppet.night.id, "--reader", "x" * 500)
    _out, said = watching.process.communicate(timeout=30)
    assert watching.process.returncode == 2
    assert "too long" in said
    assert "Traceback" not in said
    puppet.end()
