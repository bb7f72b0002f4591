"""Hyperscan (Vectorscan): 1 to 2 GB/s on one core.

Rules: blocks in block mode; a compiled database is kept in the user's cache folder, because compiling takes longer
than reading a small log; a block with very many hits (a storm) is left to the shapes of its lines, whose cost does
not grow with the hits.
"""

import hashlib
import os
import platform
import tempfile
import threading

import hyperscan

from overnight.core.engine import Shapes, expressions
from overnight.core.scan import Matcher
from overnight.core.signatures import Signature

_STORM = 8192
"""Hits in a block of 1 MiB beyond which a callback each (0.2 microseconds) costs more than looking at the shapes."""
_FLAGS = hyperscan.HS_FLAG_ALLOWEMPTY | hyperscan.HS_FLAG_MULTILINE


class Hyperscan:
    """See the rules of this file; safe to share between threads."""

    name = "hyperscan"

    def __init__(self, signatures: tuple[Signature, ...], matcher: Matcher) -> None:
        self._database = _database([e.encode() for e in expressions(signatures)])
        self._shapes = Shapes(matcher)
        self._lock = threading.Lock()

    def hits(self, block: bytes) -> list[int]:
        """See `core.engine.Engine`."""
        ends: list[int] = []

        def hit(_id: int, _start: int, end: int, _flags: int, _context: object) -> bool | None:
            ends.append(end)
            return True if len(ends) > _STORM else None

        with self._lock:
            try:
                self._database.scan(block, match_event_handler=hit)
            except hyperscan.ScanTerminated:
                return self._shapes.hits(block)
        return _lines(block, ends)


def _lines(block: bytes, ends: list[int]) -> list[int]:
    """The numbers of the lines in which the matches end."""
    if ends and b"\r" in block:
        block = block.replace(b"\r", b"\n")
    numbers: list[int] = []
    number = position = 0
    for end in sorted(ends):
        number += block.count(b"\n", position, end - 1)
        position = end - 1
        if not numbers or numbers[-1] != number:
            numbers.append(number)
    return numbers


def _database(patterns: list[bytes]) -> hyperscan.Database:
    path = _cache_path(patterns)
    cached = _cached(path)
    if cached is not None:
        return cached
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=patterns, ids=list(range(len(patterns))), elements=len(patterns), flags=_FLAGS
    )
    _keep(path, hyperscan.dumpb(database))
    return database


def _cache_path(patterns: list[bytes]) -> str:
    """The name holds all that the compiled form depends on."""
    version = str(getattr(hyperscan, "__version__", ""))
    built = f"{version} {platform.machine()} {_FLAGS}".encode()
    key = b"\0".join([*patterns, built, _cpu()])
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(caches, "overnight", f"patterns-{hashlib.sha256(key).hexdigest()[:16]}.hs")


def _cpu() -> bytes:
    """The processor's features: a database is only good for those it was compiled for."""
    try:
        with open("/proc/cpuinfo", "rb") as file:
            return next((line for line in file if line.startswith((b"flags", b"Features"))), b"")
    except OSError:
        return b""


def _cached(path: str) -> hyperscan.Database | None:
    try:
        if os.stat(path).st_uid != os.getuid():
            return None
        with open(path, "rb") as file:
            database = hyperscan.loadb(file.read(), mode=hyperscan.HS_MODE_BLOCK)
        database.scratch = hyperscan.Scratch(database)
    except (OSError, hyperscan.error):
        return None
    return database


def _keep(path: str, compiled: bytes) -> None:
    """Atomic, and not worth an error: without the cache it is compiled again."""
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        descriptor, made = tempfile.mkstemp(dir=os.path.dirname(path))
        with os.fdopen(descriptor, "wb") as file:
            file.write(compiled)
        os.replace(made, path)
    except OSError:
        return
