"""The translations on disk: all there, and what is compiled is what is written."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from overnight.i18n import translator

TOOL = Path(__file__).parents[1] / "tools" / "texts.py"
AGAIN = "run `python tools/texts.py`, and translate what it names"


def load() -> ModuleType:
    found = importlib.util.spec_from_file_location("texts_tool", TOOL)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


texts = load()


@pytest.fixture(params=texts.LANGUAGES)
def lang(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_text_of_the_source_is_translated(lang: str) -> None:
    assert texts.missing(lang) == [], AGAIN


def test_the_translations_hold_what_the_source_says_and_nothing_else(lang: str) -> None:
    assert texts.po(lang).read_bytes() == texts.written(texts.merged(lang)), AGAIN


def test_the_compiled_texts_are_the_written_ones(lang: str) -> None:
    assert texts.po(lang).with_suffix(".mo").read_bytes() == texts.compiled(lang), AGAIN
    words = translator(lang)
    for message in texts.translated(lang):
        if message.id and isinstance(message.id, str):
            assert words.gettext(message.id) == message.string


def test_a_translation_fills_in_what_the_source_fills_in(lang: str) -> None:
    for message in texts.translated(lang):
        if not message.id:
            continue
        sources = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        wanted = {field for source in sources for field in re.findall(r"{\w*}", source)}
        for said in strings:
            assert set(re.findall(r"{\w*}", said)) <= wanted, said
        assert set(re.findall(r"{\w*}", strings[-1])) == wanted, strings[-1]


def test_signs_stay_what_they_mean(lang: str) -> None:
    for message in texts.translated(lang):
        for sign in ("✅", "❌", "❓", "🏆"):
            source = message.id if isinstance(message.id, str) else "".join(message.id or ())
            assert (sign in source) == (sign in str(message.string)), source
