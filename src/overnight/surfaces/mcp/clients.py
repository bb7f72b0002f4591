"""How long a tool call may take, by client: a wait that outlives its client's patience is lost.

Rules:
- The default wait ends before the client's own limit and before a prompt cache of five minutes cools: 270 s.
- A client that is not known gets 50 s, since the SDKs' common limit is 60.
- The hard limit of one wait stays 300 s for everybody; these are only defaults.

Sources: the clients' documents and change logs, and what their users measured, as of November 2026.
"""

import re

CACHE_WARM_S = 270.0
UNKNOWN_S = 50.0

_DEFAULTS: tuple[tuple[str, float], ...] = (
    (r"claude-code|claude code", 110.0),  # calls go to the background after 120 s (since 2.1.212)
    (r"claude", 50.0),  # Claude Desktop: 60 s, later 240 s
    (r"codex", CACHE_WARM_S),  # 300 s since June 2026; install writes tool_timeout_sec
    (r"gemini", CACHE_WARM_S),  # 600 s
    (r"goose", CACHE_WARM_S),  # 300 s
    (r"antigravity|agy", 160.0),  # calls die after about 180 s
    (r"opencode", CACHE_WARM_S),  # install writes its timeout
    (r"fastmcp|mcp$|inspector", CACHE_WARM_S),  # SDK clients without a limit of their own
    (r"cline|roo|copilot|vscode|visual studio code|cursor|windsurf", 50.0),  # 60 s
)


def default_wait_s(client: str) -> float:
    """Seconds that a wait takes when the caller names none."""
    return next((wait for name, wait in _DEFAULTS if re.search(name, client, re.I)), UNKNOWN_S)
