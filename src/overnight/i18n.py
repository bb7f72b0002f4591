"""The languages the program speaks.

Rules:
- One gettext domain, `overnight`, in `overnight/locale`; English is the language of the source.
- An unknown language falls back to English: a message in another language is better than none.
- Standard library only: whoever puts facts in words may import this.
"""

import gettext
from functools import cache
from pathlib import Path

DOMAIN = "overnight"
LANGUAGES = ("en", "fr")
LOCALE = Path(__file__).with_name("locale")


@cache
def translator(lang: str) -> gettext.NullTranslations:
    """The catalogue of `lang` (`fr`, `fr_FR.UTF-8`, `en` ...); English when there is none."""
    short = lang.replace("-", "_").split("_")[0].split(".")[0].lower()
    return gettext.translation(DOMAIN, LOCALE, [short], fallback=True)
