"""What a tool gives back: one text for the model, a few facts for programs, never the same twice.

Rules: the text holds all that a model needs; the facts are those of `tools._RESULT` and are kept few.
"""

from typing import Any

from mcp_types import CallToolResult, TextContent

from overnight.core.model import Status


def answer(text: str, facts: dict[str, Any] | None = None) -> CallToolResult:
    """A result."""
    return CallToolResult(content=[TextContent(text=text)], structured_content=facts)


def refusal(text: str, code: str) -> CallToolResult:
    """What was not done: why, and what to do next."""
    return CallToolResult(
        content=[TextContent(text=text)], structured_content={"state": "refused", "code": code}, is_error=True
    )


def facts(status: Status, since: str = "") -> dict[str, Any]:
    """The facts of a run that go with a text about it."""
    found: dict[str, Any] = {"command_id": status.run, "state": status.state, "verdict": status.verdict}
    if since:
        found["since"] = since
    if status.state == "running":
        found["next"] = "answer_question" if status.question is not None else "command_status"
    else:
        found |= {"next": "get_report", "exit_code": status.exit_code}
    return found
