"""The MCP server put together: requests in, calls of the desk out.

Rules:
- Both generations of the protocol are served by the same handlers: 2026-07-28, which knows no session, and the
  handshake of 2025-11-25 and before.
- An error of ours is a result that a model can read and act on; anything else is a fault, logged and told as one
  sentence. Nothing is printed to standard output, which belongs to the protocol.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from mcp.server.lowlevel import Server
from mcp.server.subscriptions import ListenHandler
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    EmptyResult,
    InputRequiredResult,
    ListToolsResult,
    SubscribeRequestParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
    TextContent,
    UnsubscribeRequestParams,
)

from overnight import __version__, app
from overnight.errors import OvernightError
from overnight.surfaces.mcp.answers import refusal
from overnight.surfaces.mcp.asker import TASKS, Asker, Context
from overnight.surfaces.mcp.desk import Desk
from overnight.surfaces.mcp.resources import Resources, address
from overnight.surfaces.mcp.tasks import TaskParams, Tasks, UpdateParams
from overnight.surfaces.mcp.tools import INSTRUCTIONS, TOOLS

Tool = Callable[[Asker, dict[str, Any]], Awaitable[CallToolResult | InputRequiredResult | dict[str, Any]]]

log = logging.getLogger(__name__)


def build(
    feed: app.Feed, *, client: str = "", key: bytes | None = None, early_wait_s: float = 10.0
) -> Server[Any]:
    """A server over the home. `client`: the name of the client it was installed for, instead of what it says.

    `key`: what signs tasks; the home's own by default.
    """
    return _Front(feed, client, key or app.signing_key(), early_wait_s).server


class _Front:
    """The handlers of one server."""

    def __init__(self, feed: app.Feed, client: str, key: bytes, early_wait_s: float) -> None:
        self._client = client
        self._tasks = Tasks(feed, key)
        self._desk = Desk(feed, self._tasks, early_wait_s)
        self._resources = Resources(feed)
        self._listen = ListenHandler(self._resources.bus)
        self._notices: dict[tuple[int, str], asyncio.Future[None]] = {}
        self._verbs: dict[str, Tool] = {tool.name: getattr(self._desk, tool.name) for tool in TOOLS}
        self.server: Server[Any] = Server(
            "overnight",
            version=__version__,
            title="overnight",
            instructions=INSTRUCTIONS,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_resources=lambda _ctx, _params: self._resources.list(),
            on_list_resource_templates=lambda _ctx, _params: self._resources.templates(),
            on_read_resource=lambda _ctx, params: self._resources.read(str(params.uri)),
            on_subscribe_resource=self._subscribe,
            on_unsubscribe_resource=self._unsubscribe,
            on_subscriptions_listen=self._listen_to,
        )
        self.server.extensions[TASKS] = {}
        self.server.add_request_handler("tasks/get", TaskParams, self._on_task(self._tasks.get))
        self.server.add_request_handler("tasks/update", UpdateParams, self._on_task(self._tasks.update))
        self.server.add_request_handler("tasks/cancel", TaskParams, self._on_task(self._tasks.cancel))

    async def _list_tools(self, _ctx: Context, _params: Any) -> ListToolsResult:
        return ListToolsResult(tools=list(TOOLS))

    async def _call_tool(self, ctx: Context, params: CallToolRequestParams) -> Any:
        verb = self._verbs.get(params.name)
        if verb is None:
            raise MCPError(INVALID_PARAMS, f"There is no tool {params.name[:60]!r}")
        asker = Asker.of(ctx, self._client, params.input_responses)
        try:
            result = await verb(asker, params.arguments or {})
            self._account(asker, params.name, result)
            return result
        except OvernightError as error:
            return refusal(str(error), error.code)

    def _account(self, asker: Asker, tool: str, result: Any) -> None:
        """What the answer cost, in its run."""
        facts = result.structured_content if isinstance(result, CallToolResult) else None
        if isinstance(facts, dict) and "command_id" in facts:
            text = "".join(part.text for part in result.content if isinstance(part, TextContent))
            app.note_return(facts["command_id"], asker.reader, tool, text)

    def _on_task(self, handle: Callable[[Asker, Any], Awaitable[dict[str, Any]]]) -> Any:
        async def handler(ctx: Context, params: Any) -> dict[str, Any]:
            return await handle(Asker.of(ctx, self._client), params)

        return handler

    async def _listen_to(
        self, ctx: Context, params: SubscriptionsListenRequestParams
    ) -> SubscriptionsListenResult:
        """Notices for as long as the client listens."""
        wanted = params.notifications.resource_subscriptions or []
        async with anyio.create_task_group() as announcing:
            for uri in wanted:
                announcing.start_soon(self._announce, str(uri), self._resources.publish)
            result = await self._listen(ctx, params)
            announcing.cancel_scope.cancel()
        return result

    async def _subscribe(self, ctx: Context, params: SubscribeRequestParams) -> EmptyResult:
        """Notices for a client of a session, until it says otherwise."""
        uri = str(params.uri)
        address(uri)
        self._unnotice((id(ctx.session.client_params), uri))
        notices = self._announce(uri, ctx.session.send_resource_updated)
        self._notices[id(ctx.session.client_params), uri] = asyncio.ensure_future(notices)
        return EmptyResult()

    async def _unsubscribe(self, ctx: Context, params: UnsubscribeRequestParams) -> EmptyResult:
        self._unnotice((id(ctx.session.client_params), str(params.uri)))
        return EmptyResult()

    def _unnotice(self, key: tuple[int, str]) -> None:
        noticing = self._notices.pop(key, None)
        if noticing is not None:
            noticing.cancel()

    async def _announce(self, uri: str, notice: Callable[[str], Awaitable[None]]) -> None:
        try:
            await self._resources.announce(uri, notice)
        except (
            OvernightError,
            MCPError,
        ) as error:  # an address that is none never changes; a client may be gone
            log.info("no notices of %s: %s", uri, error)
