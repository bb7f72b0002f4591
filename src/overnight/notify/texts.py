"""A telling in words: a title that says it all on a lock screen, and a body that fits everywhere.

Rules:
- The title says what happened first, in 64 characters; the body has at most 1024, the least that services
  take. Where room is short, evidence goes before facts, and facts before what to do.
- What comes from the run is quoted as it is, made harmless (see `quote`); ours is in the reader's language.
- One function per kind of telling gives the title and the parts of the body.
"""

from collections.abc import Callable, Iterator, Sequence
from gettext import NullTranslations
from typing import NamedTuple

from overnight.core.humane import number
from overnight.core.model import Problem, Question, Telling, TellKind
from overnight.i18n import translator
from overnight.notify.quote import TITLE, cause, cut, ending, evidence, found, line, name_of, title
from overnight.notify.words import lasting, place, position, share, trials, value_of

BODY = 1024
_MOST_PARAMS = 6


class Text(NamedTuple):
    """What people read."""

    title: str
    body: str


class _Part(NamedTuple):
    """One paragraph of a body. Of several that do not fit, the one with the highest `rank` goes first."""

    text: str
    rank: int = 0


def render(telling: Telling, lang: str) -> Text:
    """The telling in the language `lang` (`en`, `fr`; any other one reads as English)."""
    words = translator(lang)
    write_title, write_body = _KINDS[telling.kind]
    return Text(
        write_title(telling, words), _fitted([part for part in write_body(telling, words) if part.text])
    )


def question_text(question: Question, lang: str) -> str:
    """ "I detected X. Fix and relaunch, or continue?", and a line for each other problem that was found."""
    return _asked(question.problems, translator(lang))


# ---------------------------------------------------------------- success


def _success_title(telling: Telling, words: NullTranslations) -> str:
    _ = words.gettext
    name, time, best = name_of(telling), lasting(words, telling.elapsed_s), telling.best
    if best is None:
        return title(_("✅ {name} finished after {time}"), name=name, time=time)
    value, at = number(best.value), place(words, best.at) if best.at else ""
    pattern = (
        _("✅ {name} finished after {time} — best {value} ({place})")
        if at
        else _("✅ {name} finished after {time} — best {value}")
    )
    return title(pattern, name=name, time=time, value=value, place=at)


def _success_body(telling: Telling, words: NullTranslations) -> Iterator[_Part]:
    yield _headline(telling, words, words.gettext("Finished after {time}."))
    yield _best(telling, words)
    yield _params(telling, words)
    yield _Part(trials(words, telling.trials) if telling.trials else "", 4)
    yield _reached(telling, words)
    yield _look(telling, words)


# ---------------------------------------------------------------- failure


def _failure_title(telling: Telling, words: NullTranslations) -> str:
    _ = words.gettext
    facts = {"name": name_of(telling), "cause": cause(telling, words)}
    if telling.progress:
        facts["place"] = position(words, telling.progress[0])
        if telling.interrupted:
            return title(_("❌ {name} interrupted — {cause} at {place}"), **facts)
        return title(_("❌ {name} died — {cause} at {place}"), **facts)
    if telling.interrupted:
        return title(_("❌ {name} interrupted — {cause}"), **facts)
    return title(_("❌ {name} died — {cause}"), **facts)


def _failure_body(telling: Telling, words: NullTranslations) -> Iterator[_Part]:
    _ = words.gettext
    sentence = _("Interrupted after {time}") if telling.interrupted else _("Died after {time}")
    yield _headline(telling, words, f"{sentence} {ending(telling, words)}".rstrip() + ".")
    if telling.problem is not None:
        yield from _problem(telling.problem, words)
    yield _Part("\n".join(f"+ {line(text)}" for text in telling.cascades[:3]), 8)
    yield _best(telling, words)
    yield _reached(telling, words)
    yield _look(telling, words)


# ---------------------------------------------------------------- discovery


def _discovery_title(telling: Telling, words: NullTranslations) -> str:
    _ = words.gettext
    best = telling.record.best if telling.record else telling.best
    facts = {"name": name_of(telling), "value": number(best.value) if best else ""}
    if best and best.at:
        return title(_("🏆 New record {value} at {place} — {name}"), place=place(words, best.at), **facts)
    return title(_("🏆 New record {value} — {name}"), **facts)


def _discovery_body(telling: Telling, words: NullTranslations) -> Iterator[_Part]:
    _ = words.gettext
    yield _headline(telling, words, _("After {time}:"))
    record = telling.record
    if record is not None:
        facts = {"best": value_of(words, record.best), "previous": number(record.previous)}
        yield _Part(
            _("{best}; before {previous}, {gain} better").format(gain=share(abs(record.gain)), **facts)
        )
    yield _params(telling, words)
    yield _reached(telling, words)


# ---------------------------------------------------------------- question


def _question_title(telling: Telling, words: NullTranslations) -> str:
    problems = _problems(telling)
    whole = f"❓ {_asked(problems[:1], words)}"
    if len(whole) <= TITLE:
        return whole
    pattern = words.gettext("❓ {name}: I detected {problem}")
    return title(pattern, name=name_of(telling), problem=found(problems[0]))


def _question_body(telling: Telling, words: NullTranslations) -> Iterator[_Part]:
    _ = words.gettext
    yield _headline(telling, words, _("Paused after {time}; the command runs on."))
    problems, question = _problems(telling), telling.question
    yield _Part(cut(_asked(problems, words), BODY // 2))
    if problems:
        yield from _explained(problems[0], words)
        yield _Part(evidence(problems[0]), 9)
    choices = "|".join(question.choices) if question else "fix|continue|stop"
    yield _Part(_("Answer: {command}").format(command=f"overnight answer {telling.run} {choices}"))
    if question is not None and question.default is not None and question.default_t is not None:
        left = lasting(words, question.default_t - telling.elapsed_s)
        yield _Part(_("Without an answer in {time}: {choice}.").format(time=left, choice=question.default), 1)
    yield _reached(telling, words)


def _problems(telling: Telling) -> Sequence[Problem]:
    if telling.question is not None and telling.question.problems:
        return telling.question.problems
    return [telling.problem] if telling.problem else []


def _asked(problems: Sequence[Problem], words: NullTranslations) -> str:
    if not problems:
        return words.gettext("I detected a problem. Fix and relaunch, or continue?")
    sentence = words.gettext("I detected {problem}. Fix and relaunch, or continue?")
    others = [f"+ {found(problem)}" for problem in problems[1:]]
    return "\n".join([sentence.format(problem=found(problems[0])), *others])


# ---------------------------------------------------------------- parts that several kinds have


def _headline(telling: Telling, words: NullTranslations, sentence: str) -> _Part:
    """Which run, where, and how long: `sweep-A (k3f9) on box: Finished after 7 h 42.`"""
    run = f"{name_of(telling)} ({telling.run})"
    where = words.gettext("{run} on {host}").format(run=run, host=line(telling.host)) if telling.host else run
    return _Part(f"{where}\n{sentence.format(time=lasting(words, telling.elapsed_s))}")


def _problem(problem: Problem, words: NullTranslations) -> Iterator[_Part]:
    sentence = words.gettext("Line {line}: {text}")
    yield _Part(sentence.format(line=problem.first_line, text=line(problem.text)), 2)
    if problem.count > 1:
        times = words.ngettext("Seen {n} time.", "Seen {n} times.", problem.count)
        yield _Part(times.format(n=problem.count), 6)
    yield _Part(evidence(problem), 9)
    yield from _explained(problem, words)


def _explained(problem: Problem, words: NullTranslations) -> Iterator[_Part]:
    """Cause and advice; those of the known signatures are in the reader's language too."""
    _ = words.gettext
    if problem.cause:
        yield _Part(_("Cause: {text}").format(text=line(_(problem.cause))), 3)
    if problem.advice:
        yield _Part(_("What to do: {text}").format(text=line(_(problem.advice))), 1)
    if problem.relaunch:
        yield _Part(_("Relaunch: {text}").format(text=line(_(problem.relaunch))), 5)


def _best(telling: Telling, words: NullTranslations) -> _Part:
    if telling.best is None:
        return _Part("")
    return _Part(words.gettext("Best: {best}").format(best=value_of(words, telling.best)), 2)


def _params(telling: Telling, words: NullTranslations) -> _Part:
    best = telling.record.best if telling.record else telling.best
    if best is None or not best.params:
        return _Part("")
    shown = [f"{line(name)}={line(value)}" for name, value in list(best.params.items())[:_MOST_PARAMS]]
    return _Part(words.gettext("With {params}").format(params=cut(", ".join(shown), 2 * 160)), 5)


def _reached(telling: Telling, words: NullTranslations) -> _Part:
    if not telling.progress:
        return _Part("")
    inner = ", ".join(position(words, progress) for progress in telling.progress[:3])
    return _Part(words.gettext("Reached: {places}").format(places=inner), 7)


def _look(telling: Telling, words: NullTranslations) -> _Part:
    report = line(telling.report) if telling.report else f"overnight report {telling.run}"
    return _Part(words.gettext("Report: {place}").format(place=report), 3)


def _fitted(parts: list[_Part]) -> str:
    """The parts that fit, in order."""
    while len(_joined(parts)) > BODY and len(parts) > 1:
        parts.remove(max(parts, key=lambda part: part.rank))
    return cut(_joined(parts), BODY)


def _joined(parts: Sequence[_Part]) -> str:
    return "\n".join(part.text for part in parts)


_KINDS: dict[
    TellKind,
    tuple[
        Callable[[Telling, NullTranslations], str],
        Callable[[Telling, NullTranslations], Iterator[_Part]],
    ],
] = {
    "success": (_success_title, _success_body),
    "failure": (_failure_title, _failure_body),
    "discovery": (_discovery_title, _discovery_body),
    "question": (_question_title, _question_body),
}
