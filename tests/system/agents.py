"""Agents in a test: official clients over a real server process, in both generations of the protocol.

Rules: over stdio the client starts the server itself and passes it the poor environment that clients pass; over HTTP
the server is a process of its own with a port that the system chose.
"""

import os
import re
import select
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Literal

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent

Mode = Literal["auto", "legacy"]
SERVER = [sys.executable, "-m", "overnight", "mcp", "--early-wait", "1"]


def text(result: CallToolResult) -> str:
    """The one text of an answer."""
    assert len(result.content) == 1
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


def facts(result: CallToolResult) -> dict[str, Any]:
    """The structured content."""
    assert isinstance(result.structured_content, dict)
    return result.structured_content


def stdio(*options: str) -> StdioServerParameters:
    """A server to be started by a client; of the environment only where the home is."""
    kept = {name: os.environ[name] for name in ("OVERNIGHT_HOME", "OVERNIGHT_CONFIG") if name in os.environ}
    return StdioServerParameters(command=SERVER[0], args=[*SERVER[1:], *options], env=kept)


@asynccontextmanager
async def agent(mode: Mode, transport: str = "stdio", **options: Any) -> AsyncIterator[Client]:
    """A client with a server of its own."""
    if transport == "stdio":
        async with Client(stdio(), mode=mode, **options) as client:
            yield client
        return
    with http_server() as (url, token):
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            Client(streamable_http_client(url, http_client=http), mode=mode, **options) as client,
        ):
            yield client


@contextmanager
def http_server() -> Iterator[tuple[str, str]]:
    """A server on a free port: its address and token."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([*SERVER, "--http", "--port", str(port)], stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        said = server.stderr.readline()
        found = re.search(r"serving (\S+); the token is in (.+)$", said.strip())
        assert found is not None, said
        _until_it_listens(port)
        yield found[1], Path(found[2]).read_text().strip()
    finally:
        server.terminate()
        server.wait()
        server.stderr.close()


def _until_it_listens(port: int) -> None:
    """A connection is refused until the port is open: nothing else tells."""
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        select.select([], [], [], 0.05)
    raise AssertionError("the server does not listen")
