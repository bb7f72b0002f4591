"""Hostile text made harmless for a page that leaves the machine.

Rules:
- Secrets are masked before anything is cut, so that no half of one is left.
- Escape sequences, control characters and direction overrides are dropped; they mean nothing on paper.
- Nothing quoted is long: a line of a megabyte is evidence in its first few hundred characters.
"""

import re
from collections.abc import Iterable

from overnight.core.mask import mask

LINE = 300
"""Characters of one quoted line: about four lines of a phone."""
_BOUND = 65_536
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)


def clean(text: str, limit: int = LINE) -> str:
    """One line: no escape sequence, no control character, no secret, at most `limit` characters."""
    bounded = text[:_BOUND].replace("\t", "    ").replace("\n", " ")
    shown = _UNSEEN.sub("", _ANSI.sub("", bounded))
    masked = mask(shown)
    return masked if len(masked) <= limit else masked[: limit - 1] + "…"


def clean_lines(lines: Iterable[str], most: int = 12) -> list[str]:
    """The first `most` lines, each cleaned, without blank ones at the ends."""
    kept = [clean(line) for line, _ in zip(lines, range(most), strict=False)]
    while kept and not kept[-1].strip():
        kept.pop()
    while kept and not kept[0].strip():
        kept.pop(0)
    return kept
