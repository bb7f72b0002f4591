"""Gemini CLI.

Sources: Gemini CLI documentation, "MCP servers with the Gemini CLI" (`settings.json`, `mcpServers`, `timeout` in
milliseconds, 600,000 by default), "Managing Agent Skills" (`.gemini/skills`, `~/.gemini/skills`), "Configuration"
(`tools.shell.inactivityTimeout`, 300 s; settings may hold comments).
"""

import os

from overnight.agents.base import Agent, Around, Limit, Place, Shape, plain_entry, skill

_TEXT = "skills/overnight/SKILL.md"


def _user(around: Around) -> Place:
    folder = os.path.join(around.home, ".gemini")
    config = os.path.join(folder, "settings.json")
    return Place((config,), os.path.join(folder, _TEXT), config)  # the folder is Antigravity's, too


GEMINI = Agent(
    name="gemini",
    title="Gemini CLI",
    client="gemini",
    format="json",
    user=_user,
    project=lambda: Place((".gemini/settings.json",), f".gemini/{_TEXT}", ".gemini"),
    shapes=(Shape(("mcpServers",), plain_entry),),
    limits=(Limit(("timeout",), 1000.0),),
    wait_s=270.0,
    write=skill,
    kills="Gemini CLI kills a command that prints nothing for 300 s: wait by command_status, or --timeout 270",
)
