"""Looking into a log: its last lines, a range, those with a word; never all of it at once.

Rules:
- Lines are numbered from 1 as `sed -n` counts them, and shown as a person would see them, without secrets.
- A log of gigabytes is read once through, in pieces; what is given back is bounded.
- An expression from outside is matched by RE2, which no expression and no line can slow down.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from overnight.app.knowing import found, status_of, veil_of
from overnight.app.reading import log_pieces
from overnight.core.model import Problem, Quote
from overnight.errors import UsageError
from overnight.store.rundir import RunDir

MOST_LINES = 200
_LONGEST = 4000
"""Characters of a line that are looked at: what it means stands at its beginning."""


class Lines(NamedTuple):
    """Lines of a log. `total`: how many it has; `more`: how many of those that were meant are not among them."""

    lines: list[Quote]
    total: int
    more: int


def last_lines(ref: str, count: int) -> Lines:
    """The last `count` lines, at most 200. Raises NoSuchRun, Unreadable."""
    run = found(ref)
    total = sum(1 for _ in _numbered(run))
    wanted = min(count, MOST_LINES)
    return _picked(run, lambda number, _text: number > total - wanted, count - wanted)


def range_of_lines(ref: str, first: int, last: int) -> Lines:
    """The lines from `first` to `last`, at most 200. Raises NoSuchRun, Unreadable, UsageError."""
    if not 1 <= first <= last:
        raise UsageError(f"Lines are counted from 1, the first before the last: not {first}-{last}.")
    return _picked(found(ref), lambda number, _text: first <= number <= last)


def search(ref: str, expression: str) -> Lines:
    """The last lines that `expression` (RE2, letters of either case) is found in. Raises UsageError, NoSuchRun."""
    matches = _matcher(expression)
    return _picked(found(ref), lambda _number, text: matches(text), latest=True)


def errors(ref: str) -> list[Problem]:
    """The known problems of the run, worst first, with the lines around them. Raises NoSuchRun."""
    problems = [p for p in status_of(found(ref)).problems if p.severity != "info"]
    return sorted(problems, key=lambda p: (p.severity != "critical", p.role != "root", p.first_line))


def _matcher(expression: str) -> Callable[[str], bool]:
    import re2

    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    try:
        compiled = re2.compile(expression, options)
    except re2.error as error:
        raise UsageError(f"The expression {expression[:80]!r} cannot be used ({error}).") from error
    return lambda text: compiled.search(text) is not None


def _picked(run: RunDir, wanted: Callable[[int, str], bool], more: int = 0, *, latest: bool = False) -> Lines:
    """The first 200 lines that are wanted, or the last."""
    kept: list[Quote] = []
    total = 0
    for total, text in _numbered(run):
        if wanted(total, text):
            if len(kept) == MOST_LINES:
                more += 1
                if not latest:
                    continue
                kept.pop(0)
            kept.append(Quote(line=total, text=text))
    veiled = veil_of(run).lines([quote.text for quote in kept])
    return Lines([Quote(line=q.line, text=text) for q, text in zip(kept, veiled, strict=True)], total, more)


def _numbered(run: RunDir) -> Iterator[tuple[int, str]]:
    """Every line with its number; of a bar that was rewritten, its last state."""
    number = 0
    for number, line in enumerate(_whole_lines(log_pieces(run.id)), 1):
        yield number, _seen(line)


def _whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
        rest = rest[-_LONGEST:] if len(rest) > (1 << 20) else rest
    if rest:
        yield rest


def _seen(line: bytes) -> str:
    shown = line.rstrip(b"\r").rpartition(b"\r")[2]
    return shown[: 4 * _LONGEST].decode("utf-8", "replace")[:_LONGEST]
