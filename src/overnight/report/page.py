"""The report as one page of HTML that needs nothing else.

Rules:
- No script, no link, no font, no picture from elsewhere: a content security policy tells the browser so too.
- Everything is escaped except two things that are ours: the style sheet, and the pictures, which were
  rebuilt element by element from the chart library's output.
"""

from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from overnight.report.document import Document
from overnight.report.picture import Symbol

_TEMPLATES = Path(__file__).with_name("templates")
_SHAPES: dict[Symbol, str] = {
    "dot": '<circle cx="8" cy="6" r="4" style="fill:var({})"/>',
    "line": '<path d="M0,6H16" stroke-width="3" style="stroke:var({})"/>',
    "dash": '<path d="M0,6H16" stroke-width="1.5" stroke-dasharray="4 3" style="stroke:var({})"/>',
    "ring": '<circle cx="8" cy="6" r="4.5" fill="none" stroke-width="2.2" style="stroke:var({})"/>',
    "hollow": '<circle cx="8" cy="6" r="3" fill="none" stroke-width="1.4" style="stroke:var({})"/>',
    "cross": '<path d="M5,3L11,9M11,3L5,9" stroke-width="1.8" style="stroke:var({})"/>',
    "arrow": '<path d="M3,10L8,2L13,10Z" style="fill:var({})"/>',
    "band": '<rect width="16" height="12" rx="3" opacity=".3" style="fill:var({})"/>',
}


def write(document: Document) -> str:
    """The whole page."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
    template = environment.get_template("report.html.j2")
    return template.render(d=document, css=Markup(css), symbols=_symbols(), trusted=Markup)


def _symbols() -> dict[Symbol, Callable[[str], Markup]]:
    def drawer(shape: str) -> Callable[[str], Markup]:
        return lambda colour: Markup('<svg viewBox="0 0 16 12" aria-hidden="true">') + _shape(shape, colour)

    return {symbol: drawer(shape) for symbol, shape in _SHAPES.items()}


def _shape(shape: str, colour: str) -> Markup:
    return Markup(shape.format(colour) + "</svg>")
