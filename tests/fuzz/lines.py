"""Bytes to lines, cut anywhere.

Rules: any cut of the bytes gives the same lines; a line holds no control character (marks of direction, which some
scripts need, stay: whoever shows a line shows those too); no more than the limit of a line is held. The limit is
small here, so that long lines are found.
"""

import re
from unittest import mock

from overnight.core import lines
from overnight.core.excerpt import Excerpts
from overnight.core.lines import Line, LineSplitter
from overnight.core.novelty import Learner, Novelty, Templates

LIMIT = 64
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def check(data: bytes) -> None:
    """The first byte says how large the pieces are."""
    size, log = (data[0] + 1, data[1:]) if data else (1, b"")
    pieces = [log[start : start + size] for start in range(0, len(log), size)]
    with mock.patch.object(lines, "MAX_LINE_BYTES", LIMIT):
        whole = _read([log])
        assert _read(pieces) == whole, "the cut shows"
    for line in whole:
        assert not CONTROL.search(line.text), line
    _compare(pieces)


def _read(pieces: list[bytes]) -> list[Line]:
    splitter = LineSplitter()
    found = []
    for piece in pieces:
        found += splitter.feed(piece)
        assert len(splitter._rest) <= LIMIT + 2
    return found + splitter.flush()


def _compare(pieces: list[bytes]) -> None:
    """The readers of lines that stand beside the watch: a log has nothing new compared with itself."""
    excerpts, learner = Excerpts(), Learner(Templates())
    for piece in pieces:
        excerpts.feed(piece)
        excerpts.want([1, 3])
        learner.feed(piece)
    learner.close()
    excerpts.close()
    novelty = Novelty(Templates.decode(learner.templates.encode()))
    for piece in pieces:
        novelty.feed(piece)
    novelty.close()
    assert novelty.lines() == [], novelty.lines()


def seeds() -> list[bytes]:
    """Bars, colours, backspaces, UTF-16, marks, long lines."""
    long = b"x" * (LIMIT + 9)
    return [
        b"\x03\r 40%|####      | 4/10\rdone\r\nb\n",
        b"\x01\xff\xfea\x00\n\x00b\x00",
        b"\x02\xef\xbb\xbfa\x1b[31mb\x1b[0m\nx\x08\x08y",
        b"\x05" + long + b"\r" + long + b"\nshort\n" + long,
        b"\x10\xc3\xa9\xc3\n\x80\x9b31m\n",
    ]
