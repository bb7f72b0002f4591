"""A command that came as one text: the words of a program, or a line for the shell that its writer meant.

Rules:
- No shell unless the writer wrote one: operators, expansions and assignments before a program need it, quotes do not.
- Where a shell is needed it is `bash -c`, and the line is given to it as it is.
"""

import re
import shlex

SHELL = ("bash", "-c")
_QUOTED = re.compile(r"'[^']*'|\"(?:[^\"\\$`]|\\.)*\"|\\.", re.S)
_FOR_A_SHELL = re.compile(r"[|&;<>()$`*?~{}\[\]!#\n]|^\s*\w+=")


def words(command: str) -> list[str]:
    """The words of `command`. Raises ValueError when a quote is not closed."""
    unquoted = _QUOTED.sub("q", command)
    if _FOR_A_SHELL.search(unquoted):
        return [*SHELL, command.strip()]
    return shlex.split(command)
