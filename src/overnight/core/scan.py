"""Which signatures a line holds.

Rules:
- Lines of the same shape (digits alike) get the same verdict where no pattern that may hit them names digits,
  so a flood costs one dictionary look-up a line.
- A regular expression runs only when a text that it requires is in the line: a line that holds nothing meets none.
- Generic words are looked for in the line with its harmless uses masked (`0 errors`, `error: 0.02`,
  `errors='ignore'`): the span is masked, never the line, so that a real error beside a metric is still seen.
"""

import re
import string
from collections.abc import Sequence
from enum import IntEnum
from functools import cached_property

from overnight.core.patterns import names_digits, required
from overnight.core.signatures import Signature

_ALIKE = str.maketrans(dict.fromkeys(string.digits, "0"))
_ERASED = str.maketrans(dict.fromkeys(string.digits))
_ONES = str.maketrans(dict.fromkeys(string.digits[1:], "1"))
_NO_ZEROES = str.maketrans(dict.fromkeys(string.digits, "1"))
_MOST_SHAPES = 20_000
_MOST_NEAR = 2_000
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


class Care(IntEnum):
    """How much the digits of a line matter to its verdict."""

    NONE = 0
    ZEROES = 1
    """`0 errors` is not `3 errors`."""
    DIGITS = 2
    """`exit code 137` is not `exit code 1`."""


class Matcher:
    """Finds signatures in lines; remembers its verdict by shape."""

    def __init__(self, signatures: Sequence[Signature]) -> None:
        self._entries = [_Entry(s) for s in signatures]
        self._shapes: dict[str, tuple[Signature, ...]] = {}
        self._zeroes: dict[str, tuple[Signature, ...]] = {}
        self._near: dict[str, tuple[_Entry, ...]] = {}
        self._gates = sorted({gate for e in self._entries for gate in e.erased}, key=len)

    def match(self, text: str) -> tuple[Signature, ...]:
        """The signatures in `text`, those that know most of it first."""
        text = _ends(text)
        shape = text.translate(_ALIKE)
        known = self._shapes.get(shape)
        if known is not None:
            return known
        same_zeroes = text.translate(_ONES)
        known = self._zeroes.get(same_zeroes)
        if known is not None:
            return known
        found, care = self._search(text)
        if care is Care.NONE:
            _bounded(self._shapes)[shape] = found
        elif care is Care.ZEROES:
            _bounded(self._zeroes)[same_zeroes] = found
        return found

    def is_quiet(self, text: str) -> bool:
        """Whether neither `text` nor any line with the same letters, whatever its digits, holds a signature."""
        low = text.translate(_ERASED).lower()
        return not any(map(low.__contains__, self._gates))

    def judges_digits(self, text: str) -> bool:
        """Whether the verdict on `text` depends on its digits."""
        return self._search(_ends(text))[1] is not Care.NONE

    def _search(self, text: str) -> tuple[tuple[Signature, ...], Care]:
        """What is in `text`; generic words only where nothing specific is: to look for them takes most of the time."""
        low = text.lower()
        shape = low.translate(_ALIKE)
        near = [entry for entry in self._near_to(low.translate(_ERASED)) if entry.may(shape)]
        specific = [entry for entry in near if not entry.signature.generic]
        found = _heaviest(specific, text)
        if not found and len(specific) < len(near):
            found = _heaviest([entry for entry in near if entry.signature.generic], _HARMLESS.sub("~", text))
            return found, max(entry.concern(text) for entry in near)
        return found, max((entry.concern(text) for entry in specific), default=Care.NONE)

    def _near_to(self, erased: str) -> "tuple[_Entry, ...]":
        """The entries that a line with these letters may hold, whatever its digits: few of all."""
        near = self._near.get(erased)
        if near is None:
            near = tuple(entry for entry in self._entries if any(map(erased.__contains__, entry.erased)))
            if len(self._near) >= _MOST_NEAR:
                self._near.clear()
            self._near[erased] = near
        return near


def _bounded(kept: dict[str, tuple[Signature, ...]]) -> dict[str, tuple[Signature, ...]]:
    if len(kept) >= _MOST_SHAPES:
        kept.clear()
    return kept


def _heaviest(entries: "Sequence[_Entry]", text: str) -> tuple[Signature, ...]:
    """The signatures that `text` holds, those that know most of it first."""
    found = [(weight, entry.signature) for entry in entries if (weight := entry.weight(text)) is not None]
    return tuple(signature for _weight, signature in sorted(found, key=lambda hit: -hit[0]))


def _ends(text: str) -> str:
    """Of a very long line only the beginning and the end are looked at."""
    return text if len(text) <= _LONGEST else text[: _LONGEST // 2] + text[-_LONGEST // 2 :]


class _Entry:
    """A signature with its expressions and the literals that gate them."""

    def __init__(self, signature: Signature) -> None:
        self.signature = signature
        gates = {text for p in signature.pattern for text in required(p)}
        self.alike = sorted({gate.translate(_ALIKE) for gate in gates}, key=len)
        self.erased = sorted({gate.translate(_ERASED) for gate in gates}, key=len)

    @cached_property
    def _expressions(self) -> list[re.Pattern[str]]:
        """Compiled when first needed: most entries are never."""
        return [re.compile(p, re.ASCII) for p in self.signature.pattern]

    @cached_property
    def care(self) -> Care:
        """How much the digits of a line matter to the entry."""
        if any(names_digits(pattern, but_zero=True) for pattern in self.signature.pattern):
            return Care.DIGITS
        zeroes = self.signature.generic or any(map(names_digits, self.signature.pattern))
        return Care.ZEROES if zeroes else Care.NONE

    def concern(self, text: str) -> Care:
        """How much the digits of this line matter to the entry: not at all where it holds it with no digits."""
        if self.care is not Care.ZEROES or self.signature.generic:
            return self.care
        return self.care if self.weight(text.translate(_NO_ZEROES)) is not None else Care.NONE

    def may(self, shape: str) -> bool:
        """Whether a line of that shape, in lower case, may hold it."""
        return any(map(shape.__contains__, self.alike))

    def weight(self, text: str) -> int | None:
        """How much of `text` it knows: the longest of its matches, in characters; None when there is none."""
        matches = (expression.search(text) for expression in self._expressions)
        return max((len(match.group()) for match in matches if match), default=None)
