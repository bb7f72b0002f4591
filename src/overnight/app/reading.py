"""A log as it is written: its bytes now, then each new piece until the run ends. Nothing is polled where the kernel
tells."""

import errno
import os
import select
from collections.abc import Iterator

from inotify_simple import INotify, flags

from overnight.app.knowing import LOOK_S, found
from overnight.store.home import LOG
from overnight.store.rundir import open_log

_PIECE = 1 << 16


def log_pieces(ref: str, *, follow: bool = False) -> Iterator[bytes]:
    """The whole log in pieces; with `follow` also what is still written, until the command's end is recorded."""
    run = found(ref)
    with INotify(nonblocking=True) as changes:
        path = run.log_path
        look_s = None
        try:
            changes.add_watch(run.path, flags.MODIFY | flags.CREATE | flags.MOVED_TO)
            if path != run.file(LOG) and os.path.exists(path):  # else the status tells of a change
                changes.add_watch(path, flags.MODIFY)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            look_s = LOOK_S  # the kernel has no watches left: it is looked at
        offset = 0
        while True:
            over = run.over  # asked before the last read, so that nothing is missed
            if _size(path) < offset:  # of a log that is not ours, cut or replaced
                offset = 0
            for piece in _from(path, offset):
                offset += len(piece)
                yield piece
            if over or not follow:
                return
            select.select([changes.fileno()], [], [], look_s)
            changes.read(timeout=0)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _from(path: str, offset: int) -> Iterator[bytes]:
    if not os.path.exists(path):
        return
    with open_log(path) as file:
        file.seek(offset)
        while piece := file.read(_PIECE):
            yield piece
