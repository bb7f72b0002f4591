"""What can be known of a regular expression without running it.

Rules: read from the parser of `re`, so that it is exactly the expression that runs; pure.
"""

from re import _constants as ops  # type: ignore[attr-defined]  # the parser of re, typed nowhere
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any


def longest_literal(pattern: str) -> str:
    """The longest text that every match of `pattern` must hold, in lower case; empty when there is none."""
    return max(_runs(parser.parse(pattern)), key=len, default="")


def names_digits(pattern: str) -> bool:
    """Whether it matters to `pattern` which digit stands somewhere: then lines of one shape differ."""
    return _names_digits(parser.parse(pattern))


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
