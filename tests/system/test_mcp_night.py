"""A night of an agent over the official client: both generations of the protocol, stdio and HTTP."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import httpx2
import psutil
import pytest
from agents import Mode, agent, facts, http_server, stdio, text
from mcp import Client
from mcp_types import CallToolResult
from night import PROGRAMS, Nights

from overnight import app
from overnight.core.tokens import estimate

WAYS = [("auto", "stdio"), ("legacy", "stdio"), ("auto", "http"), ("legacy", "http")]
pytestmark = pytest.mark.system


async def status(client: Client, run: str, wait: float, since: str | None = None) -> CallToolResult:
    arguments = {"command_id": run, "wait_duration_seconds": wait, **({"since": since} if since else {})}
    return await client.call_tool("command_status", arguments)


@pytest.mark.rule("W1.2", "W1.3", "W2.5", "W5.3")
@pytest.mark.parametrize(("mode", "transport"), WAYS)
def test_an_agent_runs_waits_and_is_told_the_cause(nights: Nights, mode: Mode, transport: str) -> None:
    pipe = _pipe(nights)

    async def night() -> None:
        async with agent(mode, transport) as client:
            begun = await client.call_tool("run_command", _puppet(pipe))
            assert not begun.is_error
            run, since = facts(begun)["command_id"], facts(begun)["since"]
            assert "the process is alive" in text(begun)
            assert f"command_status({run}, since={since})" in text(begun)
            quiet = await status(client, run, 0.5, since)
            assert "\n" not in text(quiet)
            assert estimate(text(quiet)) <= 60
            assert facts(quiet)["since"] != since
            waiting = asyncio.ensure_future(status(client, run, 60, facts(quiet)["since"]))
            await asyncio.wait({waiting}, timeout=0.3)
            assert not waiting.done()
            began = time.monotonic()
            _say(
                pipe,
                "Traceback (most recent call last):",
                '  File "t.py", line 3',
                "KeyError: 'lr'",
                "exit 1",
            )
            told = await waiting
            assert time.monotonic() - began < 5
            assert "failed (exit code 1)" in text(told)
            assert "KeyError: 'lr'" in text(told)
            assert f"relaunch_command({run}" in text(told)
            assert facts(told) | {"state": "failed", "exit_code": 1, "next": "get_report"} == facts(told)
            assert estimate(text(told)) <= 1200
            account = app.savings(run)
            given = [text(one) for one in (begun, quiet, told)]
            assert (account.returns, account.tokens) == (len(given), sum(map(estimate, given)))
            assert len(account.readers) == 1

    asyncio.run(night())


@pytest.mark.rule("W2.6", "W5.2")
def test_the_same_place_is_told_the_same_by_any_server_and_no_reader_steals(nights: Nights) -> None:
    """The server may die at any moment: a killed one is followed by another that knows nothing of it."""
    pipe = _pipe(nights)

    async def night() -> None:
        async with agent("auto") as client:
            begun = await client.call_tool("run_command", _puppet(pipe))
        run, since = facts(begun)["command_id"], facts(begun)["since"]
        _say(pipe, "RuntimeError: CUDA error: device-side assert triggered", "Epoch 2/100 - loss: 0.5")
        nights_run = nights.home.path / "runs" / run / "events.jsonl"
        assert nights_run.exists()
        tellings = []
        for mode in ("auto", "legacy", "auto"):
            async with agent(mode) as client:
                tellings.append(text(await status(client, run, 30, since)))
        assert all("device-side assert" in told for told in tellings)
        async with agent("auto") as client:
            last = await status(client, run, 30, since)
            again = await status(client, run, 0.2, facts(last)["since"])
            lost = await status(client, run, 0.2, "999999999.1")
        assert "device-side assert" not in text(again)
        assert "device-side assert" in text(lost)  # a lost place costs a summary

    asyncio.run(night())


@pytest.mark.rule("W5.1")
def test_a_wait_over_300_seconds_is_refused_and_nonsense_is_a_sentence(nights: Nights) -> None:
    night = nights.start("sleep", "60")

    async def calls() -> None:
        async with agent("auto") as client:
            long = await status(client, night.id, 301)
            assert long.is_error
            assert "at most 300 s" in text(long)
            for name, arguments in (
                ("command_status", {"command_id": "nope"}),
                ("command_status", {"command_id": night.id, "wait": 3}),
                ("answer_question", {"command_id": night.id, "choice": "continue"}),
                ("answer_question", {"command_id": night.id, "choice": "maybe"}),
                ("relaunch_command", {"command_id": night.id}),
                ("run_command", {"command": "echo 'unclosed"}),
                ("run_command", {"command": ""}),
                ("run_command", {"command": "true", "cwd": "/nowhere"}),
                ("read_log", {"command_id": night.id, "lines": "x"}),
                ("read_log", {"command_id": night.id, "search": "(("}),
                ("read_log", {"command_id": night.id, "lines": "9-3"}),
            ):
                refused = await client.call_tool(name, arguments)
                assert refused.is_error, (name, arguments, text(refused))
                assert facts(refused)["state"] == "refused"
                assert facts(refused)["code"]
                assert "Traceback" not in text(refused)

    asyncio.run(calls())


def test_a_cancelled_wait_leaves_the_run_alone(nights: Nights) -> None:
    night = nights.start("sleep", "60")

    async def calls() -> None:
        for mode in ("auto", "legacy"):
            async with agent(mode) as client:
                waiting = asyncio.ensure_future(status(client, night.id, 60))
                await asyncio.wait({waiting}, timeout=0.5)
                waiting.cancel()
                await asyncio.wait({waiting})
                assert facts(await status(client, night.id, 0))["state"] == "running"

    asyncio.run(calls())


@pytest.mark.rule("W0.2")
def test_an_overview_says_what_was_missed_in_150_tokens(nights: Nights) -> None:
    failed = nights.program("segfault")
    asking = nights.puppet(name="asks <b>")
    for n in range(8):
        nights.start("sleep", "60", name=f"sleeper {n}")
    failed.closed()
    asking.say("ConvergenceWarning: lbfgs failed to converge", "Epoch 2/100 - loss: 0.5")
    asking.night.until("question")
    asking.night.status(lambda seen: seen.question is not None)

    async def calls() -> None:
        async with agent("auto") as client:
            first = await client.call_tool("list_commands", {})
            assert estimate(text(first)) <= 150
            assert text(first).split("\n")[0] == "9 running, 1 ended"
            assert f"next: answer_question({asking.night.id}, fix|continue|stop)" in text(first)
            assert f"{failed.id} failed (SIGSEGV)" in text(first)
            seen = await status(client, failed.id, 0)
            assert "cause: critical" in text(seen)
            again = await client.call_tool("list_commands", {})
            assert failed.id not in text(again)

    asyncio.run(calls())
    asking.end()


@pytest.mark.rule("W3.3")
def test_an_agent_answers_stops_and_starts_again(nights: Nights) -> None:
    asking = nights.puppet()
    asking.say("ConvergenceWarning: lbfgs failed to converge", "Epoch 2/100 - loss: 0.5")

    async def calls() -> None:
        async with agent("auto") as client:
            run = asking.night.id
            told = await status(client, run, 30)
            assert "Fix and relaunch, or continue?" in text(told)
            assert facts(told)["next"] == "answer_question"
            assert estimate(text(told)) <= 400
            done = await client.call_tool("answer_question", {"command_id": run, "choice": "continue"})
            assert not done.is_error
            asking.night.until("answer")
            twice = await client.call_tool("answer_question", {"command_id": run, "choice": "stop"})
            assert twice.is_error
            stopped = await client.call_tool("stop_command", {"command_id": run, "grace_seconds": 1})
            assert "is stopped" in text(stopped)
            new = await client.call_tool("relaunch_command", {"command_id": run, "command": "echo again"})
            assert "succeeded" in text(new)
            assert "| again" in text(new)

    asyncio.run(calls())
    assert asking.night.events("stop")[0].data["by"] == "agent mcp"


def test_the_same_command_is_not_started_twice_by_mistake(nights: Nights) -> None:
    async def calls() -> None:
        async with agent("auto") as client:
            same = {"command": "sleep 50", "cwd": str(nights.cwd)}
            first = await client.call_tool("run_command", {**same, "name": "one"})
            second = await client.call_tool("run_command", same)
            assert second.is_error
            assert facts(second)["code"] == "already_running"
            assert facts(first)["command_id"] in text(second)
            third = await client.call_tool("run_command", {**same, "again": True})
            assert not third.is_error

    asyncio.run(calls())


def test_a_log_is_read_in_parts(nights: Nights) -> None:
    night = nights.start("sh", "-c", "seq -f 'line %g' 1 1000; echo 'ERROR: boom'; echo TOKEN=hunter2hunter2")
    night.closed()

    async def calls() -> None:
        async with agent("auto") as client:

            async def read(**how: object) -> str:
                return text(await client.call_tool("read_log", {"command_id": night.id, **how}))

            assert "| 2 line 2\n| 3 line 3\n" in await read(lines="2-3")
            assert "| 1001 ERROR: boom" in await read(lines=2)
            assert "hunter2" not in await read(lines=2)
            assert "| 999 line 999" in await read(search="^LINE 99[89]$")
            everything = await read(lines="1-1000")
            assert estimate(everything) < 2000
            assert "more" in everything
            assert "no such line; the log has 1002" in await read(lines="5000-6000")

    asyncio.run(calls())


def test_http_answers_nobody_without_the_token(nights: Nights) -> None:
    with http_server() as (url, token):
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
        kinds = {"Accept": "application/json, text/event-stream"}
        assert httpx2.post(url, json=call, headers=kinds).status_code == 401
        wrong = {**kinds, "Authorization": "Bearer x"}
        assert httpx2.post(url, json=call, headers=wrong).status_code == 401
        right = {**kinds, "Authorization": f"Bearer {token}"}
        assert httpx2.post(url, json=call, headers={**right, "Host": "evil.example"}).status_code == 421
        assert (
            httpx2.post(url, json=call, headers={**right, "Origin": "http://evil.example"}).status_code == 403
        )
    key = nights.home.path / "agents.token"
    assert key.stat().st_mode & 0o777 == 0o600


@pytest.mark.rule("W0.2")
def test_a_run_outlives_its_agents_whole_process_group(nights: Nights) -> None:
    """As harnesses do at the end of a turn: the server's group is killed, and with it all that stayed in it."""

    async def start() -> str:
        async with Client(stdio(), mode="auto") as client:
            begun = await client.call_tool("run_command", {"command": "sleep 50", "cwd": str(nights.cwd)})
            (server,) = [pid for pid in map(_process_of, psutil.Process().children()) if pid is not None]
            os.killpg(os.getpgid(server), signal.SIGKILL)
            return str(facts(begun)["command_id"])

    run = asyncio.run(start())

    async def see() -> None:
        async with agent("auto") as client:
            assert run in text(await client.call_tool("list_commands", {}))
            assert facts(await status(client, run, 0))["state"] == "running"

    asyncio.run(see())


def _process_of(child: psutil.Process) -> int | None:
    """The pid of a server; None of any other child of this process, of which some have ended."""
    try:
        return child.pid if "mcp" in child.cmdline() else None
    except psutil.Error:
        return None


def _pipe(nights: Nights) -> Path:
    pipe = nights.cwd / "agents-pipe"
    os.mkfifo(pipe)
    return pipe


def _puppet(pipe: Path) -> dict[str, object]:
    command = [sys.executable, str(PROGRAMS / "puppet.py"), str(pipe)]
    return {"command": command, "cwd": str(pipe.parent), "name": "puppet"}


def _say(pipe: Path, *lines: str) -> None:
    """A writer that stays open keeps the puppet alive until it is told to exit."""
    fd = _OPEN.setdefault(pipe, -1)
    if fd < 0:
        fd = _OPEN[pipe] = os.open(pipe, os.O_WRONLY)
    os.write(fd, "".join(line + "\n" for line in lines).encode())


_OPEN: dict[Path, int] = {}
