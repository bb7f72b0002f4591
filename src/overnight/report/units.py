"""Units, counts and shares in words."""

from gettext import NullTranslations

from overnight.core.humane import number
from overnight.core.model import Progress
from overnight.report.safe import clean


def singular(words: NullTranslations, unit: str) -> str:
    """`trial` in the reader's language; an unknown unit stays as it is."""
    _ = words.gettext
    known = {"trial": _("trial"), "epoch": _("epoch"), "step": _("step"), "iteration": _("iteration")}
    return known.get(unit, clean(unit, 20))


def plural(words: NullTranslations, unit: str) -> str:
    """`trials` for `trial`, in the reader's language; an unknown unit stays as it is."""
    _ = words.gettext
    known = {
        "trial": _("trials"),
        "epoch": _("epochs"),
        "step": _("steps"),
        "iteration": _("iterations"),
        "batch": _("batches"),
        "fit": _("fits"),
        "fold": _("folds"),
        "file": _("files"),
        "frame": _("frames"),
        "item": _("items"),
        "percent": "%",
    }
    return known.get(unit, clean(unit, 20))


def place(words: NullTranslations, at: str | None) -> str:
    """`trial 50` in the reader's language, from its English form."""
    unit, _sep, rest = (at or "").partition(" ")
    return f"{singular(words, unit)} {clean(rest, 20)}".strip()


def counted(words: NullTranslations, progress: Progress) -> str:
    """`63/100 trials`."""
    current = number(progress.reached)
    if progress.unit == "percent":
        return f"{current} %"
    of = f"/{number(progress.total)}" if progress.total else ""
    return f"{current}{of} {plural(words, progress.unit)}"


def share(part: float) -> str:
    """`18 %`, `0.4 %`: two significant digits."""
    percent = 100 * part
    return f"{percent:.0f} %" if abs(percent) >= 10 or percent == 0 else f"{percent:.2g} %"
