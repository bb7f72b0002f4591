"""What can be known of a regular expression without running it.

Rules: read from the parser of `re`, so that it is exactly the expression that runs; pure.
"""

from re import _constants as ops  # type: ignore[attr-defined]  # the parser of re, typed nowhere
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any


def required(pattern: str) -> tuple[str, ...]:
    """Texts in lower case, one of which stands in every match of `pattern`; one empty text when none must.

    Of what is required the choice is the one whose shortest text is the longest: the rarest.
    """
    return _required(parser.parse(pattern)) or ("",)


def names_digits(pattern: str) -> bool:
    """Whether it matters to `pattern` which digit stands somewhere: then lines of one shape differ."""
    return _names_digits(parser.parse(pattern))


_REPEATS = (ops.MAX_REPEAT, ops.MIN_REPEAT)
_LOOKS_BACK = (ops.ASSERT, ops.ASSERT_NOT, ops.GROUPREF, ops.GROUPREF_EXISTS)
_MANY = 32
"""A repeat of more than that counts as without a bound."""


def endless(pattern: str) -> str | None:
    """Why `pattern` may take for ever on some line, or None: `(a+)+`, `(a|ab)*`, look-around, back-references."""
    return _endless(parser.parse(pattern), repeated=False)


def _endless(parsed: Any, *, repeated: bool) -> str | None:
    for op, value in parsed:
        if op in _LOOKS_BACK:
            return "uses look-around or a back-reference, which are not allowed"
        many = op in _REPEATS and (value[1] == ops.MAXREPEAT or value[1] > _MANY)
        if repeated and (many or op is ops.BRANCH):
            return "has a repeat or alternatives inside a repeat, which may take for ever"
        for inner in _inside(op, value):
            if (why := _endless(inner, repeated=repeated or many)) is not None:
                return why
    return None


def _required(parsed: Any) -> tuple[str, ...]:
    options: list[tuple[str, ...]] = []
    run = ""
    for op, value in parsed:
        if op is ops.LITERAL:
            run += chr(value).lower()
            continue
        options.append((run,))
        run = ""
        if op is ops.SUBPATTERN:
            options.append(_required(value[3]))
        elif op is ops.MAX_REPEAT and value[0] > 0:
            options.append(_required(value[2]))
        elif op is ops.BRANCH:
            branches = [_required(branch) for branch in value[1]]
            options.append(tuple(text for texts in branches for text in texts) if all(branches) else ())
    options.append((run,))
    return max(options, key=lambda texts: min(map(len, texts), default=0))


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
