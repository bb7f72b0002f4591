"""An agent without a model, which knows nothing but the installed workflow's text, lives through a whole night.

Rules: what it may call it reads out of the text: a tool that the text does not name, or an argument that it does not
give, is unknown to it. What it does after an answer is the text's own list; what it tells the user is kept.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp_types import TextContent
from night import PROGRAMS, Night, Nights

pytestmark = pytest.mark.system

CALLED = {"en": {}, "fr": {"quiet": "calme", "failure": "échec", "success": "succès"}}
"""What the text calls the kinds of answers, where it is another word."""


class Reader:
    """What the text says: the tools with their arguments, and the steps."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tools = {
            name: re.findall(r"\w+", re.sub(" (or|ou) ", ", ", arguments))
            for name, arguments in re.findall(r"\b([a-z]+_[a-z]+)\(([^)]*)\)", text)
        }
        steps = re.findall(r"^\s+- (\w+) ?: (.*)$", text, re.M)
        self.after = dict(steps)

    def knows(self, tool: str, arguments: dict[str, Any]) -> bool:
        return tool in self.tools and set(arguments) <= set(self.tools[tool])


class Agent:
    """Follows the text."""

    def __init__(self, client: Client, text: str, lang: str) -> None:
        self.client = client
        self.called = CALLED[lang]
        self.reader = Reader(text)
        self.told: list[str] = []
        self.quiet = 0
        self.moved = asyncio.Event()

    async def call(self, tool: str, **arguments: Any) -> tuple[str, dict[str, Any]]:
        assert self.reader.knows(tool, arguments), f"the text does not teach {tool}{tuple(arguments)}"
        result = await self.client.call_tool(tool, arguments)
        assert not result.is_error, result
        (content,) = result.content
        assert isinstance(content, TextContent)
        return content.text, result.structured_content or {}

    async def night(self, command: str, cwd: str, user: Any) -> None:
        """Steps 1 to 3 of the text."""
        text, facts = await self.call("run_command", command=command, cwd=cwd, name="night")
        assert "the process is alive" in text  # "verify that it runs and its first lines are sound"
        run = facts["command_id"]
        while True:  # "until the command ENDED, even 100 times"
            text, facts = await self.call("command_status", command_id=run, since=facts["since"])
            kind = self.kind(text, facts)
            assert self.called.get(kind, kind) in self.reader.after, (
                f"the text does not say what to do after: {kind}"
            )
            if kind == "quiet":
                self.quiet += 1
            elif kind == "question":
                choice = await user(text)
                await self.call("answer_question", command_id=run, choice=choice)
            elif kind == "record":
                self.told.append(next(line for line in text.split("\n") if line.startswith("record")))
            else:
                report, _ = await self.call("get_report", command_id=run)
                self.told.append(f"{kind}: {report}")
                return
            self.moved.set()

    async def until(self, fits: Callable[[], bool]) -> None:
        """Until it has come so far."""
        async with asyncio.timeout(60):
            while not fits():
                await self.moved.wait()
                self.moved.clear()

    @staticmethod
    def kind(text: str, facts: dict[str, Any]) -> str:
        if facts["state"] == "succeeded":
            return "success"
        if facts["state"] != "running":
            return "failure"
        if "Fix and relaunch, or continue?" in text:
            return "question"
        return "record" if "\nrecord" in text else "quiet"


def installed(project: Path, tool: str, lang: str) -> tuple[str, StdioServerParameters]:
    """The text and the server's entry as `agent install` wrote them."""
    overnight = [sys.executable, "-m", "overnight"]
    subprocess.run(
        [*overnight, "agent", "install", tool, "--project", "--lang", lang],
        cwd=project, check=True, capture_output=True,
    )  # fmt: skip
    (skill,) = project.glob(".claude/skills/*/SKILL.md")
    entry = json.loads((project / ".mcp.json").read_text())["mcpServers"]["overnight"]
    served = StdioServerParameters(command=entry["command"], args=entry["args"], env=entry.get("env", {}))
    return skill.read_text(), served


def trial(number: int, value: float, best: tuple[int, float]) -> str:
    return (
        f"[I 2026-11-28 01:00:{number:02},000] Trial {number} finished with value: {value} and parameters: "
        f"{{'lr': 0.0{number + 1}}}. Best is trial {best[0]} with value: {best[1]}."
    )


@pytest.mark.rule("W2.4", "W3.2", "W3.3", "W4.1", "W4.2", "W5.2")
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_it_needs_no_other_knowledge(nights: Nights, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    config = Path(os.environ["OVERNIGHT_CONFIG"])
    config.write_text(config.read_text() + "schedule = [12.0, 14.0, 3.0]\n[policy]\nrecord_every_s = 0.0\n")
    monkeypatch.setenv("HOME", str(nights.cwd))
    project = nights.cwd / "project"
    project.mkdir()
    (project / ".git").mkdir()
    pipe = nights.cwd / "pipe"
    os.mkfifo(pipe)
    text, served = installed(project, "claude", lang)
    spoken: list[int] = []

    def say(*lines: str) -> None:
        if not spoken:
            spoken.append(os.open(pipe, os.O_WRONLY))
        os.write(spoken[0], "".join(f"{line}\n" for line in lines).encode())

    async def user(question: str) -> str:
        assert 'I detected "' in question
        assert "ConvergenceWarning" in question
        return "continue"

    async def night() -> Agent:
        async with Client(served) as client:
            agent = Agent(client, text, lang)
            command = f"{sys.executable} {PROGRAMS / 'puppet.py'} {pipe}"
            living = asyncio.ensure_future(agent.night(command, str(project), user))
            await asyncio.to_thread(say, *(trial(n, 0.5 - n / 100, (n, 0.5 - n / 100)) for n in range(8)))
            await agent.until(lambda: agent.quiet >= 1)
            await asyncio.to_thread(
                say, "ConvergenceWarning: lbfgs failed to converge", trial(8, 0.9, (7, 0.43))
            )
            run = next(nights.home.path.glob("runs/[!.]*"))
            await asyncio.to_thread(Night(nights.home, run).until, "answer")
            await asyncio.to_thread(
                say, *(trial(n, 0.9, (7, 0.43)) for n in range(9, 12)), trial(12, 0.1, (12, 0.1))
            )
            await agent.until(lambda: len(agent.told) > 0)
            await asyncio.to_thread(say, "exit 0")
            await asyncio.wait_for(living, 60)
            return agent

    agent = asyncio.run(night())
    assert agent.told[0].startswith("record: ")
    assert "0.1 (trial 12)" in agent.told[0]
    assert agent.told[-1].startswith("success: ")
    assert "best value 0.1 (trial 12): lr=0.013" in agent.told[-1]
    assert len(agent.told) == 2
