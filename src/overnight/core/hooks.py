"""The user's own commands for a question and for the end of a run.

Rules: words as a shell would split them, and no shell unless one is named (`sh -c '...'`).
"""

import shlex
from collections.abc import Mapping

from overnight.core.model import HookOf


def words(command: str) -> list[str]:
    """The words of a hook's command. Raises ValueError: nothing in it, a quote that is not closed, a zero byte."""
    found = shlex.split(command)
    if not found or not found[0]:
        raise ValueError("a hook's command is empty")
    if "\0" in command:
        raise ValueError("a hook's command holds a zero byte")
    return found


def check(hooks: Mapping[HookOf, str]) -> None:
    """Raises ValueError for a command that cannot be run, and says which."""
    for of, command in hooks.items():
        try:
            words(command)
        except ValueError as error:
            text = f"the command for {of}, {command[:60]!r}, cannot be read ({error})"
            raise ValueError(text) from error
