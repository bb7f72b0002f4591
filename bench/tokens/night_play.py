"""Agents without a model, each through one night: what they are given, and when.

Rules:
- They follow the protocol literally: wait, answer as the night's user would, read the briefing when it is over.
- They reach the real server by the official client, in process; only time is virtual.
"""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from mcp import Client
from mcp.client.extension import ClaimContext, ClientExtension, ResultClaim
from mcp_types import CallToolResult, Implementation, Request, RequestParams, Result, TextContent
from pydantic import ConfigDict

from overnight import app
from overnight.core.model import Choice
from overnight.core.news import is_urgent
from overnight.store.rundir import RunDir
from overnight.surfaces.mcp.server import build
from overnight.testing import Recording, VirtualFeed, VirtualNight

WAIT_S = 270
NIGHTS = Path(__file__).parent / "nights"
TASKS = "io.modelcontextprotocol/tasks"
Kind = Literal["quiet", "eventful", "answer", "briefing"]


@dataclass(frozen=True)
class Given:
    """One answer that an agent got, at `t` seconds of the run; `facts`: the structured content."""

    t: float
    kind: Kind
    text: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass
class Played:
    """A night from beginning to end. `end_t`: when its run ended."""

    given: list[Given]
    end_t: float
    log: bytes

    @property
    def watched(self) -> list[Given]:
        """All until the end; what comes last is the report's text."""
        return self.given[:-1]

    def of(self, *kinds: Kind) -> list[Given]:
        """Those of these kinds."""
        return [one for one in self.given if one.kind in kinds]


def names() -> list[str]:
    """Of all nights."""
    return sorted(path.parent.name for path in NIGHTS.glob("*/recording.jsonl.xz"))


def recording(name: str) -> Recording:
    """The night of that name."""
    return Recording.read(NIGHTS / name / "recording.jsonl.xz")


@contextmanager
def home_of(name: str, *, report: bool = False) -> Iterator[VirtualNight]:
    """The night in a home of its own, which is this process's home meanwhile."""
    before = {key: os.environ.get(key) for key in ("OVERNIGHT_HOME", "OVERNIGHT_CONFIG")}
    with TemporaryDirectory(prefix="night-") as place:
        os.environ |= {"OVERNIGHT_HOME": place, "OVERNIGHT_CONFIG": os.path.join(place, "config.toml")}
        try:
            with VirtualNight(place, recording(name), report=report) as night:
                yield night
        finally:
            for key, value in before.items():
                if value is None:
                    os.environ.pop(key, None)
                else:
                    os.environ[key] = value


def play(name: str, agent: "Callable[[VirtualNight], Any]", *, report: bool = False) -> Played:
    """The night as that agent has it."""
    with home_of(name, report=report) as night:
        given = asyncio.run(agent(night))
        return Played(given, night.t, Path(night.run.log_path).read_bytes())


# ---------------------------------------------------------------- chained waits


async def chained(night: VirtualNight, wait_s: float = WAIT_S) -> list[Given]:
    """Waits of 270 s, each from where the last one ended; for clients of the protocol of 2025."""
    async with _client(night, mode="legacy") as client:
        agent = _Agent(night, client)
        while not agent.is_over:
            await agent.wait({"wait_duration_seconds": wait_s})
        return agent.given


async def tasks(night: VirtualNight) -> list[Given]:
    """One task after the other, for clients that are woken when a task is done."""
    async with _client(night, extensions=[_Waits(night)]) as client:
        agent = _Agent(night, client)
        while not agent.is_over:
            await agent.wait({})
        return agent.given


class _Agent:
    """What an agent holds: its place, and the answers that its user gives."""

    def __init__(self, night: VirtualNight, client: Client) -> None:
        self.given: list[Given] = []
        self.is_over = False
        self._night = night
        self._client = client
        self._since: str | None = None
        self._answers = list(night.recording.answers)

    async def wait(self, how: dict[str, Any]) -> None:
        """One check-in and what follows from it."""
        known = self._night.run.told_until()
        told = await self._call("command_status", how | ({"since": self._since} if self._since else {}))
        kind: Kind = "eventful" if self._since is None or _happened(self._night.run, known) else "quiet"
        self._keep(kind, told)
        following = (told.structured_content or {}).get("next")
        if following == "answer_question":
            await self._answer()
        elif following == "get_report":
            self._keep("briefing", await self._call("get_report", {}))
            self.is_over = True

    async def _answer(self) -> None:
        choice: Choice = self._answers.pop(0) if self._answers else "continue"
        self._keep("answer", await self._call("answer_question", {"choice": choice}))

    async def _call(self, name: str, arguments: dict[str, Any]) -> CallToolResult:
        result = await self._client.call_tool(name, {"command_id": self._night.run.id, **arguments})
        assert not result.is_error, text_of(result)
        return result

    def _keep(self, kind: Kind, result: CallToolResult) -> None:
        facts = result.structured_content or {}
        self._since = facts.get("since", self._since)
        self.given.append(Given(self._night.t, kind, text_of(result), facts))


def text_of(result: CallToolResult) -> str:
    """Its one text."""
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


def _happened(run: RunDir, known: int) -> bool:
    """Whether the run did more than go on since that byte of its events."""
    return any(is_urgent(event) or event.kind == "problem" for event in run.events(known)[0])


def _client(night: VirtualNight, **options: Any) -> Client:
    server = build(VirtualFeed(night), key=b"k" * 32)
    return Client(server, client_info=Implementation(name="bench", version="1"), **options)


# ---------------------------------------------------------------- tasks


class _Task(Result):
    model_config = ConfigDict(extra="allow")

    result_type: Literal["task"] = "task"
    task_id: str
    status: str
    poll_interval_ms: int = 5000


class _Params(RequestParams):
    task_id: str


class _Get(Request[_Params, str]):
    method: str = "tasks/get"
    params: _Params


class _Anything(Result):
    model_config = ConfigDict(extra="allow")


class _Waits(ClientExtension):
    """A client that waits for a task by itself; its model sees the result alone."""

    identifier = TASKS

    def __init__(self, night: VirtualNight) -> None:
        self._night = night

    def claims(self) -> list[ResultClaim[_Task]]:
        return [ResultClaim(result_type="task", model=_Task, resolve=self._result)]

    async def _result(self, task: _Task, context: ClaimContext) -> CallToolResult:
        while True:
            happened = partial(_happened, self._night.run, self._night.run.told_until())
            self._night.advance(self._night.t + 3600, happened)
            asked = _Get(params=_Params(task_id=task.task_id))
            found = (await context.session.send_request(asked, _Anything)).model_dump(by_alias=True)
            if found["status"] == "completed":
                return CallToolResult.model_validate(found["result"])


# ---------------------------------------------------------------- one command in the background


async def background(night: VirtualNight) -> list[Given]:
    """`overnight wait RUN --until attention` in the background of a harness that wakes its agent when it ends."""
    given: list[Given] = []
    answers = list(night.recording.answers)
    run = night.run
    while True:
        night.advance(float("inf"), lambda: run.open_question() is not None)
        said = _command("wait", run.id, "--until", "attention")
        failed = night.over and app.status(run.id).state in ("failed", "lost")  # then it is told whole
        given.append(Given(night.t, "briefing" if failed else "eventful", said))
        if night.over:
            break
        choice = answers.pop(0) if answers else "continue"
        given.append(Given(night.t, "answer", _command("answer", run.id, choice)))
    async with _client(night) as client:
        report = await client.call_tool("get_report", {"command_id": run.id})
        given.append(Given(night.t, "briefing", text_of(report), report.structured_content or {}))
    return given


def _command(*words: str) -> str:
    """What the command prints, as an agent's shell gives it."""
    command = [sys.executable, "-m", "overnight", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return re.sub(r"\s+\Z", "", done.stdout + done.stderr)
