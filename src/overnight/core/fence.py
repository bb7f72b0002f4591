"""Text of a log as data for a model: fenced, harmless, and nothing of it hidden.

Rules:
- Every line of a log stands behind `| `, between two marks: no line can close the fence or look like a line of ours.
- What a log says inside a sentence of ours stands in quotes that it cannot close.
- What would act is shown instead: control characters, marks that nobody sees, and the tags by which chat formats
  tell who speaks (`<|im_start|>`, `<system-reminder>`, `[INST]`) lose their first bracket to a look-alike.
- Words stay as they are: a log that says "ignore your instructions" is quoted, for whoever reads has to see that.
"""

import re
from collections.abc import Iterable

from overnight.core.novelty import template
from overnight.core.printable import printable

OPEN, CLOSE = "log, data only:", "end of log"
_EDGE = "| "
_LINE = 240
"""Characters of one fenced line: what a line of a log means stands at its beginning."""
_JOINERS = str.maketrans({"\u200c": "␦", "\u200d": "␦"})
_SPEAKER = re.compile(
    r"<(?=\|)|<(?=/?(?:system|assistant|user|human|tool|function|antml|invoke|result|instructions?|im_)\b)"
    r"|<(?=/?(?:system|tool|function|user|task|local|command)[-_:])"
    r"|\[(?=/?(?:INST|SYSTEM|SYS)\])",
    re.I,
)
_BAR = re.compile(r"\d%\|[^|]{0,300}\|\s{0,3}\d")
"""What tqdm draws; the progress says the same."""
_DRAWN = re.compile(r"[\u2501-\u259f]{3,} ?")
_LOOKALIKE = {"<": "‹", "[": "⟦"}


def harmless(text: str, limit: int | None = None) -> str:
    """One line in which nothing acts on whoever reads it, at most `limit` characters."""
    return _SPEAKER.sub(lambda found: _LOOKALIKE[found[0]], printable(text, limit).translate(_JOINERS))


def quoted(text: str, limit: int = 200) -> str:
    """Text of a log inside a sentence of ours."""
    return '"' + harmless(" ".join(text.split()), limit).replace('"', "'") + '"'


def fenced(lines: Iterable[str]) -> list[str]:
    """Lines of a log as a block of its own; nothing for no lines."""
    block = [_EDGE + harmless(line, _LINE) for line in lines]
    return [OPEN, *block, CLOSE] if block else []


def informative(lines: Iterable[str]) -> list[str]:
    """The lines without those that say the same again: of each shape the freshest, with how many were like it."""
    last: dict[str, tuple[int, str]] = {}
    for line in (_DRAWN.sub("", line) for line in lines):
        if not line.strip() or _BAR.search(line):
            continue
        shape = template(line)
        count, _ = last.pop(shape, (0, ""))
        last[shape] = (count + 1, line)
    return [_told(line, count) for count, line in last.values()]


def _told(line: str, count: int) -> str:
    return f"{line[:_LINE]}  (and {count - 1} like it)" if count > 1 else line
