"""Runs as resources: `run://ID/status`, `run://ID/log`, `run://ID/report`, with notices of their changes.

Rules:
- Listed are the runs that live; any run can be read by its address.
- A notice says that something changed and not what: whoever wants to know reads it.
"""

import re
from collections.abc import Awaitable, Callable
from functools import partial

import anyio
from mcp.server.subscriptions import InMemorySubscriptionBus, ResourceUpdated
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)

from overnight import app
from overnight.core import fence
from overnight.core.calls import TOOLS
from overnight.core.digest import headline
from overnight.core.model import MAX_WAIT_S
from overnight.errors import OvernightError

_ADDRESS = re.compile(r"run://([A-Za-z0-9]{1,32})/(status|log|report)")
_LINES = 100
_MOST_LISTED = 50


class Resources:
    """The resources of one home. `bus` carries the notices of the stateless protocol."""

    def __init__(self, feed: app.Feed) -> None:
        self._feed = feed
        self.bus = InMemorySubscriptionBus()

    async def list(self) -> ListResourcesResult:
        """The status of each run that lives."""
        lively = await anyio.to_thread.run_sync(partial(app.list_runs, _MOST_LISTED, "running"))
        found = [
            Resource(uri=f"run://{s.run}/status", name=fence.harmless(s.name, 60), mime_type="text/plain")
            for s in lively
        ]
        return ListResourcesResult(resources=found)

    async def templates(self) -> ListResourceTemplatesResult:
        """How any run is addressed."""
        kinds = {"status": "How the run is doing", "log": "Its last lines, as data", "report": "Its briefing"}
        return ListResourceTemplatesResult(
            resource_templates=[
                ResourceTemplate(
                    uri_template=f"run://{{id}}/{kind}", name=kind, description=about, mime_type="text/plain"
                )
                for kind, about in kinds.items()
            ]
        )

    async def read(self, uri: str) -> ReadResourceResult:
        """The text of one. Raises MCPError for what is none."""
        run, kind = address(uri)
        try:
            text = await anyio.to_thread.run_sync(partial(_text, run, kind))
        except OvernightError as error:
            raise MCPError(INVALID_PARAMS, str(error), {"uri": uri}) from error
        return ReadResourceResult(contents=[TextResourceContents(uri=uri, text=text, mime_type="text/plain")])

    async def announce(self, uri: str, notice: Callable[[str], Awaitable[None]]) -> None:
        """Give a notice for each change of the resource, until the run is over. Raises NoSuchRun, MCPError."""
        run = app.found(address(uri)[0])
        seen = run.told_until()

        def is_changed() -> bool:
            return run.told_until() != seen

        while app.glance(run.id).state == "running":
            await self._feed.until(run, is_changed, MAX_WAIT_S)
            if is_changed():
                seen = run.told_until()
                await notice(uri)

    async def publish(self, uri: str) -> None:
        """A notice to those who listen."""
        await self.bus.publish(ResourceUpdated(uri=uri))


def address(uri: str) -> tuple[str, str]:
    """The run and what of it is meant. Raises MCPError."""
    found = _ADDRESS.fullmatch(uri)
    if found is None:
        text = "There is no such resource: addresses are run://ID/status, run://ID/log and run://ID/report."
        raise MCPError(INVALID_PARAMS, text, {"uri": uri})
    return found[1], found[2]


def _text(run: str, kind: str) -> str:
    if kind == "status":
        status = app.status(run)
        return headline(status, best=status.best)
    if kind == "report":
        return app.brief(run, TOOLS)
    return "\n".join(fence.fenced([quote.text for quote in app.last_lines(run, _LINES).lines]))
