"""The tools, one function each: a call of `overnight.app`, and its answer in words.

Rules:
- They translate and decide nothing; all state is in the home, so that the server may die at any moment.
- What blocks goes into a thread; waiting is the feed's. A cancelled call leaves its run alone.
- What cannot be done is a result that says why and what to do next.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

import anyio
from mcp_types import CallToolResult, ElicitResult, InputRequiredResult

from overnight import app
from overnight.core import commandline, fence
from overnight.core.calls import TOOLS
from overnight.core.digest import headline, problem_line
from overnight.core.model import MAX_WAIT_S, Choice, Status
from overnight.core.overview import overview
from overnight.core.tokens import estimate
from overnight.errors import UsageError
from overnight.surfaces.mcp import asking, clients, requests
from overnight.surfaces.mcp.answers import answer, facts
from overnight.surfaces.mcp.asker import Asker
from overnight.surfaces.mcp.tasks import Tasks
from overnight.surfaces.notices import notice

T = TypeVar("T")
Result = CallToolResult | InputRequiredResult | dict[str, Any]

EARLY_WAIT_S = 10.0
"""A command that ends so soon gives its result itself; also how long its start is looked at."""
_FRESH_S = 1.0
_TAKEN_UP_S = 5.0
_OUTPUT_TOKENS, _LOG_TOKENS, _REPORT_TOKENS = 600, 1500, 4000
_MOST_CHARACTERS = 10_000


class Desk:
    """All tools over one feed; a wait is a task where the client takes tasks."""

    def __init__(self, feed: app.Feed, tasks: Tasks, early_wait_s: float = EARLY_WAIT_S) -> None:
        self.feed = feed
        self._tasks = tasks
        self._early_wait_s = early_wait_s

    # ------------------------------------------------------------ starting

    async def run_command(self, asker: Asker, arguments: dict[str, Any]) -> Result:
        """Start a command; its result when it ends within the early wait."""
        asked = requests.read(arguments, requests.Run)
        argv, remarks = _words(asked.command)
        start = partial(
            app.start_for_agent,
            argv,
            cwd=asked.cwd,
            name=asked.name,
            env=asked.env,
            agent=asker.reader,
            again=asked.again,
        )
        begun = await _beside(start)
        return await self._begun(asker, begun.run, [*remarks, *begun.remarks])

    async def relaunch_command(self, asker: Asker, arguments: dict[str, Any]) -> Result:
        """Start an ended command again."""
        asked = requests.read(arguments, requests.Relaunch)
        argv, remarks = _words(asked.command) if asked.command else (None, [])
        new = await _beside(
            partial(app.relaunch, asked.command_id, argv=argv, env=asked.env, by=asker.reader, agent=True)
        )
        return await self._begun(asker, new.id, remarks)

    async def _begun(self, asker: Asker, run_id: str, remarks: list[str]) -> CallToolResult:
        run = app.found(run_id)
        await self.feed.until(run, lambda: _is_seen(run_id), self._early_wait_s)
        told = await app.check_in(self.feed, run_id, None, 0.0, reader=asker.reader)
        status = told.status
        is_whole = (
            status.state in ("failed", "lost") or status.question is not None
        )  # then the text is a briefing
        lines = [*remarks, told.text if is_whole else headline(status)]
        if not is_whole and status.state in ("running", "succeeded"):
            lines += await self._output(run_id, _OUTPUT_TOKENS)
        if status.state == "running":
            lines.insert(len(remarks) + 1, _start_words(status))
            lines.append(f"next: command_status({status.run}, since={told.since})")
        return answer("\n".join(lines), facts(status, told.since))

    async def _output(self, run_id: str, tokens: int) -> list[str]:
        shown = await _beside(partial(app.last_lines, run_id, 40))
        texts = fence.informative([quote.text for quote in shown.lines])
        return fence.fenced(_fitting(texts, tokens))

    # ------------------------------------------------------------ watching

    async def command_status(self, asker: Asker, arguments: dict[str, Any]) -> Result:
        """Wait for what needs the reader; the question of a paused run goes to the user where the client can ask."""
        asked = requests.read(arguments, requests.CheckIn)
        answered = await self._responses(asker, asked.command_id)
        wait_s = 0.0 if answered else self._wait_s(asker, asked)
        if asker.takes_tasks and wait_s > 0:
            told = await app.check_in(self.feed, asked.command_id, asked.since, reader=asker.reader)
            if not told.needed:
                return self._tasks.create(told, asked.since)
            wait_s = 0.0
        began = self.feed.now()
        async with self._progress(asker, asked.command_id):
            told = await app.check_in(self.feed, asked.command_id, asked.since, wait_s, reader=asker.reader)
        question = told.status.question
        if question is not None and asker.can_ask and not answered and _is_news(told):
            if asker.is_stateless:
                return asking.required(told.status, question, told.since)
            left = max(0.0, wait_s - (self.feed.now() - began))
            choice = await asking.ask(asker, told.status, question, self.feed, left)
            if choice is not None:
                answered = [await self._give(asker, told.status.run, question.id, choice)]
                told = await app.check_in(self.feed, told.status.run, told.since, reader=asker.reader)
        lines = [*answered, told.text]
        if asked.output_character_count:
            lines += await self._characters(asked.command_id, asked.output_character_count)
        return answer("\n".join(lines), facts(told.status, told.since))

    @asynccontextmanager
    async def _progress(self, asker: Asker, run_id: str) -> AsyncIterator[None]:
        """While inside, the client hears at each check-in how far the run is, where it asked for that."""
        if not asker.wants_progress:
            yield
            return
        # No task group: it would wrap what the call itself raises, and end it when only the report fails.
        reporting = asyncio.ensure_future(self._report_progress(asker, app.found(run_id).id))
        try:
            yield
        finally:
            reporting.cancel()

    async def _report_progress(self, asker: Asker, run_id: str) -> None:
        run = app.found(run_id)
        while True:
            status = app.glance(run_id)
            row = next(iter(status.progress), None)
            done, total = (row.reached, row.total) if row is not None else (status.elapsed_s, None)
            await asker.ctx.session.report_progress(done, total, headline(status))
            seen = run.told_until()
            await self.feed.until(run, lambda: run.told_until() != seen, MAX_WAIT_S)  # noqa: B023  # awaited here

    async def _give(self, asker: Asker, run: str, question: str, choice: Choice) -> str:
        """Answer as the user; the sentence to tell, once the answer shows in the run's status."""
        said = await asking.give(asker, run, question, choice)
        if choice != "fix":  # how to fix it, the agent says: until then the question is open
            await self.feed.until(app.found(run), lambda: app.glance(run).question is None, _TAKEN_UP_S)
        return said

    async def _responses(self, asker: Asker, run_id: str) -> list[str]:
        """What the user said to a form of the stateless protocol."""
        said = []
        for question, response in (asker.responses or {}).items():
            choice = asking.choice_of(response)
            if choice is not None:
                said.append(await self._give(asker, run_id, question, choice))
            elif isinstance(response, ElicitResult):
                said.append("the user left the question open")
        return said

    def _wait_s(self, asker: Asker, asked: requests.CheckIn) -> float:
        """What was asked for; else until the next early check-in, or as long as the client is patient."""
        if asked.wait_duration_seconds is not None:
            return asked.wait_duration_seconds
        patient = clients.default_wait_s(asker.client)
        status = app.glance(asked.command_id)
        if status.phase in ("starting", "early") and status.next_check_in_s is not None:
            return min(patient, status.next_check_in_s + _FRESH_S)
        return patient

    async def _characters(self, run_id: str, count: int) -> list[str]:
        """The last characters of the log, in whole lines."""
        shown = await _beside(partial(app.last_lines, run_id, 200))
        left, kept = min(count, _MOST_CHARACTERS), list[str]()
        for quote in reversed(shown.lines):
            left -= len(quote.text) + 1
            if left < 0:
                break
            kept.append(quote.text)
        return fence.fenced(reversed(kept))

    async def list_commands(self, asker: Asker, arguments: dict[str, Any]) -> Result:
        """What runs, what was missed, what to do next."""
        requests.read(arguments, requests.ListAll)
        missed = await _beside(partial(app.overview, asker.reader, self.feed.now()))
        told = [one for one in missed if not one.is_told]
        return answer(overview(missed, TOOLS), {"commands": [facts(one.status, one.since) for one in told]})

    # ------------------------------------------------------------ deciding

    async def answer_question(self, asker: Asker, arguments: dict[str, Any]) -> Result:
        """Answer; with `fix` the new run is told as after a start."""
        asked = requests.read(arguments, requests.Answer)
        argv, remarks = _words(asked.command) if asked.command else (None, [])
        give = partial(
            app.answer, asked.command_id, asked.choice, asker.reader, env=asked.env, argv=argv, agent=True
        )
        new = await _beside(give)
        if new is not None:
            return await self._begun(asker, new.id, [*remarks, f"{new.id} takes its place"])
        done = {"continue": "it goes on, and is not asked about this again", "stop": "it is being stopped"}
        status = await _beside(partial(app.status, asked.command_id))
        text = f"{done[asked.choice]}; next: command_status({status.run})"
        return answer(text, facts(status))

    async def stop_command(self, asker: Asker, arguments: dict[str, Any]) -> Result:
        """Stop the tree; what outlived it is said."""
        asked = requests.read(arguments, requests.Stop)
        done = await _beside(
            partial(app.stop, asked.command_id, asked.grace_seconds, asker.reader, agent=True)
        )
        status = await _beside(partial(app.status, asked.command_id))
        left = ", ".join(f"{name} ({pid})" for pid, name in done.survivors)
        text = f"{status.run} is stopped ({', '.join(done.signals) or 'nothing was left'})"
        return answer(f"{text}; still there: {left}" if left else text, facts(status))

    # ------------------------------------------------------------ reading

    async def read_log(self, asker: Asker, arguments: dict[str, Any]) -> Result:
        """A part of the log, as data."""
        asked = requests.read(arguments, requests.ReadLog)
        if asked.errors_only:
            problems = await _beside(partial(app.errors, asked.command_id))
            return answer(_problems(problems) or "no known problem in the log", {})
        look: Callable[[], app.Lines] = partial(app.search, asked.command_id, asked.search or "")
        if asked.search is None:
            look = _span(asked.command_id, str(asked.lines))
        shown = await _beside(look)
        kept = _fitting([f"{quote.line} {quote.text}" for quote in shown.lines], _LOG_TOKENS)
        more = shown.more + len(shown.lines) - len(kept)
        text = "\n".join(fence.fenced(kept)) or f"no such line; the log has {shown.total}"
        text += f"\nand {more} more before these: name a smaller range" if more > 0 else ""
        numbers = [quote.line for quote in shown.lines]
        span = {"first": numbers[0], "last": numbers[-1]} if numbers else {}
        return answer(text, {**span, "total": shown.total})

    async def get_report(self, asker: Asker, arguments: dict[str, Any]) -> Result:
        """The briefing, or the report's text."""
        asked = requests.read(arguments, requests.Report)
        status = await _beside(partial(app.status, asked.command_id))
        if not asked.whole:
            text = await _beside(partial(app.brief, asked.command_id))
            paths = f"\nreport: {status.report}" if status.report else ""
            return answer(text + paths, facts(status))
        made = await _beside(partial(app.make_report, asked.command_id))
        written = await _beside(made.md.read_text)
        kept = _fitting(written.split("\n"), _REPORT_TOKENS, first=True)
        return answer("\n".join(fence.fenced(kept)), facts(status))


# ---------------------------------------------------------------- small things


async def _beside(work: Callable[[], T]) -> T:
    """Work that blocks, off the loop. A call that is cancelled does not wait for it."""
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)


def _is_seen(run_id: str) -> bool:
    """Whether the start of the run says enough: it is over, asks, or something is wrong with its first lines."""
    status = app.glance(run_id)
    return status.state != "running" or status.question is not None or status.verdict == "critical"


def _is_news(told: app.Told) -> bool:
    """Whether the reader was not told of the open question before."""
    return told.news.first or told.news.asked is not None


def _start_words(status: Status) -> str:
    seen = {
        "valid": "first lines look valid",
        "invalid": "first lines look wrong",
        "none yet": "no lines yet",
    }
    return f"started: the process is alive, {seen[status.first_logs]}"


def _words(command: requests.Words) -> tuple[list[str], list[str]]:
    """The words of a command, and remarks on what it does not need. Raises UsageError."""
    if not isinstance(command, str):
        return notice(command)
    line = command.strip()
    remarks = []
    if line.endswith("&") and not line.endswith("&&"):
        line = line.removesuffix("&").rstrip()
        remarks.append("the trailing & was left out: the command outlives this session by itself")
    try:
        words, found = notice(commandline.words(line))
    except ValueError as error:
        raise UsageError(
            f"The command cannot be read ({error}): close its quotes, or give a list of words."
        ) from error
    return words, remarks + found


def _span(run_id: str, lines: str) -> Callable[[], app.Lines]:
    first, dash, last = lines.partition("-")
    if dash:
        return partial(app.range_of_lines, run_id, int(first), int(last))
    return partial(app.last_lines, run_id, int(first))


def _problems(problems: list[Any]) -> str:
    parts: list[str] = []
    for problem in problems:
        parts += [problem_line(problem), *fence.fenced(problem.context)]
    return "\n".join(_fitting(parts, _LOG_TOKENS, first=True))


def _fitting(lines: list[str], tokens: int, *, first: bool = False) -> list[str]:
    """As many of the last lines, or of the first, as fit."""
    kept: list[str] = []
    for line in lines if first else reversed(lines):
        tokens -= estimate(fence.harmless(line, 240)) + 2
        if tokens < 0:
            break
        kept.append(line)
    return kept if first else kept[::-1]
