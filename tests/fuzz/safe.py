"""Hostile text on its way to a screen, a message and a page.

Rules: what is shown holds no control character; Markdown and HTML have no element of the text's own making. A second
mask finds no secret that the first one missed: it may hide more of what follows a hidden one.
"""

import html
import re

from msgspec.structs import replace

from fuzz import support
from overnight.core.mask import HIDDEN, harmless, mask, mask_words, secrets_in
from overnight.core.model import Best, Progress, Telling
from overnight.notify import texts
from overnight.report import markdown
from overnight.report.safe import clean_lines
from overnight.store.task_status import _text
from overnight.surfaces import safe


def check(data: bytes) -> None:
    """The same text in every place that shows one."""
    text = data.decode("utf-8", "surrogateescape")
    _screen(text)
    _masked(text)
    _markdown(text)
    _message(text)


def _screen(text: str) -> None:
    for limit in (None, 1, 9):
        shown = safe.printable(text, limit)
        support.assert_harmless(shown)
        assert "\n" not in shown
        assert limit is None or len(shown) <= limit * 4
    support.assert_harmless(safe.log_line(text))
    support.assert_harmless(safe.quoted([text, "b"]))


def _masked(text: str) -> None:
    for limit in (5, 300):
        shown = harmless(text, limit)
        support.assert_harmless(shown)
        assert len(shown) <= limit
    assert all(more.startswith(HIDDEN) for more in secrets_in(mask(text)))
    mask_words(text.split())
    for line in clean_lines(text.split("\n")):
        support.assert_harmless(line)


def _markdown(text: str) -> None:
    line = harmless(text, 300)
    assert "<" not in markdown.text(line)
    assert html.unescape(re.sub(r"\\(.)", r"\1", markdown.text(line))) == line
    span = re.fullmatch(r"(`+)(.*?)\1", markdown.code(line), re.DOTALL)
    assert span is not None
    assert span[1] not in span[2]
    assert not re.search(r"(?<!\\)[<>`*]", _text(text))


def _message(text: str) -> None:
    problem = replace(support.PROBLEM, text=text, cause=text, advice=text, context=[text, text])
    best = Best(name=text, value=0.5, at=text, direction="maximize", params={text: text})
    for kind in ("success", "failure", "discovery", "question"):
        telling = Telling(
            key="k", kind=kind, run="k3f9", name=text, command=text, elapsed_s=9.0, host=text, problem=problem,
            progress=[Progress(unit=text, current=1.0)], best=best, cascades=[text], report=text,
        )  # fmt: skip
        title, body = texts.render(telling, "fr")
        assert len(title) <= texts.TITLE
        assert len(body) <= texts.BODY
        support.assert_harmless(title)
        support.assert_harmless(body)
        assert "\n" not in title


def seeds() -> list[bytes]:
    """Escapes, overrides, secrets, markup."""
    return [
        b"\x1b]0;owned\x07\x1b[31mred\x1b[0m\x9b31m",
        "a\u202eb\u2066c\ufeff\u2028d".encode(),
        b"password=hunter22 token: ghp_0123456789abcdefghij https://u:p@h/ Authorization: Bearer abcdefghijkl",
        b"-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----",
        b"``` <!-- --> <script>`x`</script> | # * _ ~ [a](b) &lt; \\",
        b'"><img src=x onerror=alert(1)>{name}%s{0}',
        b"\xed\xa0\x80\xff\xfe",
    ]


WORDS = (
    "\x1b[",
    "\x1b]",
    "password=",
    "token: ",
    "://",
    "@",
    "***",
    "```",
    "<!--",
    "-->",
    "{name}",
    "\u202e",
    "AKIA",
    "eyJ",
)
