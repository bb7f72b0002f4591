"""Hostile text made harmless wherever it is shown.

Rules:
- Nothing is hidden: a control character becomes the picture of itself (`␛` for escape), an invisible mark `␦`.
- A result holds no control character, no direction override and nothing that cannot be encoded.
- Standard library only: `overnight run -d` prints through here.
"""

_TAB = "    "
_UNSEEN = "␦"
_INVISIBLE = (
    *(0x00AD, 0x034F, 0x061C, 0x180E, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F)),
    *(*range(0x2060, 0x2070), 0x3164, 0xFEFF, *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0080)),
    *range(0xE0100, 0xE01F0),
)
"""Direction overrides, invisible marks, tags and variation selectors: they make a line read as another one, or hold a
text that a model reads and a person does not see."""


def _table() -> dict[int, str]:
    table = {code: chr(0x2400 + code) for code in range(0x20)}
    table |= dict.fromkeys(range(128, 160), _UNSEEN)
    table |= dict.fromkeys(_INVISIBLE, _UNSEEN)
    table |= {0x09: _TAB, 0x7F: "␡", 0x2028: " ", 0x2029: " "}
    return table


_TABLE = _table()


def printable(text: str, limit: int | None = None) -> str:
    """One line that does nothing but appear. Beyond `limit` characters it ends in `…`."""
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    if not (text.isascii() and text.isprintable()):
        text = text.encode("utf-8", "replace").decode("utf-8") if _has_surrogates(text) else text
        text = text.translate(_TABLE)
    return text


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)
