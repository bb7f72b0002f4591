"""OpenAI Codex: the command line, the editor extension and the app share one configuration.

Sources: OpenAI developers, Codex, "Model Context Protocol" (`[mcp_servers.NAME]`, `tool_timeout_sec`, project files of
trusted folders), "Configuration reference" and "Agent Skills" (`.agents/skills` of the repository, `~/.agents/skills`);
`codex-rs/core/src/unified_exec` (a poll of at most 300 s; processes are killed with the session).
"""

import os

from overnight.agents.base import TOOL_TIMEOUT_S, Agent, Around, Limit, Place, Shape, plain_entry, skill

_TEXT = ".agents/skills/overnight/SKILL.md"


def _user(around: Around) -> Place:
    folder = around.folder("CODEX_HOME", ".codex")
    return Place((os.path.join(folder, "config.toml"),), os.path.join(around.home, _TEXT), folder)


CODEX = Agent(
    name="codex",
    title="Codex",
    client="codex",
    format="toml",
    user=_user,
    project=lambda: Place((".codex/config.toml",), _TEXT, ".codex"),
    shapes=(Shape(("mcp_servers",), lambda server: plain_entry(server, tool_timeout_sec=TOOL_TIMEOUT_S)),),
    limits=(Limit(("tool_timeout_sec",), 1.0),),
    wait_s=270.0,
    write=skill,
    kills="Codex kills its commands with the session and wakes for none: chain command_status until the end",
)
