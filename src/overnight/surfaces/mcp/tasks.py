"""The wait as a task (`io.modelcontextprotocol/tasks`): it costs the model nothing until there is something to tell.

Rules:
- A task is a wait for one run from one place on. Its id holds both and is signed with a key of the home: it cannot be
  guessed, no server has to remember it, and the next one answers for it after a crash.
- working: the run needs nobody. input_required: its question, where the client's user can be asked. completed: what
  a waiting call would have given. Cancelling ends the wait and leaves the run alone.

Source: the extension's specification, revision 2026-07-28 (SEP-2663).
"""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any, Literal

from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    CallToolResult,
    InputResponses,
    RequestParams,
)

from overnight import app
from overnight.errors import OvernightError
from overnight.surfaces.mcp import asking
from overnight.surfaces.mcp.answers import answer, facts
from overnight.surfaces.mcp.asker import TASKS, Asker

POLL_MS = 5000
_MARK = 16


class TaskParams(RequestParams):
    """Of `tasks/get` and `tasks/cancel`."""

    task_id: str


class UpdateParams(TaskParams):
    """Of `tasks/update`."""

    input_responses: InputResponses


class Tasks:
    """The tasks of one home, whose `key` signs them."""

    def __init__(self, feed: app.Feed, key: bytes) -> None:
        self._feed = feed
        self._key = key

    def create(self, told: app.Told, since: str | None) -> dict[str, Any]:
        """A task that waits for the run of `told` from `since` on, or from now, as the result of a tool's call."""
        facts = [told.status.run, since or told.since, round(self._feed.now(), 3)]
        held = json.dumps(facts, separators=(",", ":")).encode()
        return {"resultType": "task", **self._task(self._signed(held), held, "working", told.text)}

    async def get(self, asker: Asker, params: TaskParams) -> dict[str, Any]:
        """`tasks/get`: how it stands."""
        run, since, held = self._opened(asker, params.task_id)
        if app.is_wait_cancelled(run, params.task_id[:_MARK]):
            return self._task(
                params.task_id, held, "cancelled", "the wait was cancelled; the command goes on"
            )
        told = await self._look(run, since)
        question = told.status.question
        if question is not None and asker.can_ask:
            asked = asking.required(told.status, question, told.since).model_dump(by_alias=True, mode="json")
            about = self._task(params.task_id, held, "input_required", told.text)
            return about | {"inputRequests": asked["inputRequests"]}
        if not told.needed:
            return self._task(params.task_id, held, "working", told.text)
        result: CallToolResult = answer(told.text, facts(told.status, told.since))
        shown = result.model_dump(by_alias=True, mode="json", exclude_none=True)
        return self._task(params.task_id, held, "completed", told.text.split("\n")[0]) | {"result": shown}

    async def update(self, asker: Asker, params: UpdateParams) -> dict[str, Any]:
        """`tasks/update`: what the user chose; what is not the open question's changes nothing."""
        run, _since, _held = self._opened(asker, params.task_id)
        for question, response in params.input_responses.items():
            choice = asking.choice_of(response)
            if choice is not None:
                await asking.give(asker, run, question, choice)
        return {}

    async def cancel(self, asker: Asker, params: TaskParams) -> dict[str, Any]:
        """`tasks/cancel`: nobody waits any more."""
        run, _since, _held = self._opened(asker, params.task_id)
        app.cancel_wait(run, params.task_id[:_MARK])
        return {}

    async def _look(self, run: str, since: str) -> app.Told:
        try:
            return await app.check_in(self._feed, run, since)
        except OvernightError as error:
            raise MCPError(INVALID_PARAMS, f"The task cannot be told: {error}") from error

    # ------------------------------------------------------------ ids

    def _signed(self, held: bytes) -> str:
        mark = hmac.new(self._key, held, hashlib.sha256).hexdigest()[: 2 * _MARK]
        return f"{mark}.{base64.urlsafe_b64encode(held).decode().rstrip('=')}"

    def _opened(self, asker: Asker, task_id: str) -> tuple[str, str, bytes]:
        """The run, the place, and what the id holds. Raises MCPError."""
        if not asker.takes_tasks:
            data: dict[str, Any] = {"requiredCapabilities": {"extensions": {TASKS: {}}}}
            raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, "The client does not declare tasks", data)
        try:
            held = base64.urlsafe_b64decode(task_id.partition(".")[2] + "===")
            if hmac.compare_digest(self._signed(held), task_id):
                run, since, _at = json.loads(held)
                return str(run), str(since), held
        except (ValueError, TypeError):  # letters that no id of ours has
            pass
        raise MCPError(INVALID_PARAMS, "Failed to retrieve task: there is no such task")

    def _task(
        self,
        task_id: str,
        held: bytes,
        status: Literal["working", "input_required", "completed", "cancelled"],
        message: str,
    ) -> dict[str, Any]:
        return {
            "taskId": task_id,
            "status": status,
            "statusMessage": message.split("\n")[0],
            "createdAt": _iso(json.loads(held)[2]),
            "lastUpdatedAt": _iso(self._feed.now()),
            "ttlMs": None,
            "pollIntervalMs": POLL_MS,
        }


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
