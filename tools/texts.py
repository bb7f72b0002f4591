"""The program's texts: `python tools/texts.py` takes over what the source says now and compiles it.

Rules:
- Every text in the source is in every `.po`; one that the source lost goes. New ones come untranslated and
  are listed: translate them in the `.po` and run this again. A test fails until then.
- The `.mo` is the compile of the `.po`, byte for byte.
- Texts are filled in with `{name}`; per cent signs mean themselves.
"""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

SOURCE = Path(__file__).parents[1] / "src" / "overnight"
LANGUAGES = ("fr",)
_HEADER = """\
# Texts of overnight, language: {lang}.
msgid ""
msgstr ""
"Language: {lang}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals}\\n"

"""


_PLAIN_HEADER = "Content-Type: text/plain; charset=utf-8\nPlural-Forms: {plurals}\n"


class _Timeless(Catalog):
    """A catalogue whose header says nothing that changes by itself."""

    def __iter__(self) -> Iterator[Message]:
        header, *messages = super().__iter__()
        header.string = _PLAIN_HEADER.format(plurals=self.plural_forms)
        return iter([header, *messages])


def po(lang: str) -> Path:
    """Where the texts of a language are; the `.mo` is beside it."""
    return SOURCE / "locale" / lang / "LC_MESSAGES" / "overnight.po"


def extracted() -> Catalog:
    """Every text that the source has."""
    catalog = Catalog(domain="overnight")
    for _file, _line, message, _comments, context in extract_from_dir(SOURCE, [("**.py", "python")]):
        catalog.add(message, context=context)
    return catalog


def translated(lang: str) -> Catalog:
    """What the `.po` of a language says."""
    with po(lang).open("rb") as file:
        return read_po(file, locale=lang, domain="overnight")


def merged(lang: str) -> Catalog:
    """The source's texts with the translations there are."""
    known, merged = translated(lang), Catalog(locale=lang, domain="overnight")
    for message in extracted():
        if message.id:
            found = known.get(message.id, message.context)
            merged.add(message.id, found.string if found else None, context=message.context)
    return merged


def written(catalog: Catalog) -> bytes:
    """The `.po` file of a catalogue: sorted, and without what changes by itself."""
    body = io.BytesIO()
    for message in catalog:
        message.flags.discard("python-format")
    write_po(body, catalog, omit_header=True, sort_output=True, no_location=True, width=100)
    header = _HEADER.format(lang=catalog.locale, plurals=catalog.plural_forms)
    return header.encode() + body.getvalue().lstrip()


def compiled(lang: str) -> bytes:
    """The `.mo` file of what the `.po` says."""
    catalog = _Timeless(locale=lang, domain="overnight")
    for message in translated(lang):
        if message.id:
            catalog.add(message.id, message.string, context=message.context)
    binary = io.BytesIO()
    write_mo(binary, catalog)
    return binary.getvalue()


def missing(lang: str) -> list[str]:
    """Texts of the source that a language lacks."""
    return [str(message.id) for message in merged(lang) if message.id and not _complete(message.string)]


def _complete(string: object) -> bool:
    return all(string) if isinstance(string, list | tuple) else bool(string)


def main() -> int:
    """Bring every language up to date; 1 when something is to be translated."""
    lacking = 0
    for lang in LANGUAGES:
        po(lang).write_bytes(written(merged(lang)))
        po(lang).with_suffix(".mo").write_bytes(compiled(lang))
        for text in missing(lang):
            lacking += 1
            sys.stderr.write(f"{lang}: not translated: {text}\n")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
