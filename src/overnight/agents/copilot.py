"""GitHub Copilot CLI.

Sources: GitHub Docs, "Adding MCP servers for GitHub Copilot CLI" (`~/.copilot/mcp-config.json`, `type: local`, `tools`;
`.mcp.json` or `.github/mcp.json` of a repository), "Adding agent skills for GitHub Copilot CLI" (`.github/skills`,
`~/.copilot/skills`); `COPILOT_HOME` moves the folder; github/copilot-cli issues 172, 1378 and 1535 (`timeout` in
milliseconds; 60 s or 180 s without), 4628 (what runs on at the end of a prompt is left after 600 s).
"""

import os

from overnight.agents.base import (
    TOOL_TIMEOUT_S,
    Agent,
    Around,
    Limit,
    Place,
    Server,
    Shape,
    plain_entry,
    skill,
)

_TEXT = "skills/overnight/SKILL.md"


def _user(around: Around) -> Place:
    folder = around.folder("COPILOT_HOME", ".copilot")
    return Place((os.path.join(folder, "mcp-config.json"),), os.path.join(folder, _TEXT), folder)


def _entry(server: Server) -> dict[str, object]:
    return {"type": "local", **plain_entry(server, tools=["*"], timeout=TOOL_TIMEOUT_S * 1000)}


COPILOT = Agent(
    name="copilot",
    title="Copilot CLI",
    client="copilot",
    format="json",
    user=_user,
    project=lambda: Place((".github/mcp.json",), f".github/{_TEXT}", ".github/copilot-instructions.md"),
    shapes=(Shape(("mcpServers",), _entry),),
    limits=(Limit(("timeout",), 1000.0),),
    wait_s=50.0,
    write=skill,
    kills="`copilot -p` leaves its background commands after 600 s: chain command_status until the end there",
)
