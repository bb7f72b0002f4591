"""What agents may do by themselves. Pure: every function returns why not, in one sentence, or None.

Rules:
- A pattern for commands is words, and each word a pattern (`*` and `?` within one word, never over words). The command
  must have these words in this order; a last word that is `*` alone stands for any that follow, also none.
- So `python *` allows neither `bash -c "python x"` nor `python;rm`: each is another first word. The first word is
  compared as it is: `python` allows no `/tmp/python`.
- Folders are compared as they are given: whoever asks has resolved links and `..` on both sides.
- Nothing configured means nothing forbidden.
"""

import shlex
from collections.abc import Sequence
from fnmatch import fnmatchcase

from overnight.core.fence import harmless
from overnight.core.model import AgentAct, Answer, Policy

_ANY = "*"
_NOBODY = ("default", "overnight")
"""Who answers when nobody does."""
_SHOWN = 80
_DOES = {"answer": "answer a question", "stop": "stop a run", "relaunch": "start a run again"}


def may_start(argv: Sequence[str], cwd: str, commands: Sequence[str], folders: Sequence[str]) -> str | None:
    """Whether an agent may start `argv` in `cwd`: allowed are the patterns `commands` and what is in `folders`."""
    if commands and not any(_fits(argv, pattern) for pattern in commands):
        shown = harmless(shlex.join(argv), _SHOWN)
        return f"Agents may not start {shown!r}: allowed are {_listed(commands)} (setting agents.commands)."
    if folders and not any(_is_in(cwd, folder) for folder in folders):
        shown = harmless(cwd, _SHOWN)
        return f"Agents may not start anything in {shown!r}: allowed are {_listed(folders)} (setting agents.folders)."
    return None


def may(act: AgentAct, policy: Policy) -> str | None:
    """Whether an agent may do that to a run with that policy."""
    if act in policy.agent_may:
        return None
    return f"Agents may not {_DOES[act]} here (setting policy.agent_may): ask the person who started it."


def may_touch(owner: str | None, reader: str) -> str | None:
    """Whether the agent `reader` may act on a run of `owner`; None: it is free to all."""
    if owner is None or owner == reader:
        return None
    return f"The run belongs to {harmless(owner, 40)!r} alone: watch it, and let that one or a person act."


def outranks(answer: Answer, given: Answer) -> bool:
    """Whether `answer` counts although `given` was there first: a person may end what an agent let go on."""
    if answer.agent or answer.by in _NOBODY:
        return False
    return given.agent and given.choice == "continue" and answer.choice in ("stop", "fix")


def check_pattern(pattern: str) -> None:
    """ValueError when it is no pattern for a command."""
    if not shlex.split(pattern):
        raise ValueError("it has no words")


def _fits(argv: Sequence[str], pattern: str) -> bool:
    try:
        words = shlex.split(pattern)
    except ValueError:  # a quote that is not closed: the settings say so
        return False
    if not words:
        return False
    if words[-1] == _ANY and len(words) > 1:
        words.pop()
        argv = argv[: len(words)]
    return len(argv) == len(words) and all(map(fnmatchcase, argv, words))


def _is_in(cwd: str, folder: str) -> bool:
    return cwd == folder or cwd.startswith(folder.rstrip("/") + "/")


def _listed(allowed: Sequence[str]) -> str:
    return ", ".join(repr(harmless(one, _SHOWN)) for one in allowed)
