"""Small words in the reader's language: units, durations, counts.

Rules:
- Values stay as a log prints them (`0.0312`, also in French), so that they can be searched for.
- A duration has at most two units: `42 s`, `12 min`, `7 h 42`, `3 d 4 h` (`3 j 4 h`).
- A unit we do not know stays as it is.
"""

from gettext import NullTranslations

from overnight.core.humane import duration, number
from overnight.core.mask import harmless
from overnight.core.model import Best, Progress

_DAY_S = 86_400
_LONGEST_NAME = 40


def lasting(words: NullTranslations, seconds: float) -> str:
    """A duration."""
    if round(seconds) < _DAY_S:
        return duration(seconds)
    days, rest = divmod(round(seconds), _DAY_S)
    return words.gettext("{days} d {hours} h").format(days=days, hours=rest // 3600)


def place(words: NullTranslations, at: str) -> str:
    """`trial 50` out of its English form."""
    unit, _, which = at.partition(" ")
    return f"{_singular(words, unit)} {harmless(which, 20)}".strip()


def position(words: NullTranslations, progress: Progress) -> str:
    """`trial 63/100`, `step 1200`, `45 %`."""
    if progress.unit == "percent":
        return f"{number(progress.reached)} %"
    of = f"/{number(progress.total)}" if progress.total else ""
    return f"{_singular(words, progress.unit)} {number(progress.reached)}{of}"


def value_of(words: NullTranslations, best: Best) -> str:
    """`loss 0.0312 (trial 87)`."""
    at = f" ({place(words, best.at)})" if best.at else ""
    return f"{harmless(best.name, _LONGEST_NAME)} {number(best.value)}{at}"


def share(part: float) -> str:
    """`18 %`, `0.4 %`: two significant digits."""
    percent = 100 * part
    return f"{percent:.0f} %" if abs(percent) >= 10 or percent == 0 else f"{percent:.2g} %"


def trials(words: NullTranslations, counts: dict[str, int]) -> str:
    """`100 trials: 90 complete, 7 pruned, 3 failed`."""
    total = sum(counts.values())
    head = words.ngettext("{n} trial", "{n} trials", total).format(n=total)
    states = {
        "complete": words.ngettext("{n} complete", "{n} complete", counts.get("complete", 0)),
        "pruned": words.ngettext("{n} pruned", "{n} pruned", counts.get("pruned", 0)),
        "failed": words.ngettext("{n} failed", "{n} failed", counts.get("failed", 0)),
        "running": words.ngettext("{n} unfinished", "{n} unfinished", counts.get("running", 0)),
    }
    parts = [states[state].format(n=counts[state]) for state in states if counts.get(state)]
    if not parts:
        return head
    return words.gettext("{trials}: {states}").format(trials=head, states=", ".join(parts))


def _singular(words: NullTranslations, unit: str) -> str:
    _ = words.gettext
    known = {
        "trial": _("trial"),
        "epoch": _("epoch"),
        "step": _("step"),
        "iteration": _("iteration"),
        "batch": _("batch"),
        "fit": _("fit"),
        "fold": _("fold"),
        "file": _("file"),
        "frame": _("frame"),
        "item": _("item"),
    }
    return known.get(unit, harmless(unit, 20))
