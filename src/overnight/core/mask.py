"""What must not leave the machine, and what must not reach a screen.

Rules:
- A secret becomes `***`; what names it stays, so that the text still says what it was about.
- Known shapes of keys are masked anywhere; unknown ones where a name, a header or a URL says they are secret.
- What they look like is data (`secrets.toml`), part of the program as its code is: read at the first masking, each
  pattern compiled when a text first holds one of the words it needs. An import costs nothing.
- The words of the trade stay readable: `tokens=4096`, `pad_token=<pad>`, `Unexpected token: }`, `PWD=/data`
  hold no secret. In doubt about a password it is masked, in doubt about a token it must look random.
- Masking comes before cutting, so that no half of a secret is left. Every pattern is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

TYPE_CHECKING = False  # `typing` costs 7 ms
if TYPE_CHECKING:
    from typing import Any

HIDDEN = "***"
_BOUND = 65_536
_DATA = "secrets.toml"
_LONGEST_KEPT = 4096
SURE = 6
"""Characters from which a value that was secret in one place is not a common word in another."""

_NOTHING = frozenset({"none", "null", "nil", "true", "false", "nan", "yes", "no", "unset", HIDDEN})
_NUMBER = r"[+-]?[\d.]{1,9}(?:e[+-]?\d+)?[kKMG]?"
_REFERENCE = r"\$\w+|\$\{.*|\$\(.*|%\w+%|[A-Za-z]:(?:\\.*)?"
_CODE = r"[A-Za-z_][\w.]{0,200}[(\[]"
_PATH = r"/(?:[\w.+-]*)(?:/[\w.+-]*){0,30}"

_ANSI = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-Z\\^_`-~])"
_UNSEEN = "[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
_SPACES = "[\t\n\x0b\x0c\r\u2028\u2029]+"


class Rule:
    """One kind of secret, as `secrets.toml` has it."""

    __slots__ = ("_found", "id", "judge", "needs", "pattern")

    def __init__(self, row: dict[str, Any], parts: dict[str, str]) -> None:
        self.id, self.needs, self.judge = row["id"], row["needs"], row.get("judge", "")
        self.pattern = _whole(row["pattern"], parts)
        self._found: re.Pattern[str] | None = None

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where such secrets are in `text`, in order."""
        if self._found is None:
            self._found = re.compile(self.pattern)
        whole = "secret" not in self._found.groupindex
        for found in self._found.finditer(text):
            start, end = found.span(0 if whole or found["secret"] is None else "secret")
            span = _judged(text, start, end, self.judge) if self.judge else (start, end)
            if span is not None:
                yield span


def mask(text: str) -> str:
    """`text` with every secret that can be recognised replaced by `***`."""
    return _mask(text) if len(text) > _LONGEST_KEPT else _remembered(text)


def secrets_in(text: str) -> list[str]:
    """What `mask` hides of `text`."""
    found: list[str] = []
    _mask(text, found)
    return found


def secrets_of(argv: Sequence[str]) -> list[str]:
    """What of a command is secret: in one of its words, or for a word that stands beside it."""
    found = [secret for text in (" ".join(argv), *argv) for secret in secrets_in(text)]
    return found + [word for word, flag in _flagged(argv) if flag == "password" and word[:1] not in "-<$"]


def mask_words(argv: Sequence[str]) -> list[str]:
    """A command's words without secrets: also the word that follows a flag such as `--password`."""
    return list(_words_remembered(tuple(argv)) if sum(map(len, argv)) <= _LONGEST_KEPT else _words(argv))


def mask_lines(lines: Sequence[str], limit: int | None = None) -> list[str]:
    """Lines that follow each other, at most `limit` characters each: a secret may go over several of them."""
    return [line[:limit] for line in mask("\n".join(lines)).split("\n")] if lines else []


def harmless(text: str, limit: int) -> str:
    """One line: no escape sequence, no control character, no direction override, no secret, at most `limit`
    characters (a longer one ends in `…`)."""
    bounded = re.sub(_ANSI, "", text[:_BOUND])
    line = mask(re.sub(_UNSEEN, "", re.sub(_SPACES, " ", bounded))).strip()
    return line if len(line) <= limit else line[: max(0, limit - 1)].rstrip() + "…"


@cache
def rules() -> tuple[Rule, ...]:
    """All of them, in the order in which they are used."""
    found = data()
    return tuple(Rule(row, found["parts"]) for row in found["secret"])


@cache
def data() -> dict[str, Any]:
    """`secrets.toml` as it stands."""
    import pkgutil  # with the parser some milliseconds that an import of this module does not pay
    import tomllib

    found = pkgutil.get_data("overnight.core", _DATA)
    assert found is not None
    return tomllib.loads(found.decode())


def _whole(pattern: str, parts: dict[str, str]) -> str:
    for name, part in parts.items():
        pattern = pattern.replace(f"%{name}%", part)
    return pattern


# ---------------------------------------------------------------- masking


@lru_cache(8192)
def _remembered(text: str) -> str:
    """A status says the same again and again; of a thousand runs each says some texts of its own."""
    return _mask(text)


@lru_cache(2048)
def _words_remembered(argv: tuple[str, ...]) -> list[str]:
    return _words(argv)


def _words(argv: Sequence[str]) -> list[str]:
    told = sorted(set(secrets_of(argv)), key=len, reverse=True)
    return [
        HIDDEN if _is_flag_value(word, flag) else mask(_hide(word, told)) for word, flag in _flagged(argv)
    ]


def _mask(text: str, found: list[str] | None = None) -> str:
    low = text.lower()
    for rule in rules():
        for needed in rule.needs:
            if needed in low:
                text = _without(text, rule, found)
                break
    return text


def _without(text: str, rule: Rule, found: list[str] | None) -> str:
    parts, kept = [], 0
    for start, end in rule.spans(text):
        parts += [text[kept:start], HIDDEN]
        kept = end
        if found is not None and (value := text[start:end].strip()) != HIDDEN:
            found.append(value)
    return "".join([*parts, text[kept:]]) if parts else text


# ---------------------------------------------------------------- judging


def _judged(text: str, start: int, end: int, judge: str) -> tuple[int, int] | None:
    """The span without quotes and brackets around it, if what stands there is a secret."""
    value = text[start:end]
    bare = value.lstrip("\\\"'")
    quoted = len(bare) < len(value)
    if not quoted and bare[-1:] in ")]}" and not set(bare) & set("([{"):
        bare = bare.rstrip(")]}")
    start = end - len(value.lstrip("\\\"'"))
    told = text[max(0, start - 4) : start]
    assigned = quoted or "=" in told or ":" not in told
    kept = _is_secret(bare, judge, assigned=assigned, quoted=quoted)
    return (start, start + len(bare)) if kept else None


def _is_secret(value: str, judge: str, *, assigned: bool, quoted: bool) -> bool:
    """`assigned`: after `=` or in quotes, so that no sentence is taken for a value."""
    if not value or value.rstrip(",.:").lower() in _NOTHING:
        return False
    if value[0] in "<[({" and (judge != "password" or len(value) == 1 or value[-1] in ">])}"):
        return False
    if re.fullmatch(_REFERENCE, value) or (value[0] == "/" and _is_path(value)):
        return False
    if judge == "password":
        return True
    if re.fullmatch(_NUMBER, value) or (not quoted and re.match(_CODE, value)):
        return False
    digits = any(char.isdigit() for char in value)
    if judge == "key":
        return len(value) >= 6 if assigned else len(value) >= 8 and digits
    return _is_random(value, digits) if assigned or judge == "random" else len(value) >= 16 and digits


def _is_random(value: str, digits: bool) -> bool:
    """Chosen by no person: digits among letters, or small and large letters mixed."""
    rest = value.strip()[1:]
    mixed = " " not in rest and any(c.isupper() for c in rest) and any(c.islower() for c in rest)
    return len(value) >= 6 and any(char.isalpha() for char in value) and (digits or mixed)


def _is_path(value: str) -> bool:
    """Not the 40 characters of an AWS key, which may begin with a slash."""
    return bool(re.fullmatch(_PATH, value)) and not (len(value) == 40 and _is_random(value, True))


def _flagged(argv: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Each word and what the one before says of it."""
    return zip(argv, [None, *map(_flag, argv)], strict=False)


def _hide(word: str, told: Sequence[str]) -> str:
    for secret in told:
        if secret == word or (len(secret) >= SURE and secret in word):
            word = word.replace(secret, HIDDEN)
    return word


def _flag(word: str) -> str | None:
    """What the word says of the next one: `password`, `key`, or nothing."""
    if word[:1] != "-" or "=" in word or " " in word:
        return None
    parts = data()["parts"]
    for kind, names in (("password", parts["password"]), ("key", f"(?:{parts['key']}|{parts['token']})")):
        if re.fullmatch(rf"(?i)--?[\w-]{{0,60}}?{names}", word):
            return kind
    return None


def _is_flag_value(word: str, flag: str | None) -> bool:
    return flag is not None and word[:1] != "-" and (flag == "password" or not re.fullmatch(_NUMBER, word))
