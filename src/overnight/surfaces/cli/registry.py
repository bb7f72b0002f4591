"""Which verbs there are, what people want of them, and which module has each; plus the exit codes of our own.

Rules: data only, so that finding a verb costs nothing.
"""

PURPOSES: dict[str, tuple[str, ...]] = {
    "Run and watch": ("run", "attach", "wait", "watch", "status", "ls", "logs"),
    "Decide": ("answer", "stop", "relaunch"),
    "Understand": ("report", "analyze", "savings"),
    "Set up": ("demo", "doctor", "config", "notify", "agent", "mcp", "completion"),
    "Keep house": ("prune", "rebuild"),
}
"""The verbs, grouped by what people want of them."""

MODULES = {
    "run": "run", "attach": "attaching",
    "watch": "watch", "wait": "watching", "status": "watching", "ls": "listing", "logs": "listing",
    "answer": "deciding", "stop": "deciding", "relaunch": "deciding",
    "report": "results", "analyze": "analyzing", "savings": "savings",
    "config": "settings", "notify": "telling", "completion": "completion",
    "doctor": "doctor", "prune": "house", "rebuild": "house",
    "demo": "demo", "agent": "agent", "mcp": "mcp",
}  # fmt: skip

DONE, REFUSED, USAGE, NO_SUCH_RUN = 0, 1, 2, 5
QUIET, ATTENTION = 3, 4
"""`wait`: still running and nothing that needs anyone; a question is open."""
INTERRUPTED, NO_READER = 130, 141
"""What shells show for a command that ended by SIGINT or SIGPIPE."""
SIGNALLED = 128
"""Shells report a command that was killed by signal N as 128 + N."""
