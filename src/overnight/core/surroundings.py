"""Which variables make an environment, and which belong to one session or one agent alone. Pure.

Rules:
- A variable of a session says where somebody sat (a terminal, a connection, a job): a run that starts hours later,
  from elsewhere, would be told something wrong.
- An agent's tool is started with little more than HOME, PATH, SHELL and a locale; what its configuration adds to that
  is meant, and is kept over whatever environment is found.
"""

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

POOR = ("HOME", "LANG", "LANGUAGE", "LC_*", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER")
"""What every started process has."""

SESSION = (
    # the shell's own
    *("PWD", "OLDPWD", "SHLVL", "_", "PS1", "PS2", "PROMPT_COMMAND", "LINES", "COLUMNS", "STARSHIP_*"),
    # a terminal, a window, a connection
    *(
        "TERM",
        "TERM_*",
        "TERMINFO*",
        "COLORTERM",
        "TMUX*",
        "STY",
        "WINDOW",
        "WINDOWID",
        "SSH_*",
        "XDG_SESSION_*",
    ),
    *("GNOME_TERMINAL_*", "ITERM_*", "KITTY_*", "KONSOLE_*", "VTE_VERSION", "WEZTERM_*", "WT_*", "ZELLIJ*"),
    # a batch job
    *("SLURM_*", "PBS_*", "LSB_*"),
    # an agent or an editor
    *("AI_AGENT", "CLAUDECODE", "CLAUDE_CODE_*", "CODEX_*", "COPILOT_*", "CURSOR_*", "GEMINI_CLI*", "MCP_*"),
    *("OPENCODE*", "VSCODE_*", "WINDSURF_*", "GIT_ASKPASS"),
    # a run of ours
    *("OVERNIGHT_RUN", "OVERNIGHT_TOKEN"),
)
"""What is left out of an environment that is kept."""

_OURS = ("OVERNIGHT_*",)
_FEW = 3
"""Variables that a tool's configuration may add to a poor environment before it counts as a person's."""

_AGENTS = {
    "Claude Code": r"CLAUDECODE|CLAUDE_CODE_(ENTRYPOINT|SSE_PORT|SESSION_ID|REMOTE)",
    "Codex": r"CODEX_(CI|SANDBOX|SANDBOX_NETWORK_DISABLED|THREAD_ID|SESSION_ID)",
    "Cursor": r"CURSOR_(AGENT|TRACE_ID)",
    "Gemini CLI": r"GEMINI_CLI",
    "Copilot": r"COPILOT_(CLI|AGENT\w*)",
    "OpenCode": r"OPENCODE|OPENCODE_(CLIENT|PID|SESSION)",
    "Windsurf": r"WINDSURF_\w*(SESSION|TERMINAL|EDITOR)\w*",
    "Antigravity": r"ANTIGRAVITY_(AGENT|CLI\w*)",
    "Cline": r"CLINE_ACTIVE",
    "Roo Code": r"ROO_ACTIVE",
    "goose": r"GOOSE_TERMINAL",
    "Qwen Code": r"QWEN_CODE",
    "an agent": r"AI_AGENT|AGENT_SESSION_ID",
}
"""Names of variables that the tools themselves set for their commands; not those in which people set them up."""


def lasting(env: Mapping[str, str]) -> dict[str, str]:
    """`env` without what belongs to one session."""
    return {name: value for name, value in env.items() if not _is_of(name, SESSION)}


def is_rich(env: Mapping[str, str]) -> bool:
    """Whether somebody's own environment is there, and not only what every process is given."""
    return len(added(env)) > _FEW


def added(env: Mapping[str, str]) -> dict[str, str]:
    """What `env` has besides that of every process and every session: it was meant."""
    told = (*POOR, *SESSION, *_OURS)
    return {name: value for name, value in env.items() if not _is_of(name, told)}


def merged(found: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """The environment that was found, for a process with `own`: what little that adds stays, its paths come last."""
    always = {name: value for name, value in own.items() if _is_of(name, POOR)}
    ours = {name: value for name, value in own.items() if _is_of(name, _OURS)}
    whole = {**always, **found, **({} if is_rich(own) else added(own)), **ours}
    paths = [*found.get("PATH", "").split(":"), *own.get("PATH", "").split(":")]
    whole["PATH"] = ":".join(dict.fromkeys(path for path in paths if path))
    return whole


def within(env: Mapping[str, str], venv: str) -> dict[str, str]:
    """`env` as activating the virtual environment `venv` leaves it."""
    others = {k: v for k, v in env.items() if k not in ("PYTHONHOME", "VIRTUAL_ENV_PROMPT")}
    own = f"{venv}/bin"
    rest = [path for path in env.get("PATH", "").split(":") if path and path != own]
    return {**others, "VIRTUAL_ENV": venv, "PATH": ":".join([own, *rest])}


def agent_of(env: Iterable[str]) -> str | None:
    """The coding agent that made a call with these variables; None when none shows."""
    for name, pattern in _AGENTS.items():
        if any(re.fullmatch(pattern, variable) for variable in env):
            return name
    return None


def _is_of(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
