"""What is told of one run, without its secrets.

Rules:
- One veil per run stands where its texts leave: its status, its events, its report, the lines that a reader is shown.
- Besides what `mask` recognises anywhere it hides what this run was given: a value of its command or of its `--env`
  that a name says is secret is hidden wherever it appears, however the program prints it.
- Only free texts are changed, never what programs read: ids, states, signatures and paths of ours stay.
- A value of less than six characters is hidden as a word of its own, one of less than four only beside its name.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from overnight.core.mask import HIDDEN, SURE, mask, mask_lines, mask_words, secrets_in, secrets_of
from overnight.core.model import Spec

T = TypeVar("T", bound=msgspec.Struct)

_SHORTEST = 4
_LINE = 16
"""Characters from which a line of a value over several lines is hidden by itself."""
_FREE = frozenset(
    {"advice", "at", "by", "cascades", "cause", "changed", "command", "context", "cwd", "metrics", "name"}
    | {"note", "params", "reason", "tags", "text", "unit"}
)
_TELLING_NAME = re.compile(r"(?i)(?:^|_)(?:token|auth|cookie|pat|dsn|pass|pw|credentials?|webhook)$")
_FLAT = str.maketrans({'"': "'", "\\": "/", "\n": " ", "\r": " "})


class Veil:
    """Hides the secrets of the run that was started with `argv` and `env`."""

    def __init__(self, argv: Sequence[str] = (), env: Mapping[str, str] | None = None) -> None:
        given = secrets_of(argv)
        for name, value in (env or {}).items():
            given += _of_variable(name, value)
        self._given = _any_of({value.strip() for value in given})

    @classmethod
    def of(cls, spec: Spec) -> "Veil":
        """The veil of the run with that intent."""
        attached = spec.attached.env if spec.attached else None
        return cls(spec.argv, {**(attached or {}), **spec.env})

    def text(self, text: str) -> str:
        """`text` without secrets."""
        return mask(self._given.sub(HIDDEN, text) if self._given else text)

    def lines(self, lines: Sequence[str], limit: int | None = None) -> list[str]:
        """Lines that follow each other, at most `limit` characters each: a secret may go over several."""
        return mask_lines([self._given.sub(HIDDEN, line) for line in lines] if self._given else lines, limit)

    def words(self, argv: Sequence[str]) -> list[str]:
        """The words of a command."""
        return [self.text(word) for word in mask_words(argv)]

    def variables(self, env: Mapping[str, str]) -> dict[str, str]:
        """Names and their values: what a name says is secret is hidden whole."""
        return {
            self.text(name): HIDDEN if value in _of_variable(name, value) else self.text(value)
            for name, value in env.items()
        }

    def facts(self, value: Any, *, free: bool = False) -> Any:
        """Records as plain values, their free texts without secrets."""
        if isinstance(value, str):
            return self.text(value) if free else value
        if isinstance(value, dict):
            return {
                self.text(key) if free else key: self._fact(key, item, free) for key, item in value.items()
            }
        return [self.facts(item, free=free) for item in value] if isinstance(value, list | tuple) else value

    def record(self, record: T) -> T:
        """A record (a status, a problem) as it may be shown."""
        return msgspec.convert(self.facts(msgspec.to_builtins(record)), type(record))

    def _fact(self, key: str, value: Any, free: bool) -> Any:
        if key == "command" and isinstance(value, list | tuple):
            return self.words(value)
        if key == "context":
            return self.lines(value)
        if key == "params":
            return self.variables(value)
        return self.facts(value, free=free or key in _FREE)


def _of_variable(name: str, value: str) -> list[str]:
    """The secrets in the value of a variable; the value itself where the name says that it is one."""
    label = "API_KEY" if _TELLING_NAME.search(name) else name
    flat = value.translate(_FLAT)
    found = secrets_in(f'{label}="{flat}"') if value else []
    if flat.strip() not in found:
        return found
    return [value, *(line for line in value.splitlines() if len(line) >= _LINE)]


def _any_of(values: set[str]) -> re.Pattern[str] | None:
    """Any of these, the longest first."""
    told = sorted((value for value in values if len(value) >= _SHORTEST), key=len, reverse=True)
    texts = [re.escape(v) if len(v) >= SURE else rf"(?<!\w){re.escape(v)}(?!\w)" for v in told]
    return re.compile("|".join(texts)) if texts else None
