"""Hostile text made harmless for a terminal.

Rules:
- Log lines, commands, names and everything quoted from them go through `printable` before they are shown.
- Nothing is hidden: a control character becomes the picture of itself (`␛` for escape).
- A result holds no control character, no direction override and nothing that cannot be encoded.
- Standard library only: `overnight run -d` prints through here.
"""

_TAB = "    "
_UNSEEN = "␦"
_INVISIBLE = (0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF)
"""Direction overrides and invisible marks, which can make a line read as another one."""


def _table() -> dict[int, str]:
    table = {code: chr(0x2400 + code) for code in range(0x20)}
    table |= dict.fromkeys(range(128, 160), _UNSEEN)
    table |= dict.fromkeys(_INVISIBLE, _UNSEEN)
    table |= {0x09: _TAB, 0x7F: "␡", 0x2028: " ", 0x2029: " "}
    return table


_TABLE = _table()


def printable(text: str, limit: int | None = None) -> str:
    """One line that does nothing to a terminal but appear. Beyond `limit` characters it ends in `…`."""
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    if not (text.isascii() and text.isprintable()):
        text = text.encode("utf-8", "replace").decode("utf-8") if _has_surrogates(text) else text
        text = text.translate(_TABLE)
    return text


def log_line(text: str) -> str:
    """One line of a log as a person would have seen it: colours gone, a progress bar at its last state."""
    from overnight.core.lines import LineSplitter  # only where a log is shown

    splitter = LineSplitter()
    seen = [*splitter.feed(text.encode("utf-8", "surrogateescape")), *splitter.flush()]
    return printable(seen[-1].text) if seen else ""


def printable_lines(text: str) -> str:
    """The same for text of our own whose line ends are meant."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)


def quoted(argv: "list[str]", limit: int | None = None) -> str:
    """A command as it would be typed, harmless to show."""
    import shlex  # only where a command is shown: the detached start shows none

    return printable(shlex.join(argv), limit)
