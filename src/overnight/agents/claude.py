"""Claude Code.

Sources: Claude Code Docs, "Connect Claude Code to tools via MCP" (scopes: `.mcp.json`, `~/.claude.json`; `timeout` in
milliseconds, above 27 hours by default) and "Extend Claude with skills"; change log 2.1.212 (calls go to the background
after 120 s), 2.1.163 (`-p` ends background shells), 2.1.319 (MCP tasks). `CLAUDE_CONFIG_DIR` moves both.
"""

import os

from overnight.agents.base import Agent, Around, Limit, Place, Shape, plain_entry, skill

_TEXT = "skills/overnight/SKILL.md"


def _user(around: Around) -> Place:
    folder = around.folder("CLAUDE_CONFIG_DIR", ".claude")
    config = os.path.join(around.folder("CLAUDE_CONFIG_DIR", ""), ".claude.json")
    return Place((config,), os.path.join(folder, _TEXT), folder)


CLAUDE = Agent(
    name="claude",
    title="Claude Code",
    client="claude-code",
    format="json",
    user=_user,
    project=lambda: Place((".mcp.json",), f".claude/{_TEXT}", ".claude"),
    shapes=(Shape(("mcpServers",), lambda server: {"type": "stdio", **plain_entry(server)}),),
    limits=(Limit(("timeout",), 1000.0),),
    wait_s=110.0,
    write=skill,
    kills="`claude -p` and the end of a session kill background commands: wait by command_status there",
)
