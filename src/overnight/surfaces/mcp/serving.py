"""How the server is reached: by standard input and output, or by HTTP on this machine alone.

Rules:
- HTTP listens on loopback by default and answers nobody without the token, which stands in a private file of the
  home; `Host` and `Origin` are checked, so that no page in a browser reaches it.
- The feed belongs to the loop that serves.
"""

import hmac
import json
import logging
import sys
from typing import Any, NamedTuple

import anyio
from mcp.server.stdio import stdio_server

from overnight import app
from overnight.surfaces.mcp.server import build

PATH = "/mcp"

Scope = dict[str, Any]


class Served(NamedTuple):
    """What a server is told at its start: see `server.build`."""

    client: str
    early_wait_s: float


def serve_stdio(served: Served) -> None:
    """Serve the one client at the other end of standard input until it goes."""
    _log_to_stderr()
    anyio.run(_stdio, served)


def serve_http(served: Served, host: str, port: int, token: str) -> None:
    """Serve whoever knows the token until interrupted."""
    _log_to_stderr()
    anyio.run(_http, served, host, port, token)


async def _stdio(served: Served) -> None:
    feed = app.LiveFeed()
    server = build(feed, client=served.client, early_wait_s=served.early_wait_s)
    try:
        async with stdio_server() as (reads, writes):
            await server.run(reads, writes, server.create_initialization_options())
    finally:
        feed.close()


async def _http(served: Served, host: str, port: int, token: str) -> None:
    import uvicorn

    feed = app.LiveFeed()
    server = build(feed, client=served.client, early_wait_s=served.early_wait_s)
    page = server.streamable_http_app(streamable_http_path=PATH, host=host)
    config = uvicorn.Config(_Guarded(page, token), host=host, port=port, log_level="warning", lifespan="on")
    try:
        await uvicorn.Server(config).serve()
    finally:
        feed.close()


class _Guarded:
    """The application for those who know the token."""

    def __init__(self, served: Any, token: str) -> None:
        self._served = served
        self._wanted = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        given = dict(scope.get("headers", ())).get(b"authorization", b"")
        if scope["type"] == "http" and not hmac.compare_digest(given, self._wanted):
            body = json.dumps(
                {"error": "the token is missing or wrong: send Authorization: Bearer TOKEN"}
            ).encode()
            headers = [(b"content-type", b"application/json"), (b"www-authenticate", b"Bearer")]
            await send({"type": "http.response.start", "status": 401, "headers": headers})
            await send({"type": "http.response.body", "body": body})
            return
        await self._served(scope, receive, send)


def _log_to_stderr() -> None:
    """Standard output is the protocol's."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="overnight mcp: %(message)s")
