"""What a watch knows, on disk beside its run: a new watchman then reads a long log on from where the last one was.

Rules:
- A shortcut and no more. With another version, other known problems, damage, or a log that was cut, it counts for
  nothing and the log is read from its start, at some 100 MB/s.
- It is the state of our own objects (pickle), private as everything in the home; what stands in it is checked
  against a digest and against the program before it is taken in.
- The digest tells damage, not a hand: unpickling runs what somebody wrote there on purpose. Nobody but the owner can
  write in a home; a home that somebody else filled is not one to watch.
"""

import hashlib
import os
import pickle
import sys
from typing import NamedTuple

import msgspec

from overnight import __version__
from overnight.core.observe import Catalog
from overnight.core.watch import Watch
from overnight.store import files

FILE = ".watch"
EVERY_BYTES = 8 << 20
"""How much a log grows between two of them: what is read again takes a tenth of a second."""
_DIGEST = 32


class Memory(NamedTuple):
    """A watch as it stood after the first `events` recorded events."""

    watch: Watch
    events: int


def save(folder: str, watch: Watch, events: int, catalog: Catalog) -> None:
    """Replace the memory of the run in `folder`. Raises OSError."""
    state = pickle.dumps((watch, events), protocol=pickle.HIGHEST_PROTOCOL)
    head = _program(catalog) + hashlib.sha256(state).digest()
    files.replace(os.path.join(folder, FILE), head + state)


def load(folder: str, catalog: Catalog) -> Memory | None:
    """The memory of the run in `folder`, if it is of this program and whole."""
    try:
        found = files.read(os.path.join(folder, FILE))
    except OSError:
        return None
    state = found[2 * _DIGEST :]
    if found[: 2 * _DIGEST] != _program(catalog) + hashlib.sha256(state).digest():
        return None
    watch, events = pickle.loads(state)
    watch.reader.attach(catalog)
    return Memory(watch, events)


def forget(folder: str) -> None:
    """The run is closed: nobody reads its log on."""
    try:
        os.unlink(os.path.join(folder, FILE))
    except OSError:
        return


def _program(catalog: Catalog) -> bytes:
    """All that the state depends on: this version, this Python, these known problems."""
    known = msgspec.json.encode(catalog.signatures)
    return hashlib.sha256(b"\0".join([__version__.encode(), sys.version.encode(), known])).digest()
