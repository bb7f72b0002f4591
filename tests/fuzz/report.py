"""A report of a hostile night.

Rules: a run whose names, log and events were written by somebody hostile gives a page of known elements without a
link or a script, and Markdown without one of its own. Parts of an input stand between zero bytes: name, log, events.
"""

import re
from html.parser import HTMLParser

from msgspec.structs import replace
from report_nights import TAGS

from fuzz import events, support
from overnight import catalog
from overnight.core.replay import replay as replayed
from overnight.core.watch import Watch
from overnight.report import markdown, page
from overnight.report.build import _now
from overnight.report.compose import compose
from overnight.report.course import Course
from overnight.report.source import Recorded, view_of
from overnight.report.view import Provenance, View

KNOWN = catalog.load()
_CODE = re.compile(r"\\[^\w\s]|(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
"""What Markdown shows as it stands: an escaped sign, a span or a fence of code."""
_REFERRING = ("src", "href", "xlink:href", "srcset", "action", "http-equiv")


class Page(HTMLParser):
    """Fails at the first element or attribute that is not ours."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, f"an element of its own: {tag}"
        for name, _value in attrs:
            assert not name.startswith("on"), f"a script: {name}"
            assert tag == "meta" or name not in _REFERRING, f"a link: {name}"


def check(data: bytes) -> None:
    """Read the night, write the report."""
    name, log, recorded = [*data.split(b"\0", 2), b"", b""][:3]
    text = name.decode("utf-8", "surrogateescape")
    document = compose(_view(text, log, recorded), "fr" if len(text) % 2 else "en", None)
    reader = Page()
    reader.feed(page.write(document))
    reader.close()
    written = markdown.write(document)
    support.assert_harmless(written)
    outside = _CODE.sub("", written)
    assert "<" not in outside, outside


def _view(text: str, log: bytes, recorded: bytes) -> View:
    run = support.run_dir()
    with open(run.file("events.jsonl"), "wb") as file:
        file.write(recorded)
    found, _end = run.events()
    spec = replace(
        support.SPEC,
        name=text or None,
        tags=[text],
        argv=["python", text],
        env={"A": text},
        changed=[text],
        cwd=text,
    )
    course = Course()
    watch: Watch = replayed(spec, course.passing(found), [log], KNOWN)
    now = _now(course, support.BEGAN, running=watch.phase != "ended")
    watch.absorb(watch.reader.feed(log[watch.offset :], now), now, live=False)
    facts = Recorded(spec, support.START, support.EXIT, course.events(), "output.log", course.left_out)
    return view_of(watch, facts, now, [], text, Provenance(host=text, program=text))


def seeds() -> list[bytes]:
    """A night of each kind of event, under a name that attacks."""
    attack = b'"><script>alert(1)</script><img src=x onerror=alert(1)> `` | <!-- -->'
    log = b"<b>epoch 1/10 loss 0.5\n" + attack + b"\nTraceback (most recent call last):\nKeyError: '<i>'\n"
    return [attack + b"\0" + log + b"\0" + one for one in events.seeds()] + [b"sweep\0" + events.LOG + b"\0"]


WORDS = ("<script>", "-->", "<!--", "]]>", "&lt;", "```", '"onload=', "{{d}}", "{%", *events.WORDS)
