"""Names and values in one line, whatever its style.

`key=value`, `key: value`, `{'loss': 0.1}`, `"loss": "2.301"`, `val_loss 0.3`, `Acc@1 75.0 (74.2)`.

Rules:
- The separator is found first, then the name is read backwards from it: cheap on lines without any.
- A value ends where a number ends: `1.2.3`, `10:30`, `12/25/2026`, `4f2a` and `0.5s` are none.
- What was asked for is no measurement: `params: {...}` and `Namespace(...)` are cut out before anything is
  read.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from overnight.core import names
from overnight.core.recognizers.base import VALUE


class Pair(NamedTuple):
    """A name, its value as printed, and where the name's separator is."""

    name: str
    value: str
    start: int


_SEPARATED = re.compile(
    r"(?:[:=>]|(?<= )is(?= ))\s{0,12}(?:(?:np\.|numpy\.)?(?:float\d\d|tensor|array)\(|\[)?['\"]?"
    rf"(?P<value>{VALUE})",
    re.ASCII,
)
SPACED_HINT = re.compile(r"[ \t]\(?[-+]?(?:\d|\.\d|nan|NaN|inf)")
"""What a line must hold for a name and a value with only space between them."""

_SPACED = re.compile(
    rf"(?<![\w.])(?P<name>[A-Za-z_][\w@/.-]{{0,40}}(?:[ ][A-Za-z_][\w@/-]{{0,24}}){{0,2}})[ \t]{{1,4}}\(?"
    rf"(?P<value>{VALUE})",
    re.ASCII,
)
_TAIL = re.compile(r"(?:[\w@./%()+-]{1,40}[ ]){0,4}[\w@./%()+-]{1,40}")
_SETTINGS = re.compile(
    r"(?:Namespace\(|(?i:param\w*|config|args|settings)['\"]?\s*[:=]?\s*\{)[^{}]*(?:[)}]|$)"
)
_UNIT = re.compile(
    r"\s?(?:ms|s|sec|secs|seconds?|min|minutes?|hours?|h|ns|us|[A-Za-z]{1,12}/[a-z]{1,6})\b(?![=:/(])"
)
_OF_EPOCH = re.compile(
    r" (?:of|at|in|for|on|over) (?:this |the |each )?(?:epoch|run|study|trial|round|fold)s?$"
)
_ENDS = ("epoch", "run", "study", "trial", "round", "fold", "s")
_CODE_START = re.compile(
    r"\s*(?:def |class \w+[(:]|import |from \S+ import|return\b|if .*:$|for \w+ in .*:$|while .*:$|print\("
    r"|assert |raise |self\.|elif |else:|try:|except\b.*:$|with .*:$|@\w+$|#include|//|/\*|>>> |\^)"
)
_CODE_GATE = ("==", "!=", "+=", "{}", "lambda", 'f"', "f'", "= ", "=d", "=t", "=n", ").")
_CODE_INSIDE = re.compile(
    r"\w ?== ?\w|!=|\bf\"|\bf'|\blambda\b|\{\}|[\w)\]]\s*=\s*(?:dict|list|nn|torch|np|self|F|tf)[(.]\w"
    r"|\w\(\w*\)\.\w|\+="
)
_STOP = frozenset(
    [
        "info",
        "warning",
        "debug",
        "error",
        "the",
        "a",
        "an",
        "and",
        "or",
        "with",
        "at",
        "of",
        "on",
        "in",
        "to",
        "from",
        "for",
        "is",
        "was",
        "are",
        "got",
        "has",
        "current",
        "currently",
        "achieved",
        "reached",
        "we",
        "model",
        "models",
        "saved",
        "saving",
        "improved",
        "by",
        "than",
        "done",
        "finished",
        "completed",
        "complete",
        "after",
        "result",
        "results",
        "reports",
        "report",
        "obtained",
        "its",
        "that",
        "new",
        "score_is",
    ]
)
_KNOWN = frozenset(
    [
        "best",
        "mean",
        "avg",
        "average",
        "final",
        "last",
        "median",
        "max",
        "min",
        "total",
        "smoothed",
        "running",
        "ema",
        "overall",
        "weighted",
        "macro",
        "micro",
    ]
)


def is_source(text: str) -> bool:
    """Whether the line is code, or the listing of one: its assignments are no measurements."""
    if _CODE_START.match(text) is not None or text.rstrip().endswith("):"):
        return True
    return any(map(text.__contains__, _CODE_GATE)) and _CODE_INSIDE.search(text) is not None


def without_settings(text: str) -> str:
    """The line without its lists of parameters."""
    if (
        "aram" in text
        or "ARAM" in text
        or "amespace(" in text
        or "onfig" in text
        or "args" in text
        or "etting" in text
    ):
        return _SETTINGS.sub(" ", text)
    return text


def separated(text: str) -> Iterator[Pair]:
    """Every pair with a separator between name and value."""
    start = 0
    for found in _SEPARATED.finditer(text):
        begin, end = found.span("value")
        if not _ends_well(text, end) or _has_unit(text, end):
            continue
        before = text[max(start, found.start() - 90) : found.start()].rstrip(" \t-=")
        name = _name_before(before)
        start = end
        if name:
            yield Pair(name, text[begin:end], found.start())


def spaced(text: str) -> Iterator[Pair]:
    """`val_loss 0.3`: only names that are known to be measured, since any word may stand before a number."""
    for found in _SPACED.finditer(text):
        name = _known_tail(found.group("name"))
        end = found.end("value")
        if name and _ends_well(text, end) and not _has_unit(text, end):
            yield Pair(name, found.group("value"), found.start())


def _ends_well(text: str, end: int) -> bool:
    """Whether what follows a number leaves it a number of its own."""
    after = text[end : end + 2]
    if not after or after[0] in " \t%;)]}|'\"([<*>":
        return True
    if after[0] in ",.":
        return len(after) == 1 or not after[1].isalnum()
    if after[0] in ":/\\-_+=" or after[0].isalnum():
        return after[0] == "-" and len(after) == 1
    return True


def _has_unit(text: str, end: int) -> bool:
    """Whether a number is a time or a rate: `0.3 s`, `12 it/s`, `0.55 ns/day`."""
    return _UNIT.match(text, end) is not None


@lru_cache(maxsize=4096)
def _name_before(before: str) -> str | None:
    if before[-1:] in ("'", '"'):
        quoted = before[:-1]
        return quoted[max(quoted.rfind("'"), quoted.rfind('"')) + 1 :].strip() or None
    if before.endswith(_ENDS) and _OF_EPOCH.search(before):
        before = _OF_EPOCH.sub("", before)
    found = _TAIL.match(before[::-1])
    return _trimmed(found.group()[::-1].split(" ")) if found else None


def _trimmed(parts: list[str]) -> str | None:
    """The name without the sentence before it: `Epoch done with val loss` is `val loss`."""
    kept: list[str] = []
    for part in reversed(parts):
        plain = part.strip("()[]-.:,")
        if not plain or not (plain[0].isalpha() or plain[0] in "_@") or (kept and plain.lower() in _STOP):
            break
        kept.insert(0, part)
    if len(kept) > 2:
        kept = kept[next((i for i, p in enumerate(kept) if _tells(p)), len(kept) - 2) :]
    name = " ".join(kept).strip(" .-/:+")
    return name if name and name.count("(") == name.count(")") else None


def _tells(part: str) -> bool:
    """Whether a word belongs to a name of a measurement."""
    return part.lower() in _KNOWN or bool(names.split(part)) or names.kind(part) in ("loss", "quality")


@lru_cache(maxsize=4096)
def _known_tail(name: str) -> str | None:
    """The last word if it is a measurement, with the words before it that belong to its name."""
    parts = name.split(" ")
    if parts[-1].lower() == "best":
        return parts[-1]
    if names.kind(parts[-1]) not in ("loss", "quality"):
        return None
    first = len(parts) - 1
    while first > 0 and (names.split(parts[first - 1]) or parts[first - 1].lower() in _KNOWN):
        first -= 1
    return " ".join(parts[first:])
