"""Windsurf, whose agent is Cascade.

Sources: Windsurf Docs, "Cascade MCP Integration" (`~/.codeium/windsurf/mcp_config.json`, for all projects only) and
"Workflows" (`.windsurf/workflows/NAME.md` with a description, called by `/NAME`;
`~/.codeium/windsurf/global_workflows`; 12,000 characters at most). No limit of a tool call is documented.
"""

import os

from overnight.agents.base import Agent, Around, Place, Shape, plain_entry, workflow


def _user(around: Around) -> Place:
    folder = os.path.join(around.home, ".codeium/windsurf")
    text = os.path.join(folder, "global_workflows/overnight.md")
    return Place((os.path.join(folder, "mcp_config.json"),), text, folder)


WINDSURF = Agent(
    name="windsurf",
    title="Windsurf",
    client="windsurf",
    format="json",
    user=_user,
    project=lambda: Place((), ".windsurf/workflows/overnight.md", ".windsurf"),
    shapes=(Shape(("mcpServers",), plain_entry),),
    limits=(),
    wait_s=50.0,
    write=workflow,
    kills="",
)
