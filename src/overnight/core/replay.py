"""The past again: a watch from what was recorded, and a night in virtual time.

Rules:
- The recorded events say what was decided; the log's bytes say what was known. Replaying decides nothing anew.
- Each event carries the log offset it was made at, so bytes get the time between the events around them.
- After `replay` the watch has read exactly up to the last recorded offset: the caller reads on from there, live,
  and what a crash kept from being recorded is then found and done. What was recorded and maybe not yet done
  (an `interrupt` without `stopped_tree`, a `notification` without `told`) is the caller's to finish.
"""

from collections.abc import Iterable, Iterator

from overnight.core.model import Event, Exit, Spec
from overnight.core.observe import Catalog
from overnight.core.watch import Watch

LOG_FILE, LOG_BASE = "log_file", "log_base"
"""In the note of a log that began anew: which file it is (`device:inode`), and the offset of its first byte."""
_PIECES = 50
"""Into how many times the bytes between two events are spread: enough for a rhythm, cheap for a long log."""
_FAR_BYTES, _FAR_PIECE = 1 << 16, 1 << 13
"""So much between two events is read in bulk, in at least eight times: line by line ten megabytes take a minute."""


def log_place(events: Iterable[Event]) -> tuple[str, int] | None:
    """The file that the offsets of the last events are about, and the offset of its first byte; None while it is the
    first one. Only a log that somebody else renames or cuts has more than one."""
    place = None
    for event in events:
        file, base = event.data.get(LOG_FILE), event.data.get(LOG_BASE)
        if event.kind == "note" and isinstance(file, str) and type(base) is int:
            place = (file, base)
    return place


def replay(
    spec: Spec,
    events: Iterable[Event],
    log: Iterable[bytes],
    catalog: Catalog,
    *,
    host: str = "",
    begun: Watch | None = None,
    since: float = 0.0,
) -> Watch:
    """The watch as it stood at the last event. `log`: the log's bytes from its start, in pieces of any size.

    `begun`: a watch that knows what came before these events and before these bytes, and until when: `since`.
    """
    watch = begun or Watch(spec, catalog, host=host)
    source = _Source(log)
    t = since
    for event in events:
        _absorb_until(watch, source, event.offset, t, event.t)
        watch.recall(event)
        t = max(t, event.t)
    return watch


def _absorb_until(watch: Watch, source: "_Source", offset: int, t0: float, t1: float) -> None:
    missing = offset - watch.offset
    if missing <= 0:
        return
    far = missing >= _FAR_BYTES
    piece = max(_FAR_PIECE if far else 256, missing // _PIECES)
    bulk_bytes = _FAR_PIECE // 2 if far else None
    done = 0
    while done < missing:
        data = source.take(min(piece, missing - done))
        if not data:
            return  # the log was truncated since: what is gone cannot be read again
        done += len(data)
        now = t0 + (t1 - t0) * done / missing
        watch.absorb(watch.reader.feed(data, now, bulk_bytes=bulk_bytes), now, live=False)


class _Source:
    """Pieces of bytes, taken in the sizes asked for."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces: Iterator[bytes] = iter(pieces)
        self._rest = b""

    def take(self, size: int) -> bytes:
        """Up to `size` bytes; empty at the end."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = piece
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


def simulate(watch: Watch, recording: Iterable[tuple[float, bytes]], exit_: Exit, end: float) -> list[Event]:
    """A whole night in virtual time: `recording` is (seconds since the start, bytes written then).

    The timers fire between the writes exactly as a live watchman fires them. Returns every event.
    """
    events = watch.started(0.0)
    for t, data in recording:
        events += _run_timers(watch, t)
        events += watch.read(data, t)
    events += _run_timers(watch, end)
    return events + watch.ended(exit_, end)


def _run_timers(watch: Watch, until: float) -> list[Event]:
    events: list[Event] = []
    now = 0.0
    while (due := watch.due(now)) is not None and due <= until:
        now = max(now, due)
        events += watch.look(now)
    return events
