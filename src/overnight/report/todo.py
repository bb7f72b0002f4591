"""What to do next: at most three things, the most pressing first, with the exact command if there is one."""

from collections.abc import Iterable, Iterator
from gettext import NullTranslations
from itertools import islice

from overnight.report.document import Todo
from overnight.report.safe import clean
from overnight.report.summary import Summary
from overnight.report.units import plural, share
from overnight.report.verdict import root
from overnight.report.view import View

_WORTH_MORE = 0.02
"""A last third that still gained two percent suggests that more of the same would gain more."""


def todo(view: View, summary: Summary | None, words: NullTranslations) -> tuple[Todo, ...]:
    """The list; empty when nothing needs anybody."""
    return tuple(islice(_all(view, summary, words), 3))


def _all(view: View, summary: Summary | None, words: NullTranslations) -> Iterator[Todo]:
    yield from _question(view, words)
    if view.state in ("failed", "lost"):
        yield from _after_failure(view, words)
    elif view.state == "stopped":
        yield _again(view, words)
    yield from _failing_trials(view, words)
    if summary is not None:
        yield from _results(view, summary, words)


def _question(view: View, words: NullTranslations) -> Iterable[Todo]:
    _ = words.gettext
    if view.question is None or not view.question.problems:
        return
    found = clean(view.question.problems[0].text, 120)
    yield Todo(
        _("A question is open: {problem} — fix and relaunch, continue, or stop?").format(problem=found),
        f"overnight answer {view.run} continue",
    )


def _after_failure(view: View, words: NullTranslations) -> Iterable[Todo]:
    _ = words.gettext
    cause = root(view)
    if cause is not None and cause.advice:
        yield Todo(clean(cause.advice))
        yield _again(view, words, clean(cause.relaunch, 160))
    else:
        yield Todo(_("Read the last lines of the log."), f"overnight logs {view.run}")
        yield _again(view, words)


def _again(view: View, words: NullTranslations, remark: str = "") -> Todo:
    _ = words.gettext
    text = (
        _("Start it again when it is fixed.")
        if view.state == "failed"
        else _("Start it again if it is wanted.")
    )
    return Todo(f"{text} {remark}".strip(), f"overnight relaunch {view.run}" if view.startable else "")


def _failing_trials(view: View, words: NullTranslations) -> Iterable[Todo]:
    """More than a fifth of the trials failing hides that a part of the search space was never tried."""
    _ = words.gettext
    total, failed = sum(view.states.values()), view.states.get("failed", 0)
    if total >= 5 and failed > total / 5:
        text = _("{failed} of {total} trials failed: find out why before trusting the search.")
        yield Todo(text.format(failed=failed, total=total), f"overnight logs {view.run}")


def _results(view: View, summary: Summary, words: NullTranslations) -> Iterable[Todo]:
    _ = words.gettext
    doubts = {s.doubt: s.subject for s in summary.suspicions}
    if doubts.keys() & {"zero", "perfect", "lonely", "infinite", "constant"}:
        yield Todo(_("Check the best before building on it: see the doubts below."))
    if "edge" in doubts:
        text = _("Widen the range of {names}: the best lies at its end.")
        yield Todo(text.format(names=clean(doubts["edge"], 120)))
    if view.state != "succeeded" or summary.late_gain is None:
        return
    units = plural(words, summary.unit)
    if summary.converged:
        text = _("Next time fewer {units} will do: the last third gained {gain}.")
        yield Todo(text.format(units=units, gain=share(summary.late_gain)))
    elif summary.converged is False and summary.late_gain > _WORTH_MORE:
        text = _("It was still improving ({gain} in the last third): more {units} may pay.")
        yield Todo(text.format(units=units, gain=share(summary.late_gain)))
