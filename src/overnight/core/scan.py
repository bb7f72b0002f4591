"""Which signatures a line holds.

Rules:
- Lines of the same shape (digits erased) get the same verdict where no pattern of the shape counts digits, so a
  flood costs one dictionary look-up a line.
- A regular expression runs only when its longest literal is in the line: a line that holds nothing meets none.
- Generic words are looked for in the line with its harmless uses masked (`0 errors`, `error: 0.02`,
  `errors='ignore'`): the span is masked, never the line, so that a real error beside a metric is still seen.
"""

import re
import string
from collections.abc import Sequence
from re import _constants as ops  # type: ignore[attr-defined]  # the parser of re, typed nowhere
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from overnight.core.signatures import Signature

_ERASED = str.maketrans(dict.fromkeys(string.digits, "0"))
_MOST_SHAPES = 20_000
_LONGEST = 4096

_HARMLESS = re.compile(
    r"(?i)\b(?:0|no|zero|without(?: any)?) (?:\w+ )?"
    r"(?:errors?|fail(?:ed|ures?)|exceptions?|warnings?|nans?|aborted|skipped)\b"
    r"|\b\w*(?:errors?|fail(?:ed|ures?)|exceptions?|nans?|aborted|fatal_errors)\w*\s*(?:count)?\s*[:=]\s*0\b(?!\.\d)"
    r"|\b(?:[\w-]+ ){0,3}[\w-]*err(?:or)?(?:[_ ](?:rate|bound|tol|budget|of the mean|remaining)\w*)*"
    r"\s*[:=]?\s+?[-+]?\d[\d.]*(?:e[-+]?\d+)?\s*%?"
    r"|\b[\w-]*err(?:or)?(?:_\w+)?\s*[:=]\s*[-+]?\d[\d.]*(?:e[-+]?\d+)?%?"
    r"|\berrors\s*=\s*['\"]\w+['\"]"
    r"|\b\w*(?:on_error|fail_fast|failover|xfail|nan_policy|fail_on_nan|log_errors|abort_on_error|stderr)\w*"
    r"|[\w/.-]*(?:errors?|failed)[\w-]*\.(?:csv|txt|json|log|py|pt|whl)\b"
    r"|\b(?:Error|Exception)Handler\b|\bexception_handler\b|\berrorbars\S*"
    r"|\S*test_\w*(?:error|fail|exception)\w*.{0,40}\b(?:PASSED|ok)\b"
    r"|\bnot failed\b|\bretry\w*\b.{0,60}\bsuccess\b|\berror budget\b"
)


class Matcher:
    """Finds signatures in lines; remembers its verdict by shape."""

    def __init__(self, signatures: Sequence[Signature]) -> None:
        self._entries = [_Entry(s) for s in signatures]
        self._shapes: dict[str, tuple[Signature, ...]] = {}

    def match(self, text: str) -> tuple[Signature, ...]:
        """The signatures in `text`, specific ones first."""
        if len(text) > _LONGEST:
            text = text[: _LONGEST // 2] + text[-_LONGEST // 2 :]
        shape = text.translate(_ERASED)
        known = self._shapes.get(shape)
        if known is not None:
            return known
        found, numeric = self._search(text)
        if not numeric:
            if len(self._shapes) >= _MOST_SHAPES:
                self._shapes.clear()
            self._shapes[shape] = found
        return found

    def _search(self, text: str) -> tuple[tuple[Signature, ...], bool]:
        low = text.lower()
        found: list[Signature] = []
        numeric = False
        masked: str | None = None
        for entry in self._entries:
            if not entry.may(low):
                continue
            numeric = numeric or entry.numeric
            if entry.signature.generic:
                masked = _HARMLESS.sub("~", text) if masked is None else masked
            if entry.hits(masked if entry.signature.generic and masked is not None else text):
                found.append(entry.signature)
        found.sort(key=lambda s: s.generic)
        return tuple(found), numeric


class _Entry:
    """A signature with its expressions and the literals that gate them."""

    def __init__(self, signature: Signature) -> None:
        self.signature = signature
        self._expressions = [re.compile(p) for p in signature.pattern]
        self._gates = [longest_literal(p) for p in signature.pattern]
        self.numeric = any(_names_digits(parser.parse(p)) for p in signature.pattern)

    def may(self, low: str) -> bool:
        return any(gate in low for gate in self._gates)

    def hits(self, text: str) -> bool:
        return any(expression.search(text) for expression in self._expressions)


def longest_literal(pattern: str) -> str:
    """The longest text that every match of `pattern` must hold, in lower case; empty when there is none."""
    return max(_runs(parser.parse(pattern)), key=len, default="")


def _runs(parsed: Any) -> list[str]:
    runs, run = [""], ""
    for op, value in parsed:
        if op is ops.LITERAL:
            run += chr(value)
            continue
        runs.append(run)
        run = ""
        if op is ops.SUBPATTERN:
            runs += _runs(value[3])
        elif op is ops.MAX_REPEAT and value[0] > 0:
            runs += _runs(value[2])
    return [r.lower() for r in [*runs, run]]


def _names_digits(parsed: Any) -> bool:
    """Whether it matters to a pattern which digit stands somewhere: then lines of one shape differ."""
    for op, value in parsed:
        if op in (ops.LITERAL, ops.NOT_LITERAL) and chr(value).isdigit():
            return True
        if op is ops.IN and any(_is_digit_set(*item) for item in value):
            return True
        if any(_names_digits(inner) for inner in _inside(op, value)):
            return True
    return False


def _is_digit_set(op: Any, value: Any) -> bool:
    if op is ops.LITERAL:
        return chr(value).isdigit()
    return (
        op is ops.RANGE
        and value != (ord("0"), ord("9"))
        and any(value[0] <= ord(d) <= value[1] for d in "0123456789")
    )


def _inside(op: Any, value: Any) -> list[Any]:
    if op is ops.SUBPATTERN:
        return [value[3]]
    if op in (ops.MAX_REPEAT, ops.MIN_REPEAT):
        return [value[2]]
    return list(value[1]) if op is ops.BRANCH else []
