"""Runs as resources with notices of their changes, and progress while a call waits."""

import asyncio
from typing import Any

import pytest
from agents import Mode, agent
from mcp.shared.exceptions import MCPError
from mcp_types import ResourceUpdatedNotification, TextResourceContents
from night import Nights

pytestmark = pytest.mark.system


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_runs_are_read_by_their_address(nights: Nights, mode: Mode) -> None:
    puppet = nights.puppet(name="one")
    puppet.say("Epoch 2/100 - loss: 0.5")
    puppet.night.until("check_in")

    async def look() -> None:
        async with agent(mode) as client:
            listed = await client.list_resources()
            assert [str(found.uri) for found in listed.resources] == [f"run://{puppet.night.id}/status"]
            for kind, wanted in (
                ("status", "epoch 2/100"),
                ("log", "| Epoch 2/100"),
                ("report", "command: "),
            ):
                (content,) = (await client.read_resource(f"run://{puppet.night.id}/{kind}")).contents
                assert isinstance(content, TextResourceContents)
                assert wanted in content.text
            for wrong in (
                "run://nope/status",
                "run://../status",
                "file:///etc/passwd",
                f"run://{puppet.night.id}/x",
            ):
                with pytest.raises(MCPError):
                    await client.read_resource(wrong)

    asyncio.run(look())
    puppet.end()


def test_a_session_gets_notices_of_changes(nights: Nights) -> None:
    puppet = nights.puppet()
    told = asyncio.Event()
    uri = f"run://{puppet.night.id}/status"

    async def heard(message: Any) -> None:
        if isinstance(message, ResourceUpdatedNotification) and str(message.params.uri) == uri:
            told.set()

    async def listen() -> None:
        async with agent("legacy", message_handler=heard) as client:
            await client.session.subscribe_resource(uri)
            await asyncio.to_thread(puppet.say, "ConvergenceWarning: lbfgs failed", "Epoch 2/100 - loss: 0.5")
            await asyncio.wait_for(told.wait(), 30)

    asyncio.run(listen())
    puppet.end()


def test_a_stateless_client_listens_for_them(nights: Nights) -> None:
    puppet = nights.puppet()
    uri = f"run://{puppet.night.id}/status"

    async def listen() -> None:
        async with agent("auto") as client, client.listen(resource_subscriptions=[uri]) as notices:
            await asyncio.to_thread(puppet.say, "ConvergenceWarning: lbfgs failed", "Epoch 2/100 - loss: 0.5")
            async with asyncio.timeout(30):
                async for notice in notices:
                    assert uri in repr(notice)
                    return

    asyncio.run(listen())
    puppet.end()


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_progress_is_reported_while_a_call_waits(nights: Nights, mode: Mode) -> None:
    puppet = nights.puppet()
    puppet.say("Epoch 2/100 - loss: 0.5")
    heard: list[tuple[float, float | None, str | None]] = []

    async def progress(done: float, total: float | None, message: str | None) -> None:
        heard.append((done, total, message))

    async def wait() -> None:
        async with agent(mode) as client:
            arguments = {"command_id": puppet.night.id, "wait_duration_seconds": 4}
            await client.call_tool("command_status", arguments, progress_callback=progress)

    asyncio.run(wait())
    assert heard
    assert heard[-1][1] == 100
    assert puppet.night.id in (heard[-1][2] or "")
    puppet.end()


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_run_that_is_none_is_said_where_progress_was_asked_for(mode: Mode) -> None:
    async def progress(done: float, total: float | None, message: str | None) -> None:
        raise AssertionError((done, total, message))

    async def call() -> str:
        async with agent(mode) as client:
            arguments = {"command_id": "nosuch", "wait_duration_seconds": 4}
            result = await client.call_tool("command_status", arguments, progress_callback=progress)
            assert result.is_error
            return repr(result.content)

    assert "no run" in asyncio.run(call())
