"""Logs from anywhere, compressed or not.

Rules: any bytes are read or refused with `Unreadable`; no piece is larger than a piece may be, however well a file is
compressed; a bomb is given up for its size here, after a few pieces.
"""

import bz2
import gzip
import lzma

from fuzz import support
from overnight.app.sources import Source
from overnight.errors import Unreadable

FILE = support.SCRATCH / "train.log"
MOST_BYTES = 32 << 20
"""What one piece may be: what a decompressor gives for a kilobyte at worst."""
ENOUGH_BYTES = 128 << 20


def check(data: bytes) -> None:
    """Read it to the end."""
    FILE.write_bytes(data)
    support.refused(lambda: _read(Source(str(FILE))), Unreadable)


def _read(source: Source) -> bool:
    total = 0
    for piece in source:
        assert len(piece) <= MOST_BYTES, f"a piece of {len(piece)} bytes"
        total += len(piece)
        if total > ENOUGH_BYTES:
            return False
    assert total > 0
    assert not source.trouble or source.trouble.endswith(".")
    return True


def seeds() -> list[bytes]:
    """Each kind whole, cut, in two members, and a bomb."""
    import zstandard

    text = b"epoch 1 loss 0.5\n" * 40
    frame = zstandard.ZstdCompressor(write_content_size=False)
    whole = [
        gzip.compress(text),
        bz2.compress(text),
        lzma.compress(text),
        zstandard.compress(text),
        frame.compress(text),
    ]
    zeros = bytes(4 << 20)
    bombs = [gzip.compress(zeros), bz2.compress(zeros), lzma.compress(zeros), zstandard.compress(zeros)]
    cut = [one[: len(one) * 2 // 3] for one in whole]
    return [
        *whole,
        *cut,
        *(one + one for one in whole),
        *bombs,
        text,
        b"\xff\xfea\0\n\0",
        b"\0\0\0a\n",
        bytes(range(256)),
    ]
