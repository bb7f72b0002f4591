r"""Bytes to lines.

Rules:
- Lines are physical: they end at `\n` and are counted as `sed -n` counts them. A `\r` inside one begins a segment
  that rewrites it (a progress bar); each segment is given as a line of the same number.
- Any cut of the bytes gives the same lines. A `\r` at the end of a piece waits: `\r\n` is one end.
- A line holds at most 1 MiB; what is longer is dropped and the line says so when it ends, as a `\r` may come yet.
  Nothing in here raises on content.
- Text is UTF-8, else Latin-1; UTF-16 when the log opens with its mark. Escape sequences, backspaces and control
  characters are gone.
"""

import codecs
import re
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

MAX_LINE_BYTES = 1 << 20
CUT_MARK = " …[cut]"

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_ANSI_BYTES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_UNSEEN = bytes({*range(0x20), 0x7F} - {0x09, 0x0A})
_WIDE_CONTROL = re.compile(rb"\xc2[\x80-\x9f]")
_CONTROL = re.compile(r"[\x00-\x07\x0b-\x1f\x7f-\x9f]")
_BACKSPACES = re.compile(r"\x08+")


class Line(NamedTuple):
    """`number` from 1; `offset`: byte of its start; `rewrite`: a `\\r` segment that another one replaced."""

    number: int
    offset: int
    text: str
    rewrite: bool = False


class Block:
    """Complete lines in one piece, `data`, of which single ones can be had.

    `number`: of its first line; `open`: its last line goes on, a `\\r` rewrites it. `text`: the same without
    escape sequences, each segment a line of its own.
    """

    def __init__(self, data: bytes, number: int, offset: int, open_: bool) -> None:
        self.open = open_
        self._number, self._offset = number, offset
        self.data = data
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        self.text = _ANSI_BYTES.sub(b"", data) if b"\x1b" in data else data

    @cached_property
    def parts(self) -> list[bytes]:
        """Its lines, a segment being one of its own."""
        return self.text.split(b"\n")

    @cached_property
    def _numbers(self) -> list[int] | None:
        """Up to which part each physical line goes; None when each is one."""
        data = self.data.replace(b"\r\n", b"\n") if b"\r" in self.data else self.data
        if b"\r" not in data:
            return None
        return list(accumulate(1 + line.count(b"\r") for line in data.split(b"\n")))

    def line(self, place: int) -> Line:
        """The line at `place` in `parts`."""
        if self._numbers is None:
            rewrite = self.open and place == len(self.parts) - 1
            return Line(self._number + place, self._offset, clean(self.parts[place]), rewrite)
        row = bisect_right(self._numbers, place)
        last = place == self._numbers[row] - 1
        rewrite = not last or (self.open and row == len(self._numbers) - 1)
        return Line(self._number + row, self._offset, clean(self.parts[place]), rewrite)


class LineSplitter:
    """Feed it bytes in any pieces; it gives the lines that are complete."""

    def __init__(self) -> None:
        self._rest = b""
        self._offset = 0
        self._number = 1
        self._dropped = 0
        self._decoder: codecs.IncrementalDecoder | None = None
        self._begun = False

    def feed(self, data: bytes) -> list[Line]:
        """The lines that `data` completes."""
        data = self._begin(data) if not self._begun else data
        if not self._begun:
            return []
        if self._decoder is not None:
            data = self._decoder.decode(data).encode("utf-8", "replace")
        lines: list[Line] = []
        *whole, rest = (self._rest + data).split(b"\n")
        for part in whole:
            self._line(part, lines)
        self._keep(rest, lines)
        return lines

    def block(self, data: bytes) -> "Block | None":
        """All that `data` completes, in one piece; None, and nothing taken, when that is left to `feed`: at the
        beginning, in UTF-16, in a line that is too long, or when nothing is complete."""
        if not self._begun or self._decoder is not None or self._dropped:
            return None
        whole = self._rest + data
        cut = max(whole.rfind(b"\n"), whole.rfind(b"\r", 0, -1))
        if cut < 0:
            return None
        found = Block(whole[:cut], self._number, self._offset, whole[cut] == ord("\r"))
        self._rest = whole[cut + 1 :]
        self._number += found.data.count(b"\n") + (not found.open)
        self._offset += cut + 1
        return found

    def flush(self) -> list[Line]:
        """What stands after the last `\\n`, as a line, when there is anything."""
        lines: list[Line] = []
        if self._rest:
            self._segments(self._rest.rstrip(b"\r"), lines)
            self._offset += len(self._rest) + self._dropped
            self._rest, self._dropped = b"", 0
        return lines

    def _begin(self, data: bytes) -> bytes:
        """UTF-16 is known by its mark in the first two bytes, UTF-8 by three."""
        data, self._rest = self._rest + data, b""
        if len(data) < 2 or data == codecs.BOM_UTF8[:2]:
            self._rest = data
            return b""
        self._begun = True
        if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
        elif data[:3] == codecs.BOM_UTF8:
            self._offset = 3
            return data[3:]
        return data

    def _line(self, part: bytes, lines: list[Line]) -> None:
        self._segments(part.removesuffix(b"\r"), lines)
        self._number += 1
        self._offset += len(part) + 1 + self._dropped
        self._dropped = 0

    def _segments(self, part: bytes, lines: list[Line]) -> None:
        if b"\r" not in part:
            lines.append(Line(self._number, self._offset, clean(part)))
            return
        *earlier, last = part.split(b"\r")
        lines.append(Line(self._number, self._rewritten(earlier, lines), clean(last)))

    def _rewritten(self, segments: list[bytes], lines: list[Line]) -> int:
        """Give the segments that others replace; the offset after them. Only the first can have been shortened."""
        offset, dropped = self._offset, self._dropped
        for segment in segments:
            if segment:
                lines.append(Line(self._number, offset, clean(segment), True))
            offset += len(segment) + 1 + dropped
            dropped = 0
        return offset

    def _keep(self, rest: bytes, lines: list[Line]) -> None:
        """Hold back an unfinished line: give the segments that are done, bound what is left."""
        cut = rest.rfind(b"\r", 0, len(rest) - 1)
        if cut >= 0:
            self._offset = self._rewritten(rest[:cut].split(b"\r"), lines)
            self._dropped = 0
            rest = rest[cut + 1 :]
        self._rest = rest
        if len(rest) > MAX_LINE_BYTES + 2:
            # One byte too many says that it is cut; a `\r` at its end may yet be half of a line end.
            self._rest = rest[: MAX_LINE_BYTES + 1] + (b"\r" if rest.endswith(b"\r") else b"")
            self._dropped += len(rest) - len(self._rest)


def is_odd(part: bytes) -> bool:
    """Whether a reader sees a line otherwise than its bytes stand there: control characters and backspaces between
    its letters, bytes that are no UTF-8."""
    if part.translate(None, _UNSEEN) != part:
        return True
    if part.isascii():
        return False
    try:
        part.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return _WIDE_CONTROL.search(part) is not None


def clean(raw: bytes) -> str:
    """The text of a line as a reader sees it."""
    if len(raw) > MAX_LINE_BYTES:
        return clean(raw[:MAX_LINE_BYTES]) + CUT_MARK
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    if text.isprintable():
        return text
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    text = _CONTROL.sub("", text)
    return _without_backspaces(text) if "\x08" in text else text


def _without_backspaces(text: str) -> str:
    """Each backspace takes the character before it away."""
    out = ""
    at = 0
    for match in _BACKSPACES.finditer(text):
        out += text[at : match.start()]
        out = out[: max(0, len(out) - (match.end() - match.start()))]
        at = match.end()
    return out + text[at:]
