"""What people add to a command out of habit and need not: `&`, `nohup`, `setsid`, `tmux`, `screen`.

Rules: each is explained in one sentence. What only detaches (`&` as a word of its own, `nohup`, `setsid`) is
left out, because it would hide the command from the watch; what starts something else (`tmux`, `screen`, a
shell line that ends in `&`) runs as it was written. Pure, standard library only.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` costs 7 ms, and the detached start is measured
if TYPE_CHECKING:
    from collections.abc import Sequence

_DETACHERS = ("nohup", "setsid")
_MULTIPLEXERS = ("tmux", "screen")
_SHELLS = ("sh", "bash", "dash", "zsh", "ksh")
_ALIVE = "overnight keeps the command alive by itself"


def notice(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """The command without what it does not need, and the sentences that say so."""
    words = list(argv)
    sentences: list[str] = []
    while len(words) > 1 and _program(words[0]) in _DETACHERS and not words[1].startswith("-"):
        sentences.append(f"'{_program(words.pop(0))}' is not needed and was left out: {_ALIVE}.")
    if len(words) > 1 and words[-1] == "&":
        words.pop()
        sentences.append(f"The trailing '&' is not needed and was left out: {_ALIVE}.")
    return words, sentences + _kept(words)


def _kept(words: Sequence[str]) -> list[str]:
    """What runs as it is, with a warning."""
    program = _program(words[0]) if words else ""
    if program in _MULTIPLEXERS:
        return [f"'{program}' is not needed and hides the command: run the command itself; {_ALIVE}."]
    if _ends_in_background(program, words):
        return [f"The final '&' is not needed: the run is over as soon as {program} is; {_ALIVE}."]
    return []


def _ends_in_background(program: str, words: Sequence[str]) -> bool:
    line = words[-1].rstrip() if program in _SHELLS and len(words) > 2 else ""
    return line.endswith("&") and not line.endswith("&&")


def _program(word: str) -> str:
    return word.rsplit("/", 1)[-1]
