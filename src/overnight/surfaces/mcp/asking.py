"""The question of a run, put to the user of a client that can show it.

Rules:
- A form with the choices; whoever fills it in decides, and it counts as the user's answer, not as the agent's.
- The question itself stands in the run's folder: a form that is declined, closed or lost changes nothing, and the
  agent is told the question as text.
- While a form is open the run goes on, and an answer from elsewhere closes the wait.
"""

import getpass
from typing import Any

import anyio
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult

from overnight import app
from overnight.core.digest import problem_line
from overnight.core.fence import quoted
from overnight.core.model import CHOICES, Choice, Question, Status
from overnight.errors import OvernightError
from overnight.surfaces.mcp.asker import Asker

_LABELS: dict[Choice, str] = {
    "continue": "Continue: nothing is wrong",
    "fix": "Fix and relaunch",
    "stop": "Stop it",
}


def form(status: Status, question: Question) -> ElicitRequestFormParams:
    """The question as a form."""
    problem = question.problems[0]
    message = (
        f"{status.name} ({status.run}): I detected {quoted(problem.text, 160)}. Fix and relaunch, or continue?\n"
        f"{problem_line(problem)}"
    )
    choices = [{"const": choice, "title": _LABELS[choice]} for choice in question.choices]
    schema = {
        "type": "object",
        "properties": {"choice": {"type": "string", "title": "What to do", "oneOf": choices}},
        "required": ["choice"],
    }
    return ElicitRequestFormParams(message=message, requested_schema=schema)


def required(status: Status, question: Question, state: str) -> InputRequiredResult:
    """The question for a client of the stateless protocol, which calls again with the answer."""
    return InputRequiredResult(
        input_requests={question.id: ElicitRequest(params=form(status, question))}, request_state=state
    )


async def ask(
    asker: Asker, status: Status, question: Question, feed: app.Feed, wait_s: float
) -> Choice | None:
    """The choice of the user of a client that holds a session; None when there is none within `wait_s` seconds, or
    somebody else answered."""
    params = form(status, question)
    chosen: list[Choice | None] = []
    run = app.found(status.run)

    async with anyio.create_task_group() as tasks:

        async def show() -> None:
            try:
                result = await asker.ctx.session.elicit_form(
                    params.message, params.requested_schema, asker.ctx.request_id
                )
            except MCPError:  # it says that it can and does not: the question stands as text
                return
            chosen.append(choice_of(result))
            tasks.cancel_scope.cancel()

        async def answered_elsewhere() -> None:
            await feed.until(run, lambda: run.open_question() is None, wait_s)
            tasks.cancel_scope.cancel()

        tasks.start_soon(show)
        tasks.start_soon(answered_elsewhere)
    return chosen[0] if chosen else None


def choice_of(result: Any) -> Choice | None:
    """What the user chose in a form; None when it was declined or closed."""
    if not isinstance(result, ElicitResult) or result.action != "accept":
        return None
    choice = (result.content or {}).get("choice")
    return next((known for known in CHOICES if known == choice), None)


async def give(asker: Asker, run: str, question: str, choice: Choice) -> str:
    """Answer as the user, if that question is still the open one; the sentence to tell."""
    asked = app.found(run).open_question()
    if asked is None or asked.id != question:
        return "the question was answered elsewhere meanwhile"
    if choice == "fix":  # how, only the agent can say; until then the run is paused
        return "the user wants it fixed: fix it, then answer_question with choice fix"
    by = f"{getpass.getuser()} ({asker.client or 'an agent'}'s form)"
    try:
        await anyio.to_thread.run_sync(lambda: app.answer(run, choice, by))
    except OvernightError as error:
        return str(error)
    return f"the user answered {choice}"
