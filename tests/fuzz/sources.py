"""Logs from anywhere, compressed or not.

Rules: any bytes are read or refused with `Unreadable`; no piece is larger than a piece may be, however well a file is
compressed; a bomb is given up for its size here, after a few pieces.
"""

import bz2
import gzip
import importlib.util
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
    packers = [gzip.compress, bz2.compress, lzma.compress]
    if importlib.util.find_spec("zstandard"):  # Python 3.14 reads zstd by itself
        packers.append(importlib.import_module("zstandard").compress)
    whole = [pack(b"epoch 1 loss 0.5\n" * 40) for pack in packers]
    bombs = [pack(bytes(4 << 20)) for pack in packers]
    cut = [one[: len(one) * 2 // 3] for one in whole]
    plain = [b"epoch 1\n", b"\xff\xfea\0\n\0", b"\0\0\0a\n", bytes(range(256))]
    return [*whole, *cut, *(one + one for one in whole), *bombs, *plain]
