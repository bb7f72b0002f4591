"""Google Antigravity: the app, the editor and `agy`, its command line.

Sources: Antigravity documentation, "MCP" and "Migrating from Gemini CLI" (`~/.gemini/config/mcp_config.json` for all
three, `.agents/mcp_config.json` of a workspace, `mcpServers`), "Rules and workflows" (`.agents/workflows/NAME.md` with
a description, called by `/NAME`; `~/.gemini/antigravity/global_workflows`); google-antigravity/antigravity-cli issues
780 (tool calls end after some 180 s), 977, 1044 and 1076 (print mode kills its children after 5 s).
"""

import os

from overnight.agents.base import Agent, Around, Place, Shape, plain_entry, workflow


def _user(around: Around) -> Place:
    folder = os.path.join(around.home, ".gemini")
    text = os.path.join(folder, "antigravity/global_workflows/overnight.md")
    return Place((os.path.join(folder, "config/mcp_config.json"),), text, os.path.join(folder, "antigravity"))


ANTIGRAVITY = Agent(
    name="antigravity",
    title="Antigravity",
    client="antigravity",
    format="json",
    user=_user,
    project=lambda: Place(
        (".agents/mcp_config.json",), ".agents/workflows/overnight.md", ".agents/workflows"
    ),
    shapes=(Shape(("mcpServers",), plain_entry),),
    limits=(),
    wait_s=160.0,
    write=workflow,
    kills="`agy -p` kills its commands 5 s after its answer and exits with 0: run nothing long under -p",
)
