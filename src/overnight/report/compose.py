"""Facts and pictures put together into one document in one language."""

from collections.abc import Sequence
from gettext import NullTranslations

from overnight.i18n import translator
from overnight.report import again, clock, findings, story
from overnight.report.document import Document, Fact, Headings
from overnight.report.picture import Picture
from overnight.report.safe import clean, clean_lines
from overnight.report.summary import Outcome, Summary, summarize
from overnight.report.todo import todo
from overnight.report.verdict import verdict
from overnight.report.view import View


def compose(view: View, lang: str, pictures: Sequence[Picture] | None) -> Document:
    """The report of `view` in `lang`. `pictures` is None when no chart library is there to draw them."""
    words = translator(lang)
    summary = sum_up(view)
    judged = verdict(view, summary, words)
    name = clean(view.name, 60)
    return Document(
        lang=lang,
        run=view.run,
        title=name,
        tone=judged.tone,
        sign=judged.sign,
        verdict=judged.sentence,
        known=judged.known,
        meta=_meta(view, words),
        todo=todo(view, summary, words),
        new_lines=story.new_lines(view, words),
        tiles=findings.tiles(view, summary, words),
        results_note=findings.result_note(view, words),
        tables=findings.tables(view, summary, words),
        doubts=findings.doubts(summary, words),
        pictures=tuple(pictures or ()),
        pictures_note=_pictures_note(pictures, words),
        problems=story.troubles(view, words),
        tail=tuple(clean_lines(view.tail)) if view.state in ("failed", "lost") else (),
        night=story.night(view, words),
        again=again.again(view, words),
        told=story.told(view, words),
        headings=_headings(words),
        footer=_footer(view, words),
    )


def sum_up(view: View) -> Summary | None:
    """The results of a view in numbers; None when it has no objective."""
    if view.direction is None:
        return None
    if view.trials:
        done = [
            Outcome(p.number, p.value, p.t)
            for p in view.trials
            if p.state == "complete" and p.value is not None
        ]
        metric = view.metric or "value"
        edges = view.study.edges
        return summarize(
            done, view.direction, metric=metric, states=view.states, params=view.params, edges=edges
        )
    curve = view.curves.get(view.metric, [])
    if not curve:
        return None
    outcomes = [Outcome(round(p.x), p.value, p.t) for p in curve]
    return summarize(outcomes, view.direction, metric=view.metric, unit=view.curve_unit or "step")


def _meta(view: View, words: NullTranslations) -> tuple[Fact, ...]:
    _ = words.gettext
    started = clock.wall(view, 0.0).strftime("%Y-%m-%d %H:%M")
    facts = [
        Fact(_("run"), view.run, True),
        Fact(_("host"), clean(view.provenance.host, 60)),
        Fact(_("started"), started),
        Fact(_("tags"), clean(", ".join(view.tags), 120)),
    ]
    return tuple(fact for fact in facts if fact.value)


def _pictures_note(pictures: Sequence[Picture] | None, words: NullTranslations) -> str:
    _ = words.gettext
    if pictures is None:
        return _("No pictures: the chart library is not installed. To have them: {command}").format(
            command="pip install 'overnight[report]'"
        )
    return "" if pictures else _("There is nothing to draw: the run printed no progress and no metric.")


def _headings(words: NullTranslations) -> Headings:
    _ = words.gettext
    return Headings(
        todo=_("What to do next"),
        new_lines=_("New lines"),
        results=_("Results"),
        doubts=_("Doubts"),
        course=_("Pace and resources"),
        problems=_("Problems"),
        tail=_("Last lines"),
        night=_("The night"),
        again=_("To do it again"),
        told=_("Who was told"),
        cause=_("Cause"),
        advice=_("Advice"),
        relaunch=_("Relaunch"),
        nothing=_("Nothing needs you."),
    )


def _footer(view: View, words: NullTranslations) -> str:
    text = words.gettext("Written by overnight; {lines} lines of log were read.")
    return text.format(lines=view.log_lines)
