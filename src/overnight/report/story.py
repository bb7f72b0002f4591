"""The night as it was lived: what happened when, and who was told.

Rules: quiet check-ins are one row however many; what needed no one takes no room; of too many rows the first and the
last are shown, and between them how many were left out.
"""

from collections.abc import Callable, Iterator
from gettext import NullTranslations
from typing import Any

from overnight.core.humane import duration, number
from overnight.core.model import Event
from overnight.report import clock
from overnight.report.document import NewLines, Row, Trouble
from overnight.report.safe import clean, clean_lines
from overnight.report.units import place, share
from overnight.report.view import View

_MOST_ROWS = 80
_LATE_S = 60.0
"""A message that is not out after a minute deserves a look; the last one leaves together with the report."""
Teller = Callable[[Event, View, NullTranslations], str]


def night(view: View, words: NullTranslations) -> tuple[Row, ...]:
    """The rows of the timeline, the first and the last ones kept when there are too many."""
    left_out = sum(count for kind, count in view.left_out.items() if kind in _TELLERS)
    return _ends(list(_rows(view, words)), left_out, words)


def _ends(rows: list[Row], left_out: int, words: NullTranslations) -> tuple[Row, ...]:
    """The first and the last rows. `left_out`: how many there are besides in the middle."""
    if len(rows) + left_out <= _MOST_ROWS:
        return tuple(rows)
    half = _MOST_ROWS // 2
    first, last = rows[:half], rows[half:][-half:]
    gap = words.gettext("{n} more").format(n=len(rows) + left_out - len(first) - len(last))
    return (*first, Row("", "gap", f"… {gap} …"), *last)


def _rows(view: View, words: NullTranslations) -> Iterator[Row]:
    quiet: list[Event] = []
    for event in view.events:
        if event.kind == "check_in" and event.data.get("verdict", "ok") == "ok":
            quiet.append(event)
            continue
        teller = _TELLERS.get(event.kind)
        if teller is None:
            continue
        if quiet:
            yield _quiet(view, quiet, words)
            quiet = []
        text = teller(event, view, words)
        if text:
            yield Row(clock.face(view, event.t), event.kind, text, _tone(event))
    if quiet:
        yield _quiet(view, quiet, words)


def _quiet(view: View, events: list[Event], words: NullTranslations) -> Row:
    n = len(events)
    text = words.ngettext("{n} quiet check-in", "{n} quiet check-ins", n).format(n=n)
    last = clock.face(view, events[-1].t)
    return Row(clock.face(view, events[0].t), "check_in", text + (f" (→ {last})" if n > 1 else ""))


def _tone(event: Event) -> str:
    if event.kind == "problem":
        return {"critical": "bad", "minor": "warn"}.get(str(event.data.get("severity")), "")
    if event.kind == "ended":
        return {"succeeded": "good", "stopped": "warn"}.get(str(event.data.get("state")), "bad")
    return {"record": "gold", "question": "warn", "interrupt": "bad", "answer": "warn"}.get(event.kind, "")


def _started(event: Event, view: View, words: NullTranslations) -> str:
    return words.gettext("Started")


def _adopted(event: Event, view: View, words: NullTranslations) -> str:
    return words.gettext("A new watchman took the run over")


def _checked(event: Event, view: View, words: NullTranslations) -> str:
    text = words.gettext("Check-in {n}: {verdict}")
    return text.format(n=_count(event.data.get("number")), verdict=clean(str(event.data.get("verdict")), 20))


def _problem(event: Event, view: View, words: NullTranslations) -> str:
    text, count = clean(str(event.data.get("text", "")), 160), _count(event.data.get("count"))
    return text if count in ("1", "?") else f"{text} (×{count})"


def _count(value: object) -> str:
    """A recorded count; `?` for what is none."""
    return str(value) if isinstance(value, int) else "?"


def _record(event: Event, view: View, words: NullTranslations) -> str:
    best: dict[str, Any] = event.data.get("best", {})
    value, gain = best.get("value"), event.data.get("gain")
    if not isinstance(value, (int, float)) or not isinstance(gain, (int, float)):
        return ""
    text = words.gettext("New record {value} at {at}, {gain} better")
    return text.format(value=number(value), at=place(words, best.get("at")), gain=share(gain))


def _question(event: Event, view: View, words: NullTranslations) -> str:
    problems = event.data.get("problems") or [{}]
    text = words.gettext("Paused and asked about: {problem}")
    return text.format(problem=clean(str(problems[0].get("text", "")), 120))


def _answer(event: Event, view: View, words: NullTranslations) -> str:
    _ = words.gettext
    choices = {"fix": _("fix and relaunch"), "continue": _("continue"), "stop": _("stop")}
    choice = choices.get(str(event.data.get("choice")), "?")
    return _("Answered by {who}: {choice}").format(
        who=clean(str(event.data.get("by", "?")), 40), choice=choice
    )


def _interrupt(event: Event, view: View, words: NullTranslations) -> str:
    problem: dict[str, Any] = event.data.get("problem", {})
    return words.gettext("Interrupted: {problem}").format(problem=clean(str(problem.get("text", "")), 120))


def _stop(event: Event, view: View, words: NullTranslations) -> str:
    return words.gettext("Asked to stop by {who}").format(who=clean(str(event.data.get("by", "?")), 40))


def _ended(event: Event, view: View, words: NullTranslations) -> str:
    _ = words.gettext
    ends = {
        "succeeded": _("Finished"),
        "failed": _("Ended with a failure"),
        "stopped": _("Stopped"),
        "lost": _("Ended unseen"),
    }
    after = duration(event.t)
    return _("{end} after {duration}").format(
        end=ends.get(str(event.data.get("state")), _("Ended")), duration=after
    )


def _note(event: Event, view: View, words: NullTranslations) -> str:
    return clean(str(event.data.get("text", "")), 200)


_TELLERS: dict[str, Teller] = {
    "started": _started,
    "adopted": _adopted,
    "check_in": _checked,
    "problem": _problem,
    "record": _record,
    "question": _question,
    "answer": _answer,
    "interrupt": _interrupt,
    "stop": _stop,
    "ended": _ended,
    "note": _note,
}


def told(view: View, words: NullTranslations) -> tuple[Row, ...]:
    """The messages: when, what kind, and through which channels each got out."""
    _ = words.gettext
    kinds = {
        "success": _("success"),
        "failure": _("failure"),
        "discovery": _("discovery"),
        "question": _("question"),
    }
    channels = _channels(view)
    rows = []
    for event in view.events:
        if event.kind != "notification":
            continue
        sent = channels.get(str(event.data.get("key")), [])
        kind = kinds.get(str(event.data.get("kind")), "?")
        by = _("sent by {channels}").format(channels=", ".join(sent)) if sent else _("on its way")
        late = not sent and view.elapsed_s - event.t > _LATE_S
        rows.append(Row(clock.face(view, event.t), "notification", f"{kind} — {by}", "warn" if late else ""))
    return _ends(rows, view.left_out.get("notification", 0), words)


def _channels(view: View) -> dict[str, list[str]]:
    """The kinds of channel each message got out by; what follows the colon tells two of a kind apart."""
    found: dict[str, list[str]] = {}
    for event in view.events:
        if event.kind == "told":
            kind = str(event.data.get("channel", "?")).partition(":")[0]
            found.setdefault(str(event.data.get("key")), []).append(clean(kind, 60))
    return found


def troubles(view: View, words: NullTranslations) -> tuple[Trouble, ...]:
    """The problems with their evidence, the worst first; at most twelve."""
    return tuple(_trouble(view, p, words) for p in view.problems[:12])


def _trouble(view: View, problem: Any, words: NullTranslations) -> Trouble:
    _ = words.gettext
    first, last = problem.first_line, problem.last_line
    lines = _("line {a}").format(a=first) if first == last else _("lines {a} to {b}").format(a=first, b=last)
    times = words.ngettext("once", "{n} times", problem.count).format(n=problem.count)
    when = clock.face(view, problem.first_t) if problem.first_t is not None else ""
    severities = {"critical": _("critical"), "minor": _("minor"), "info": _("information")}
    return Trouble(
        title=clean(problem.text, 200),
        tone={"critical": "bad", "minor": "warn"}.get(problem.severity, "live"),  # type: ignore[arg-type]  # a Tone
        where=" · ".join(part for part in (severities[problem.severity], lines, times, when) if part),
        cause=clean(problem.cause),
        advice=clean(problem.advice),
        relaunch=clean(problem.relaunch),
        extract=tuple(clean_lines(problem.context)),
    )


def new_lines(view: View, words: NullTranslations) -> NewLines | None:
    """What a failed run printed and the good ones before it did not; None when there is nothing to say."""
    if view.new_lines is None or not view.new_lines.lines:
        return None
    note = words.ngettext(
        "Lines that the last good run of this command did not print.",
        "Lines that the last {n} good runs of this command did not print.",
        view.new_lines.runs,
    ).format(n=view.new_lines.runs)
    width = len(str(view.new_lines.lines[-1].line))
    quoted = (f"{quote.line:>{width}} {quote.text}" for quote in view.new_lines.lines)
    return NewLines(note, tuple(clean_lines(quoted)))
