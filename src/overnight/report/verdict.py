"""The verdict: what became of the run in one sentence, and how that is known.

Rules: the sentence stands alone, as a lock screen shows it. An unknown end is called unknown.
"""

import signal as signals
from gettext import NullTranslations
from typing import NamedTuple

from overnight.core.humane import duration, number, size
from overnight.core.model import Exit, Problem
from overnight.report import clock
from overnight.report.document import Tone
from overnight.report.safe import clean
from overnight.report.summary import Summary
from overnight.report.units import counted, place
from overnight.report.view import View


class Verdict(NamedTuple):
    """`sign` is one character for a title; `known` says how the verdict is known."""

    tone: Tone
    sign: str
    sentence: str
    known: str


def verdict(view: View, summary: Summary | None, words: NullTranslations) -> Verdict:
    """The verdict on a run, ended or not."""
    tone, sign = _tone(view)
    return Verdict(tone, sign, _sentence(view, summary, words), _known(view, words))


def root(view: View) -> Problem | None:
    """What it died of: what it was interrupted for, else its first critical root cause."""
    if view.interrupted is not None:
        return view.interrupted
    if view.state not in ("failed", "lost"):
        return None
    critical = [p for p in view.problems if p.severity == "critical"]
    order = {"root": 0, "cascade": 1, "confirmation": 2, "noise": 3}
    return min(critical, key=lambda p: (order[p.role], p.first_line), default=None)


def _tone(view: View) -> tuple[Tone, str]:
    if view.state == "running":
        return ("warn", "❓") if view.question else ("live", "●")
    if view.state == "succeeded":
        return "good", "✓"
    return ("warn", "■") if view.state == "stopped" else ("bad", "✗")


def _sentence(view: View, summary: Summary | None, words: NullTranslations) -> str:
    opening, details = _opening(view, words), ", ".join(_details(view, summary, words))
    if not details:
        return f"{opening}."
    return words.gettext("{opening}: {details}.").format(opening=opening, details=details)


def _short(text: str) -> str:
    """The first sentence of what went wrong."""
    return clean(text, 140).partition(". ")[0].rstrip(".")


def _opening(view: View, words: NullTranslations) -> str:
    _ = words.gettext
    sentences = {
        "running": _("Still running after {duration} (since {start})"),
        "succeeded": _("Finished after {duration} ({start} → {end})"),
        "failed": _("Died after {duration} ({start} → {end})"),
        "stopped": _("Stopped after {duration} ({start} → {end})"),
        "lost": _("Ended unseen within {duration} ({start} → {end})"),
    }
    sentence = (
        _("Interrupted after {duration} ({start} → {end})") if view.interrupted else sentences[view.state]
    )
    start, end = clock.face(view, 0.0), clock.face(view, view.elapsed_s)
    return sentence.format(duration=duration(view.elapsed_s), start=start, end=end)


def _details(view: View, summary: Summary | None, words: NullTranslations) -> list[str]:
    _ = words.gettext
    details = []
    cause = root(view)
    if cause is not None:
        details.append(_short(cause.text))
    elif view.state == "stopped" and view.stopped_by:
        details.append(_("by {who}").format(who=clean(view.stopped_by, 40)))
    if view.outer is not None:
        details.append(counted(words, view.outer))
    best = _best(view, summary, words)
    return [*details, best] if best else details


def _best(view: View, summary: Summary | None, words: NullTranslations) -> str:
    _ = words.gettext
    if summary is not None and summary.best is not None:
        at = place(words, f"{summary.unit} {summary.best.number}")
        metric, value = clean(summary.metric, 40), number(summary.best.value)
    elif view.best is not None:
        at = place(words, view.best.at)
        metric, value = clean(view.best.name, 40), number(view.best.value)
    else:
        return ""
    return _("best {metric} {value} ({at})").format(metric=metric, value=value, at=at or "?")


def _known(view: View, words: NullTranslations) -> str:
    _ = words.gettext
    if view.exit is None:
        return _("The command is alive.") if view.state == "running" else _("No record of the end exists.")
    parts = [_ending(view.exit, words), *_usage(view.exit, words)]
    return " · ".join(parts)


def _ending(ended: Exit, words: NullTranslations) -> str:
    _ = words.gettext
    by = _("recorded by its keeper") if ended.by in ("inner", "outer") else _("seen by the watchman")
    if ended.code is not None:
        return _("Exit code {code}, {by}").format(code=ended.code, by=by)
    if ended.signal is not None:
        return _("Ended by {signal}, {by}").format(signal=_signal(ended.signal), by=by)
    return _("Exit code unknown: nobody was left to read it")


def _signal(number: int) -> str:
    try:
        return signals.Signals(number).name
    except ValueError:
        return str(number)


def _usage(ended: Exit, words: NullTranslations) -> list[str]:
    _ = words.gettext
    parts = []
    if ended.oom:
        parts.append(_("the kernel says: out of memory"))
    if ended.user_s is not None:
        spent = duration(ended.user_s + (ended.system_s or 0.0))
        parts.append(_("{duration} of CPU time").format(duration=spent))
    if ended.max_rss_bytes is not None:
        parts.append(_("{size} of memory at most").format(size=size(ended.max_rss_bytes)))
    return parts
