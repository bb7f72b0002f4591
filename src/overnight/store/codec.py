"""Our structs as JSON and back, whatever they hold.

Rules:
- What is written is always valid JSON that can be read again: a number that JSON has no word for becomes the
  string `nan`, `inf` or `-inf`, and reads back as a number wherever a number is meant.
- Bytes of a command that are no UTF-8 (Python's lone surrogates) survive as `\\udcXX` escapes.
- DamagedError input raises `DamagedError`, and nothing else.
"""

import json
import math
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class DamagedError(ValueError):
    """These bytes are not the JSON of that type."""


def encode(value: object) -> bytes:
    """One line of JSON, without a line end."""
    plain = _plain(msgspec.to_builtins(value))
    try:
        return msgspec.json.encode(plain)
    except UnicodeEncodeError:
        return json.dumps(plain, separators=(",", ":")).encode()


def decode(data: bytes, wanted: type[T]) -> T:
    """The `wanted` struct out of its JSON. Raises DamagedError."""
    try:
        return msgspec.json.decode(data, type=wanted, strict=False)
    except msgspec.ValidationError as error:
        raise DamagedError(str(error)) from error
    except RecursionError as error:
        raise DamagedError("it is nested too deeply") from error
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass  # maybe only a lone surrogate, which the slower parser takes
    try:
        return msgspec.convert(json.loads(data), wanted, strict=False)
    except (ValueError, RecursionError, OverflowError) as error:
        raise DamagedError(str(error)) from error


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
