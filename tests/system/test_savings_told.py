"""The account of what agents were answered."""

import asyncio
import json
import subprocess
import sys

import pytest
from agents import agent
from night import Nights

pytestmark = pytest.mark.system


@pytest.mark.rule("W0.1")
def test_what_an_agent_was_answered_is_counted_beside_the_loops(nights: Nights) -> None:
    night = nights.program("training", "30")
    night.closed()

    async def call() -> None:
        async with agent("auto") as client:
            for _ in range(3):
                await client.call_tool("command_status", {"command_id": night.id})

    asyncio.run(call())
    ours = [sys.executable, "-m", "overnight"]
    told = subprocess.run([*ours, "wait", night.id], capture_output=True, text=True, check=False)
    assert told.returncode == 0
    found = json.loads(subprocess.run([*ours, "savings", "--json"], capture_output=True, check=True).stdout)
    (saved,) = found
    assert (saved["run"], saved["answers"]) == (night.id, 4)
    assert 40 < saved["returned"] < 1000
    assert saved["naive"]["poll"] > saved["naive"]["tail"] > 0
    page = subprocess.run([*ours, "savings", night.id], capture_output=True, text=True, check=True).stdout
    assert night.id in page


def test_without_any_there_is_a_sentence(nights: Nights) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "overnight", "savings"], capture_output=True, text=True, check=True
    )
    assert "agent install" in done.stdout
