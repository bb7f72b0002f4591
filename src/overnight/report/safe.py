"""Hostile text made harmless for a page that leaves the machine.

Rules:
- Secrets are masked before anything is cut, so that no half of one is left; nor is one over many lines.
- Escape sequences, control characters and direction overrides are dropped; they mean nothing on paper.
- Nothing quoted is long: a line of a megabyte is evidence in its first few hundred characters.
"""

from collections.abc import Iterable
from itertools import islice

from overnight.core.mask import harmless, mask

LINE = 300
"""Characters of one quoted line: about four lines of a phone."""
_MOST_INDENT = 24
_BOUND = 8192
"""Characters of one line that are looked at for secrets in a block."""


def clean(text: str, limit: int = LINE) -> str:
    """One line: no escape sequence, no control character, no secret, at most `limit` characters."""
    return harmless(text, limit)


def clean_lines(lines: Iterable[str], most: int = 12) -> list[str]:
    """The first `most` lines, each cleaned but for its indentation, without blank ones at the ends."""
    block = mask("\n".join(line[:_BOUND].replace("\n", " ") for line in islice(lines, most)))
    kept = [_indented(line) for line in block.split("\n")]
    while kept and not kept[-1].strip():
        kept.pop()
    while kept and not kept[0].strip():
        kept.pop(0)
    return kept


def _indented(line: str) -> str:
    expanded = line.expandtabs(4)
    indent = len(expanded) - len(expanded.lstrip(" "))
    return " " * min(indent, _MOST_INDENT) + clean(line)
