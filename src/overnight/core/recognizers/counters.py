"""Counters in words: `Epoch 3/10`, `step: 125/1750`, `1 of 127 steps`, `[3][100/489]`, `Trial 5/100 done`.

Rules:
- A unit word needs its number right behind it: `Epoch time: 81` counts nothing.
- The best, the last, the maximal or the total one is not the present one: `best epoch: 12`, `max_steps 1000`.
- A plural without a total is a setting (`epochs: 100`), except `iters`, which some programs count with.
- `12/25/2026`, `a/b/3/4`, `3.4/5` are no counters; `'batch': 16` among quoted names is a size.
"""

import re
from collections.abc import Iterator

from overnight.core.model import ProgressSeen
from overnight.core.names import word_set
from overnight.core.recognizers.base import UNITS, number

GATE = (
    *word_set("epoch step iter trial fold batch episode round épisode gen run file frame task test fit job"),
    *("sample", "image", "example", "estimator", "it ", "it:", "it=", "ep ", "ep:", "ep=", "s:"),
)
"""What a lower-case line must hold for a counter with a unit word."""

BARE = re.compile(r"\d\s?/\s{0,6}\d")
"""What a line must hold for a counter without one."""

_STRONG = word_set("trial epoch step iteration fold episode round generation batch run")
_WORD = re.compile(
    r"(?<![a-z\d_/.\-@])(?P<word>epochs?|epoche|steps?|iter(?:ation)?s?|trials?|folds?|batch(?:es)?|(?:mini)?batch|episodes?"
    r"|épisode|rounds?|generations?|gen|ep|it|global[_ ]steps?|timesteps?|total[_ ]timesteps|num_timesteps"
    r"|files?|frames?|tasks?|tests?|runs?|fits?|jobs?|samples?|images?|examples?|estimator)"
    r"(?:\s?(?:no\.?|number|num|n°|\(train\)|\(val\)))?['\"]?\s{0,3}[:=#\[(<]{0,3}\s{0,8}['\"]?"
    r"(?P<current>\d{1,12}(?:\.\d{1,6})?(?:e[+-]?\d\d)?)"
    r"(?:\s{0,3}(?:/|of|out of|\(total:)\s{0,8}\[?(?P<total>\d{1,12}))?(?![\w%]|\.\d|-\w|/\d|:\d\d)",
    re.ASCII,
)
_OF = re.compile(
    r"(?<![\w./:,-])(?P<current>\d{1,12})\s?(?:/|of|out of)\s?(?P<total>\d{1,12})\s+\(?(?P<word>[a-z]+)",
    re.ASCII,
)
_OF_HINT = re.compile(r"\d\s?(?:/|of|out of)\s?\d")
_COMPLETED = re.compile(
    r"(?<![a-z_])(?P<word>trials|epochs|steps|iterations|folds|fits|episodes|tasks|files|runs)"
    r"\s(?:completed|done|finished)\s?[:=]\s?(?P<current>\d{1,12})(?:\s?(?:/|of)\s?(?P<total>\d{1,12}))?(?![\w.])"
)
_BEFORE = re.compile(
    r"(?<![a-z])(?:best|total|max|maximum|num|number of|warmup|warm-up|every|per|last|n|save|log|min|each"
    r"|logging|eval|target|of|after|until|for|take|first|since|previous)[\s_]{0,2}$"
)
_SLASHED = re.compile(
    r"(?<![\w./:,\-])\[?\s{0,6}(?P<current>\d{1,12})\s{0,6}/\s{0,6}(?P<total>\d{1,12})(?![\w/%]|\.\d|\s?/)",
    re.ASCII,
)
_PAIRED = re.compile(
    r"\[\s{0,6}(?P<outer>\d{1,6})(?:\]\[|,)\s{0,6}(?P<current>\d{1,9})\s{0,4}/\s{0,6}(?P<total>\d{1,9})\s?\]"
)
_NANO = re.compile(r"(?<![\w.])s:(?P<current>\d+)(?:/(?P<total>\d+))?(?=\s)")

_NAMES = {
    "global_step": "step", "global step": "step", "global_steps": "step", "global steps": "step",
    "total_timesteps": "step", "total timesteps": "step", "num_timesteps": "step", "estimator": "item",
}  # fmt: skip


def counters(lower: str, line: int) -> list[ProgressSeen]:
    """The counters of a line in lower case, outermost first as far as they are printed so."""
    found: dict[str, ProgressSeen] = {}
    for seen in (*_words(lower, line), *_nested(lower, line), *_of(lower, line), *_completed(lower, line)):
        known = found.get(seen.unit)
        if known is None or (known.total is None and seen.total is not None):
            found[seen.unit] = seen
    return list(found.values())


def _words(lower: str, line: int) -> Iterator[ProgressSeen]:
    for match in _WORD.finditer(lower):
        word, total = match.group("word"), match.group("total")
        unit = _NAMES.get(word) or UNITS.get(word)
        if unit is None or _BEFORE.search(lower[max(0, match.start() - 12) : match.start()]):
            continue
        if unit == "batch" and total is None and match.group()[len(word)] in "'\"":
            continue
        bare = unit in _STRONG and (not word.endswith("s") or word in _NAMES)
        if total is None and not bare and word != "iters":
            continue
        if word in ("it", "run", "gen", "ep") and total is None and match.group()[len(word)] not in ":=# [":
            continue
        yield _seen(unit, match.group("current"), total, line)
    nano = _NANO.search(lower) if "s:" in lower else None
    if nano:
        yield _seen("step", nano.group("current"), nano.group("total"), line)


def _nested(lower: str, line: int) -> Iterator[ProgressSeen]:
    """`[3][100/489]` and `[1, 1000/2562]`: a lap and the place in it."""
    if "[" not in lower:
        return
    for match in _PAIRED.finditer(lower):
        if float(match.group("current")) <= float(match.group("total")):
            yield _seen("epoch", match.group("outer"), None, line)
            yield _seen("iteration", match.group("current"), match.group("total"), line)


def _of(lower: str, line: int) -> Iterator[ProgressSeen]:
    """`1 of 127 steps`, `45/50 iterations complete`."""
    if not _OF_HINT.search(lower):
        return
    for match in _OF.finditer(lower):
        unit = UNITS.get(match.group("word"))
        if unit is not None and float(match.group("current")) <= float(match.group("total")):
            yield _seen(unit, match.group("current"), match.group("total"), line)


def _completed(lower: str, line: int) -> Iterator[ProgressSeen]:
    """`Trials completed: 20`."""
    if "ed" not in lower and "done" not in lower:
        return
    for match in _COMPLETED.finditer(lower):
        yield _seen(UNITS[match.group("word")], match.group("current"), match.group("total"), line)


def _seen(unit: str, current: str, total: str | None, line: int) -> ProgressSeen:
    limit = number(total) if total else None
    return ProgressSeen(unit=unit, current=number(current), total=limit or None, line=line)


def slashed(text: str) -> tuple[float, float, int] | None:
    """The first bare `x/y` that may be a counter: (x, y, position); at least three in all."""
    for match in _SLASHED.finditer(text):
        current, total = float(match.group("current")), float(match.group("total"))
        if total >= 3 and current <= total:
            return current, total, match.start()
    return None
