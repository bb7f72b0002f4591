"""A paused run's question reaches the agent's user, by a form or as a task; whoever answers elsewhere is heard, too."""

import asyncio
from collections.abc import Callable
from typing import Any, Literal

import pytest
from agents import Mode, agent, facts, text
from mcp.client.extension import ClaimContext, ClientExtension, ResultClaim
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, ElicitRequestParams, ElicitResult, Request, RequestParams, Result
from night import Nights, Puppet

from overnight import app

pytestmark = pytest.mark.system
TASKS = "io.modelcontextprotocol/tasks"


def asks(nights: Nights) -> Puppet:
    """A run that waits for an answer."""
    puppet = nights.puppet()
    puppet.say("ConvergenceWarning: lbfgs failed to converge", "Epoch 2/100 - loss: 0.5")
    puppet.night.status(lambda seen: seen.question is not None)
    return puppet


def user(answer: Callable[[], ElicitResult], seen: list[ElicitRequestParams]) -> Any:
    """A user who sees a form and answers so."""

    async def callback(_context: Any, params: ElicitRequestParams) -> ElicitResult:
        seen.append(params)
        return answer()

    return callback


@pytest.mark.rule("W3.3")
@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_user_answers_in_a_form_and_it_counts_as_the_users_word(nights: Nights, mode: Mode) -> None:
    puppet = asks(nights)
    seen: list[ElicitRequestParams] = []
    says = user(lambda: ElicitResult(action="accept", content={"choice": "continue"}), seen)

    async def call() -> None:
        async with agent(mode, elicitation_callback=says) as client:
            told = await client.call_tool("command_status", {"command_id": puppet.night.id})
            assert "the user answered continue" in text(told)
            assert (told.structured_content or {})["next"] == "command_status"

    asyncio.run(call())
    assert "Fix and relaunch, or continue?" in seen[0].message
    given = puppet.night.until("answer")
    assert given.data["choice"] == "continue"
    assert "form" in given.data["by"]
    puppet.end()


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize("action", ["decline", "cancel"])
def test_a_form_that_is_left_changes_nothing_and_the_agent_is_told_the_question(
    nights: Nights, mode: Mode, action: Literal["decline", "cancel"]
) -> None:
    puppet = asks(nights)
    says = user(lambda: ElicitResult(action=action), [])

    async def call() -> None:
        async with agent(mode, elicitation_callback=says) as client:
            told = await client.call_tool("command_status", {"command_id": puppet.night.id})
            assert facts(told)["next"] == "answer_question"
            assert "Fix and relaunch, or continue?" in text(told)

    asyncio.run(call())
    assert puppet.night.events("answer") == []
    puppet.end()


def test_fix_in_a_form_is_told_to_the_agent_which_knows_how(nights: Nights) -> None:
    puppet = asks(nights)
    says = user(lambda: ElicitResult(action="accept", content={"choice": "fix"}), [])

    async def call() -> None:
        async with agent("auto", elicitation_callback=says) as client:
            told = await client.call_tool("command_status", {"command_id": puppet.night.id})
            assert "the user wants it fixed" in text(told)

    asyncio.run(call())
    assert puppet.night.events("answer") == []
    puppet.end()


def test_an_answer_from_elsewhere_closes_the_form_of_a_session(nights: Nights) -> None:
    puppet = asks(nights)
    shown = asyncio.Event()

    async def says(_context: Any, _params: ElicitRequestParams) -> ElicitResult:
        shown.set()
        await asyncio.Event().wait()  # the user sleeps
        raise AssertionError

    async def call() -> None:
        async with agent("legacy", elicitation_callback=says) as client:
            arguments = {"command_id": puppet.night.id, "wait_duration_seconds": 60}
            waiting = asyncio.ensure_future(client.call_tool("command_status", arguments))
            await shown.wait()
            app.answer(puppet.night.id, "continue", "ada")
            told = await asyncio.wait_for(waiting, 20)
            assert not told.is_error

    asyncio.run(call())
    assert puppet.night.until("answer").data["by"] == "ada"
    puppet.end()


# ---------------------------------------------------------------- tasks


class TaskResult(Result):
    """A task as the server gives it instead of a result."""

    result_type: Literal["task"] = "task"
    task_id: str
    status: str
    status_message: str | None = None
    ttl_ms: int | None = None
    poll_interval_ms: int | None = None


class TaskParams(RequestParams):
    task_id: str
    input_responses: dict[str, Any] | None = None


class TaskRequest(Request[TaskParams, str]):
    method: str
    params: TaskParams


class AnyResult(Result):
    model_config = {"extra": "allow"}


class Waits(ClientExtension):
    """A client that waits for tasks; `between` is called before each look."""

    identifier = TASKS

    def __init__(self, between: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
        self.between = between
        self.seen: list[dict[str, Any]] = []

    def claims(self) -> list[ResultClaim[Any]]:
        return [ResultClaim(result_type="task", model=TaskResult, resolve=self._resolve)]

    async def _resolve(self, task: TaskResult, context: ClaimContext) -> CallToolResult:
        self.task_id = task.task_id
        while True:
            found = await send(context.session, "tasks/get", task.task_id)
            self.seen.append(found)
            if found["status"] == "completed":
                return CallToolResult.model_validate(found["result"], by_name=False)
            responses = await asyncio.to_thread(self.between, found)
            if responses is not None:
                await send(context.session, "tasks/update", task.task_id, responses)


async def send(
    session: Any, method: str, task_id: str, responses: dict[str, Any] | None = None
) -> dict[str, Any]:
    params = TaskParams(task_id=task_id, input_responses=responses)
    found = await session.send_request(TaskRequest(method=method, params=params), AnyResult)
    dumped: dict[str, Any] = found.model_dump(by_alias=True, mode="json")
    return dumped


@pytest.mark.rule("W5.4")
def test_a_wait_is_a_task_that_ends_with_what_needs_the_agent(nights: Nights) -> None:
    puppet = nights.puppet()

    def between(_found: dict[str, Any]) -> None:
        puppet.say("Traceback (most recent call last):", "KeyError: 'x'")
        puppet.end(1)
        puppet.night.closed()

    waits = Waits(between)

    async def call() -> None:
        async with agent("auto", extensions=[waits]) as client:
            told = await client.call_tool("command_status", {"command_id": puppet.night.id})
            assert "failed (exit code 1)" in text(told)
            assert facts(told)["state"] == "failed"
        async with agent("auto", extensions=[waits]) as client:  # another server, and the task is known to it
            again = await send(client.session, "tasks/get", waits.task_id)
            assert again["status"] == "completed"
            await send(client.session, "tasks/cancel", waits.task_id)
            assert (await send(client.session, "tasks/get", waits.task_id))["status"] == "cancelled"
            for forged in ("x", waits.task_id[:-2] + "AA", waits.task_id[1:], ""):
                with pytest.raises(MCPError):
                    await send(client.session, "tasks/get", forged)
        async with agent("auto") as client:  # one that does not take tasks
            with pytest.raises(MCPError):
                await send(client.session, "tasks/get", waits.task_id)
            assert not (await client.call_tool("command_status", {"command_id": puppet.night.id})).is_error

    asyncio.run(call())
    assert [found["status"] for found in waits.seen] == ["working", "completed"]


def test_the_question_of_a_task_is_its_state(nights: Nights) -> None:
    puppet = nights.puppet()

    def between(found: dict[str, Any]) -> dict[str, Any] | None:
        if found["status"] == "working" and not puppet.night.events("question"):
            puppet.say("ConvergenceWarning: lbfgs failed to converge", "Epoch 2/100 - loss: 0.5")
            puppet.night.status(lambda seen: seen.question is not None)
        elif found["status"] == "input_required":
            (question,) = found["inputRequests"]
            return {question: {"action": "accept", "content": {"choice": "continue"}}}
        else:
            puppet.night.until("answer")
        return None

    waits = Waits(between)
    says = user(lambda: ElicitResult(action="cancel"), [])

    async def call() -> None:
        async with agent("auto", extensions=[waits], elicitation_callback=says) as client:
            told = await client.call_tool("command_status", {"command_id": puppet.night.id})
            assert "answered continue" in text(told)

    asyncio.run(call())
    assert [found["status"] for found in waits.seen][:2] == ["working", "input_required"]
    assert waits.seen[-1]["status"] == "completed"
    puppet.end()
