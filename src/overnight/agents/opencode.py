"""OpenCode, versions 1 and 2.

Sources: OpenCode Docs, "Config" (`opencode.json` or `.jsonc`, `~/.config/opencode`), "MCP servers" of both versions
(`mcp.NAME` with `enabled` and `timeout`; since 2 `mcp.servers.NAME` with `timeout.request`, see
`packages/core/src/config/mcp.ts`), "Migrate from V1" (2 reads what 1 read), "Agent Skills" (`.opencode/skills`);
anomalyco/opencode pull request 8706 (the timeout is that of tool calls, too).
"""

import os
from typing import Any

from overnight.agents.base import TOOL_TIMEOUT_S, Agent, Around, Limit, Place, Server, Shape, skill

_CONFIGS = ("opencode.json", "opencode.jsonc")
_TEXT = "skills/overnight/SKILL.md"
_TIMEOUT_MS = TOOL_TIMEOUT_S * 1000


def _user(around: Around) -> Place:
    folder = os.path.join(around.folder("XDG_CONFIG_HOME", ".config"), "opencode")
    return Place(tuple(os.path.join(folder, name) for name in _CONFIGS), os.path.join(folder, _TEXT), folder)


def _entry(server: Server, timeout: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "local", "command": [server.command, *server.args]}
    return entry | ({"environment": server.env} if server.env else {}) | {"timeout": timeout}


OPENCODE = Agent(
    name="opencode",
    title="OpenCode",
    client="opencode",
    format="json",
    user=_user,
    project=lambda: Place(_CONFIGS, f".opencode/{_TEXT}", ".opencode"),
    shapes=(
        Shape(("mcp", "servers"), lambda server: _entry(server, {"request": _TIMEOUT_MS})),
        Shape(("mcp",), lambda server: _entry(server, _TIMEOUT_MS)),
    ),
    limits=(Limit(("timeout",), 1000.0), Limit(("timeout", "request"), 1000.0)),
    wait_s=270.0,
    write=skill,
    kills="",
)
