"""What can be known of a regular expression without running it.

Rules: read from the parser of `re`, so that it is exactly the expression that runs; pure.
"""

from collections.abc import Iterator
from re import _constants as ops  # type: ignore[attr-defined]  # the parser of re, typed nowhere
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any


def required(pattern: str) -> tuple[str, ...]:
    """Texts in lower case, one of which stands in every match of `pattern`; one empty text when none must.

    Of what is required the choice is the one whose shortest text is the longest: the rarest.
    """
    return _required(parser.parse(pattern)) or ("",)


def names_digits(pattern: str, *, but_zero: bool = False) -> bool:
    """Whether it matters to `pattern` which digit stands somewhere: then lines of one shape differ.

    `but_zero`: that it must not be a zero (`[1-9]`) does not count.
    """
    return _names_digits(parser.parse(pattern), but_zero)


_NOT_ZERO = [(ops.RANGE, (ord("1"), ord("9")))]
_REPEATS = (ops.MAX_REPEAT, ops.MIN_REPEAT)
_NOT_ALLOWED = (
    *(ops.ASSERT, ops.ASSERT_NOT, ops.GROUPREF, ops.GROUPREF_EXISTS),
    *(ops.ATOMIC_GROUP, ops.POSSESSIVE_REPEAT),  # what is in them may take for ever all the same
)
_MANY = 32
"""A repeat of more than that counts as without a bound."""
_FEW = 8
"""So often may something be repeated that has a choice of its own: 256 ways to read it."""


def endless(pattern: str) -> str | None:
    """Why `pattern` may take for ever on some line, or None: `(a+)+`, `(a|ab)*`, `(a?){40}`, `.*.*x`, `a*a}*a*b`,
    look-around, back-references."""
    parsed = parser.parse(pattern)
    return _endless(parsed, repeated=False) or _trading(parsed) or _crowded(parsed, dict.fromkeys(_ASCII, 1))


def _endless(parsed: Any, *, repeated: bool) -> str | None:
    for op, value in parsed:
        if op in _NOT_ALLOWED:
            return "uses look-around, a back-reference or an atomic group, which are not allowed"
        varies = op in _REPEATS and value[0] != value[1]
        if repeated and (varies or op is ops.BRANCH):
            return "has a repeat or alternatives inside a repeat, which may take for ever"
        often = op in _REPEATS and value[1] > _FEW
        for inner in _inside(op, value):
            if (why := _endless(inner, repeated=repeated or often)) is not None:
                return why
    return None


def _trading(parsed: Any) -> str | None:
    """`.*.*x`: two repeats side by side that take the same characters are tried with every share between them, when
    what comes after them can fail."""
    held: frozenset[str] = frozenset()
    trade = False
    for op, value in _flat(parsed):
        if trade and not (op in _REPEATS and value[0] == 0):
            return "has two repeats side by side that take the same characters, which may take for ever"
        if op in _REPEATS and value[1] > _MANY:
            letters = _letters(op, value)
            trade = trade or bool(held & letters)
            held = letters if value[0] else held | letters
        elif op is ops.BRANCH:
            if (why := next(filter(None, map(_trading, value[1])), None)) is not None:
                return why
            held = frozenset()
        elif op is not ops.AT and not (op in _REPEATS and value[0] == 0):
            held = frozenset()
    return None


def _crowded(parsed: Any, takers: dict[str, int]) -> str | None:
    """`a*a}*a*b`: on a line of one character, three that share it between them: the place where a match is looked for
    from, and two repeats, with nothing between them that this character does not fit."""
    for op, value in _flat(parsed):
        repeats = op in _REPEATS and value[1] > _MANY
        if (
            not (op in _REPEATS and value[0] == 0)
            and op is not ops.AT
            and max(takers.values(), default=0) > 2
        ):
            return "has repeats that take the same characters as what stands between them, which may take for ever"
        if op is ops.BRANCH:
            if (why := next(filter(None, (_crowded(one, takers) for one in value[1])), None)) is not None:
                return why
            takers = {}
        elif repeats:
            taken = dict.fromkeys(_letters(op, value), 1)
            stay = takers if value[0] == 0 else {c: count for c, count in takers.items() if c in taken}
            takers = {c: stay.get(c, 0) + taken.get(c, 0) for c in stay.keys() | taken.keys()}
        elif op is ops.AT:
            takers = {} if value in (ops.AT_BEGINNING, ops.AT_BEGINNING_STRING) else takers
        elif not (op in _REPEATS and value[0] == 0):
            letters = _letters(op, value)
            takers = {c: count for c, count in takers.items() if c in letters}
    return None


def _flat(parsed: Any) -> Iterator[tuple[Any, Any]]:
    """The parts in their order, groups opened."""
    for op, value in parsed:
        if op is ops.SUBPATTERN:
            yield from _flat(value[3])
        else:
            yield op, value


_ASCII = frozenset(map(chr, range(128)))
_CLASSES = {
    ops.CATEGORY_DIGIT: frozenset(filter(str.isdigit, _ASCII)),
    ops.CATEGORY_SPACE: frozenset(filter(str.isspace, _ASCII)),
    ops.CATEGORY_WORD: frozenset(c for c in _ASCII if c.isalnum() or c == "_"),
}
_OTHERS = {
    ops.CATEGORY_NOT_DIGIT: ops.CATEGORY_DIGIT,
    ops.CATEGORY_NOT_SPACE: ops.CATEGORY_SPACE,
    ops.CATEGORY_NOT_WORD: ops.CATEGORY_WORD,
}


def _letters(op: Any, value: Any) -> frozenset[str]:
    """The ASCII characters that a part may take, in both cases."""
    if op is ops.LITERAL:
        return frozenset({chr(value).lower(), chr(value).upper()})
    if op is ops.NOT_LITERAL:
        return _ASCII - {chr(value)}
    if op is ops.ANY:
        return _ASCII
    if op is ops.RANGE:
        found = {chr(code) for code in range(value[0], min(value[1], 127) + 1)}
        return frozenset(case for c in found for case in (c.lower(), c.upper()))
    if op is ops.CATEGORY:
        return _CLASSES[value] if value in _CLASSES else _ASCII - _CLASSES[_OTHERS[value]]
    if op is ops.IN:
        inside = frozenset[str]().union(*(_letters(*item) for item in value if item[0] is not ops.NEGATE))
        return _ASCII - inside if value[0][0] is ops.NEGATE else inside
    return frozenset[str]().union(*(_letters(*item) for inner in _inside(op, value) for item in inner))


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


def _names_digits(parsed: Any, but_zero: bool) -> bool:
    for op, value in parsed:
        if but_zero and op is ops.IN and value == _NOT_ZERO:
            continue
        if op in (ops.LITERAL, ops.NOT_LITERAL) and chr(value).isdigit():
            return True
        if op is ops.IN and any(_is_digit_set(*item) for item in value):
            return True
        if any(_names_digits(inner, but_zero) for inner in _inside(op, value)):
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
