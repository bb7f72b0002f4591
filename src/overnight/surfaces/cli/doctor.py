"""`doctor`: one page about what could kill or blind a run here, the worst first.

Rules:
- What needs somebody has its own lines and its cure, which is never wrapped: it is copied from the screen.
- What is in order is told in a paragraph per theme.
"""

import textwrap
from collections.abc import Iterator, Sequence

from overnight import app
from overnight.surfaces.cli import out
from overnight.surfaces.cli.registry import DONE, REFUSED
from overnight.surfaces.cli.verb import json_option, verb
from overnight.surfaces.safe import printable

_WIDEST = 100
_INDENT = 16
_MARKS = {"bad": ("✗", "x"), "warn": ("!", "!"), "unknown": ("?", "?"), "ok": ("✓", "-")}
_ARROW = ("→", ">")
_BETWEEN = ("·", "|")
_HELD = "\N{NO-BREAK SPACE}"
"""Before a dot: it ends a line and begins none."""
_AIRY = 5
"""So many entries have an empty line between them; more would be more than a page."""


@verb(
    "doctor",
    "Say what could kill runs on this machine, and what to do",
    ("overnight doctor", "one page: the worst first, each with its cure"),
    ("overnight doctor --json", "one object per check: name, ok, level, text, advice, theme"),
)
@json_option
def doctor(as_json: bool) -> int:
    """Look for what could kill or blind a run here: logout, containers, limits, the disk, the kernel.

    Levels: ok; unknown, it could not be looked at; warn (!), it could kill a run or blind the watch;
    bad (✗), nothing works until it is mended. The exit code is 1 for `bad` alone, else 0.
    """
    checks = app.doctor()
    if as_json:
        out.say_json(checks)
    else:
        for line in page(checks):
            out.say(line)
    return REFUSED if any(check.level == "bad" for check in checks) else DONE


def page(checks: Sequence[app.Check]) -> Iterator[str]:
    """The lines of the page."""
    yield _headline(checks)
    alarming = [check for level in ("bad", "warn", "unknown") for check in checks if check.level == level]
    for number, check in enumerate(alarming):
        if number == 0 or len(alarming) <= _AIRY:
            yield ""
        yield from _entry(check)
    yield ""
    for theme in dict.fromkeys(check.theme for check in checks):
        harmless = [_told(check) for check in checks if check.theme == theme and check.level == "ok"]
        if harmless:
            yield from _wrapped("ok", theme, f"{_HELD}{_sign(_BETWEEN)} ".join(harmless))


def _headline(checks: Sequence[app.Check]) -> str:
    bad, warnings = (sum(check.level == level for check in checks) for level in ("bad", "warn"))
    if bad:
        return "Nothing works here yet:"
    if warnings:
        return f"{warnings} {'things' if warnings > 1 else 'thing'} could kill or blind a run here:"
    return "Nothing here is known to kill a run."


def _told(check: app.Check) -> str:
    return check.text if check.name == check.theme else f"{check.name}: {check.text}"


def _entry(check: app.Check) -> Iterator[str]:
    yield from _wrapped(check.level, check.name, check.text)
    if check.advice:
        yield f"{'':<{_INDENT}}{_sign(_ARROW)} {printable(check.advice)}"


def _wrapped(level: str, label: str, text: str) -> list[str]:
    first = f"{_sign(_MARKS[level])} {printable(label)}"
    lines = textwrap.wrap(
        printable(text),
        max(2 * _INDENT, min(_WIDEST, out.terminal_width())),
        initial_indent=f"{first:<{_INDENT - 1}} ",
        subsequent_indent=" " * _INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_HELD, " ") for line in lines]


def _sign(signs: tuple[str, str]) -> str:
    return signs[0] if out.can_show(signs[0]) else signs[1]
