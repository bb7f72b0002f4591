"""Cursor.

Sources: Cursor Docs, "Model Context Protocol" (`.cursor/mcp.json`, `~/.cursor/mcp.json`, `type: stdio`), "Rules"
(`.cursor/rules/*.mdc` with `description`, `globs`, `alwaysApply`; rules of a user are no files) and "Agent Skills"
(`~/.cursor/skills`). No limit of a tool call is documented.
"""

import os

from overnight.agents.base import Agent, Around, Place, Scope, Shape, Words, front_matter, plain_entry, skill

_RULE = ".cursor/rules/overnight.mdc"


def _user(around: Around) -> Place:
    folder = os.path.join(around.home, ".cursor")
    return Place(
        (os.path.join(folder, "mcp.json"),), os.path.join(folder, "skills/overnight/SKILL.md"), folder
    )


def _write(words: Words, scope: Scope) -> str:
    """A rule that the agent asks for when its description fits; as a skill for all projects."""
    if scope == "user":
        return skill(words)
    return front_matter({"description": words.about, "globs": "", "alwaysApply": "false"}, words.body)


CURSOR = Agent(
    name="cursor",
    title="Cursor",
    client="cursor",
    format="json",
    user=_user,
    project=lambda: Place((".cursor/mcp.json",), _RULE, ".cursor"),
    shapes=(Shape(("mcpServers",), lambda server: {"type": "stdio", **plain_entry(server)}),),
    limits=(),
    wait_s=50.0,
    write=_write,
    kills="Cursor may not notice that a background command ended: chain command_status until the end",
)
