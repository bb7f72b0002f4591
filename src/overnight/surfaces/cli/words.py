"""The words of options: `30,90,300`, `maximize value`, `trials=100`, `K=V`.

Rules: pure; a word that cannot be read is a click usage error that says what it should look like; nothing
heavy is imported, the detached start goes through here.
"""

import math
from typing import Any

import click

_DIRECTIONS = {"maximize": "maximize", "max": "maximize", "minimize": "minimize", "min": "minimize"}


def _bad(message: str) -> click.BadParameter:
    return click.BadParameter(message)


def schedule(_ctx: click.Context, _param: click.Parameter, text: str | None) -> tuple[float, ...] | None:
    """`30,90,300`: check-ins at 30 s, at 90 s, then every 300 s."""
    if text is None:
        return None
    # Here, because it loads the model, which a start without the option does not need.
    from overnight.core.cadence import parse

    try:
        return parse(text)
    except ValueError as error:
        raise _bad(str(error)) from None


def goal(_ctx: click.Context, _param: click.Parameter, text: str | None) -> dict[str, Any] | None:
    """`maximize value`, `minimize val_loss`, or the direction alone."""
    if text is None:
        return None
    direction, _, metric = text.strip().partition(" ")
    if direction.lower() not in _DIRECTIONS:
        raise _bad(f'{text!r} names no direction, write for example "maximize value" or "minimize val_loss"')
    return {"direction": _DIRECTIONS[direction.lower()], "metric": metric.strip() or None}


def expectations(_ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]) -> dict[str, float]:
    """`trials=100`: how many there will be, where the log does not say. The plural is taken off."""
    expected = {}
    for word in words:
        unit, _, count = word.partition("=")
        number = _number(count, f"{word!r} is no expectation, write for example trials=100")
        if not unit or number <= 0:
            raise _bad(f"{word!r} is no expectation, write for example trials=100")
        expected[unit[:-1] if unit.endswith("s") and len(unit) > 1 else unit] = number
    return expected


def assignments(_ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]) -> dict[str, str]:
    """`K=V`: environment additions."""
    env = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name or "\0" in word:
            raise _bad(f"{word!r} is no assignment, write for example CUDA_VISIBLE_DEVICES=0")
        env[name] = value
    return env


def _number(text: str, message: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise _bad(message) from None
    if not math.isfinite(value):
        raise _bad(message)
    return value
