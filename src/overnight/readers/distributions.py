"""Optuna's stored parameters in words.

Rules: Optuna stores each value as a float with the JSON of its distribution beside it (the same in SQLite and
in a journal, versions 3 to 5, read in its `distributions.py`): an index into `choices` for categories, the
value itself for numbers. Unknown distributions keep the raw float.
"""

import json
from functools import lru_cache
from typing import Any

from overnight.readers.study import Range


@lru_cache(maxsize=4096)
def parse(text: str) -> tuple[str, dict[str, Any]]:
    """Kind and attributes of a distribution; ("", {}) for what is not one."""
    try:
        data = json.loads(text)
        return str(data["name"]), dict(data["attributes"])
    except (ValueError, KeyError, TypeError):
        return "", {}


def value(stored: float, text: str) -> str:
    """The parameter as a person would write it."""
    kind, attributes = parse(text)
    if kind == "CategoricalDistribution":
        choices = attributes.get("choices", [])
        index = int(stored)
        return str(choices[index]) if 0 <= index < len(choices) else str(stored)
    if kind.startswith("Int"):
        return str(int(stored))
    return repr(float(stored))


def extent(text: str) -> Range:
    """Where the parameter was searched."""
    kind, attributes = parse(text)
    if kind == "CategoricalDistribution":
        return Range(choices=tuple(str(c) for c in attributes.get("choices", [])))
    low, high = attributes.get("low"), attributes.get("high")
    if not isinstance(low, (int, float)) or not isinstance(high, (int, float)):
        return Range()
    return Range(low=float(low), high=float(high), log=bool(attributes.get("log")))
