"""The watch's memory on disk.

Rules: any bytes give a Memory of this program or None, and nothing is unpickled that does not carry the digest of
itself and of this program. That tells damage and other programs, not a hand: a fuzzer that sees the comparison writes
the digest within seconds. The home is private, not signed.
"""

import hashlib
import pickle
from typing import Any
from unittest import mock

from fuzz import support
from overnight import catalog
from overnight.core.watch import Watch
from overnight.watchman import memory

KNOWN = catalog.load()
_LOADS = pickle.loads


def check(data: bytes) -> None:
    """Raw bytes; then the same with this program's mark and no digest of theirs."""
    folder = support.SCRATCH / "memory"
    folder.mkdir(exist_ok=True)
    whole = _whole()
    for found in (data, memory._program(KNOWN) + data, _over(whole, data)):
        (folder / memory.FILE).write_bytes(found)
        with mock.patch.object(memory.pickle, "loads", _unpickled(found, whole)):
            kept = memory.load(str(folder), KNOWN)
        assert kept is not None or found != whole


def _unpickled(found: bytes, whole: bytes) -> Any:
    def loads(state: bytes) -> Any:
        head = memory._program(KNOWN) + hashlib.sha256(state).digest()
        assert found == head + state, "unpickled without a digest"
        return _LOADS(state) if found == whole else _LOADS(_whole()[64:])

    return loads


def _over(whole: bytes, data: bytes) -> bytes:
    """The whole with some of it replaced: place (two bytes), then what."""
    place = int.from_bytes(data[:2], "big") % len(whole)
    return whole[:place] + data[2:] + whole[place + len(data[2:]) :]


def _whole() -> bytes:
    if not _KEPT:
        folder = support.SCRATCH / "kept"
        folder.mkdir(exist_ok=True)
        watch = Watch(support.SPEC, KNOWN)
        watch.read(b"epoch 1/10 loss 0.5\n", 1.0)
        memory.save(str(folder), watch, 3, KNOWN)
        _KEPT.append((folder / memory.FILE).read_bytes())
    return _KEPT[0]


_KEPT: list[bytes] = []


def seeds() -> list[bytes]:
    """Nothing, a bare pickle, one that would run a command."""
    return [b"", pickle.dumps((None, 1)), b"\0" * 64 + b"cos\nsystem\n(S'true'\ntR.", b"\0\0", b"\0\x10x"]
