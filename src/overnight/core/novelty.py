"""Lines that good runs never printed: what is different this time.

Rules:
- A line counts by its template: numbers, hexadecimal words, bars and runs of blanks are erased, words stay. `nan`
  and `inf` are words: a loss that becomes NaN is new.
- A new line is listed once. An indented line after a new one belongs to it. Of a traceback the last line is
  listed, which says what happened.
- At most eight are listed: those that sound like trouble before the others, of each kind the first four, where
  it began, and the last four, where it ended.
- What varies as much as free text tells nothing: a full book of templates, or a log that is mostly new to it,
  gives no list at all, which is None and not an empty one.
- Memory is bounded, and the same lines give the same answer in every process.
"""

import re
import string
from collections import deque
from collections.abc import Iterable
from hashlib import blake2b

from overnight.core.lines import Line, LineSplitter
from overnight.core.model import Quote

MOST_TEMPLATES = 100_000
"""Templates of one book: 800 kB of hashes. Real training logs have tens to thousands."""

MOST_SHOWN = 8
_FREE_TEXT, _MOSTLY = 50, 0.5
"""A log is mostly new when more than 50 templates and more than half of all are. Of 41 real healthy logs, read on
after 70 %, 38 had fewer than 30 new templates."""

_MOST_SHAPES = 50_000
"""Lines with their digits erased, the quick way to a template that is known: repeats cost one look-up."""

_TROUBLE = re.compile(
    r"(?i)err(?:no|or)|fail|fatal|exception|abort|kill|crash|panic|invalid|illegal|cannot|could ?n[o']t|unable"
    r"|denied|refused|missing|not found|no such|time[d ]*out|nan\b|\binf\b|overflow|out of|lost|warn|retry"
)
"""What trouble sounds like. It orders new lines and does not judge them: with it the line of the failure was among
the eight in 19 of 23 real logs, whose beginning was the baseline; without it in 13."""
_RANK = re.compile(r"^\[(?:default|rank)\d{1,5}\]:\s?")
_TRACEBACK = "Traceback (most recent call last)"
_HASH = 8
_MAGIC = b"overnight templates 1\n"
_LONGEST = 2000
_SHOWN = 500

_ERASED = str.maketrans(dict.fromkeys(string.digits, "0"))
_NUMBERS = re.compile(
    r"0[xX][0-9a-fA-F]+"
    r"|(?<![0-9A-Za-z])(?=[a-f-]*[0-9])[0-9a-f]{7,}(?:-[0-9a-f]{4,12})*(?![0-9A-Za-z])"
    r"|[-+]?\d+(?:[.,:]\d+)*(?:[eE][-+]?\d+)?"
)
_BARS = re.compile(r"[\u2500-\u259f\u28c0-\u28ff]+|([#=>.*_~-])\1{2,}[>.]*")
_BLANKS = re.compile(r"\s+")


def template(text: str) -> str:
    """What stays of a line when all that counts or measures is erased."""
    erased = _NUMBERS.sub("0", text[:_LONGEST])
    return _BLANKS.sub(" ", _BARS.sub("", erased)).strip()


def seldom(lines: Iterable[str], most: int = 2) -> list[str]:
    """The lines that sound like trouble and whose like came at most `most` times: a flood hides them."""
    counted: dict[str, list[str]] = {}
    for line in lines:
        if _TROUBLE.search(line[:_LONGEST]):
            alike = counted.setdefault(template(line), [])
            if len(alike) <= most:
                alike.append(line)
    return [alike[-1] for alike in counted.values() if len(alike) <= most]


class Templates:
    """A bounded book of the templates that were seen. `full`: there were more than it holds."""

    def __init__(self) -> None:
        self.full = False
        self._known: set[bytes] = set()
        self._shapes: set[int] = set()

    def __len__(self) -> int:
        return len(self._known)

    def add(self, text: str) -> bool:
        """Learn the template of a line; True when it is a new one and there is room for it."""
        shape = hash(text.translate(_ERASED))
        if shape in self._shapes:
            return False
        if len(self._shapes) >= _MOST_SHAPES:
            self._shapes.clear()
        self._shapes.add(shape)
        return self._add(_mark(text))

    def _add(self, mark: bytes) -> bool:
        if mark in self._known:
            return False
        if len(self._known) >= MOST_TEMPLATES:
            self.full = True
            return False
        self._known.add(mark)
        return True

    def knows(self, text: str) -> bool:
        return _mark(text) in self._known

    def update(self, other: "Templates") -> None:
        """Take over what another book holds; the union of a few may hold a few times as much."""
        self._known |= other._known
        self.full = self.full or other.full

    def encode(self) -> bytes:
        """The book as bytes: a mark, whether it is full, the hashes in order."""
        return _MAGIC + (b"f" if self.full else b"-") + b"".join(sorted(self._known))

    @classmethod
    def decode(cls, data: bytes) -> "Templates":
        """The book that `encode` wrote. Raises ValueError for anything else."""
        body = data[len(_MAGIC) + 1 :]
        flag = data[len(_MAGIC) : len(_MAGIC) + 1]
        if not data.startswith(_MAGIC) or flag not in (b"f", b"-") or len(body) % _HASH:
            raise ValueError("no book of templates")
        book = cls()
        book.full = flag == b"f"
        book._known = {body[at : at + _HASH] for at in range(0, len(body), _HASH)}
        return book


class Learner:
    """Reads a log, or a part of one, into the book `templates`."""

    def __init__(self, templates: Templates) -> None:
        self.templates = templates
        self._splitter = LineSplitter()

    def feed(self, data: bytes) -> None:
        self._learn(self._splitter.feed(data))

    def close(self) -> None:
        """The log is over: its last line needs no end."""
        self._learn(self._splitter.flush())

    def _learn(self, lines: list[Line]) -> None:
        for line in lines:
            if not line.rewrite:
                self.templates.add(line.text)


class Novelty:
    """Which lines of one log the `known` templates do not hold."""

    def __init__(self, known: Templates) -> None:
        self.count = 0
        self._known = known
        self._seen = Templates()
        self._splitter = LineSplitter()
        self._troubles, self._others = _Ends(), _Ends()
        self._in_block = False

    def feed(self, data: bytes) -> None:
        """The next bytes of the log."""
        self._read(self._splitter.feed(data))

    def close(self) -> None:
        """The log is over: its last line needs no end."""
        self._read(self._splitter.flush())

    def lines(self, skipped: int = 0) -> list[Quote] | None:
        """At most eight new lines in their order. `skipped`: lines of the log before what was fed."""
        varied = self.count > _FREE_TEXT and self.count > _MOSTLY * len(self._seen)
        if self._known.full or self._seen.full or varied:
            return None
        chosen = (self._troubles.all() + self._others.all())[:MOST_SHOWN]
        chosen.sort(key=lambda quote: quote.line)
        return [Quote(line=q.line + skipped, text=q.text) for q in chosen]

    def _read(self, lines: list[Line]) -> None:
        for line in lines:
            if not line.rewrite and line.text and not line.text.isspace():
                self._see(line)

    def _see(self, line: Line) -> None:
        text = _RANK.sub("", line.text)
        belongs = self._in_block and text[:1].isspace()
        new = self._seen.add(line.text) and not self._known.knows(line.text)
        if belongs:
            return
        opens = text.startswith(_TRACEBACK)
        self._in_block = new or opens
        if new and not opens:
            self._list(Quote(line=line.number, text=line.text.strip()[:_SHOWN]))

    def _list(self, quote: Quote) -> None:
        self.count += 1
        (self._troubles if _TROUBLE.search(quote.text) else self._others).add(quote)


class _Ends:
    """The first four and the last four of what is added."""

    def __init__(self) -> None:
        self._first: list[Quote] = []
        self._last: deque[Quote] = deque(maxlen=MOST_SHOWN // 2)

    def add(self, quote: Quote) -> None:
        (self._first if len(self._first) < MOST_SHOWN // 2 else self._last).append(quote)

    def all(self) -> list[Quote]:
        return [*self._first, *self._last]


def _mark(text: str) -> bytes:
    return blake2b(template(text).encode("utf-8", "replace"), digest_size=_HASH).digest()
