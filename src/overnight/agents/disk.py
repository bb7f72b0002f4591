"""Files of other tools on the disk: read whole, written whole or not at all.

Rules:
- A link stays a link, a file keeps its mode; what is new gets the mode that the umask gives.
- `check` says beforehand what would fail; `apply` puts back what it wrote when a later file fails all the same.
- A file that somebody changed since it was read is not written: tools write their own files while they run.
- Every error is one sentence with the file's name.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Sequence
from typing import NamedTuple

from overnight.errors import OvernightError, Unreadable
from overnight.store import files

_MOST_BYTES = 256 << 20


class Change(NamedTuple):
    """A file as it was read and as it is to be; None when there is none."""

    path: str
    old: bytes | None
    new: bytes | None


def read(path: str) -> bytes | None:
    """The file behind the path, whole; None when there is none. Raises Unreadable."""
    try:
        return files.read(os.path.realpath(path), _MOST_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {_reason(error)}.") from error


def missing_folders(path: str) -> list[str]:
    """The folders above the file that are not there yet, the outermost first."""
    found: list[str] = []
    folder = os.path.dirname(os.path.realpath(path))
    while not os.path.lexists(folder):
        found.append(folder)
        folder = os.path.dirname(folder)
    return found[::-1]


def check(changes: Sequence[Change]) -> None:
    """Whether all can be written. Raises OvernightError (`agent_unwritable`)."""
    for change in changes:
        target = os.path.realpath(change.path)
        folder = os.path.dirname(target)
        while not os.path.lexists(folder):
            folder = os.path.dirname(folder)
        if not os.path.isdir(folder):
            raise _unwritable(change.path, f"{folder} is no folder")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise _unwritable(change.path, f"{folder} cannot be written")


def apply(changes: Sequence[Change], folders: Sequence[str] = ()) -> None:
    """Write all changes, or none of them; `folders` go afterwards when they are empty.

    Raises OvernightError (`agent_unwritable`, `agent_changed`).
    """
    check(changes)
    done: list[Change] = []
    made: list[str] = []
    try:
        for change in changes:
            made += missing_folders(change.path) if change.new is not None else []
            _write(change)
            done.append(change)
    except OSError as error:
        _undo(done, made)
        raise _unwritable(change.path, _reason(error)) from error
    except OvernightError:
        _undo(done, made)
        raise
    _remove_empty(folders)


def _undo(done: Sequence[Change], made: Sequence[str]) -> None:
    for change in reversed(done):
        with contextlib.suppress(
            OSError, OvernightError
        ):  # what cannot be put back either is told by the first error
            _write(Change(change.path, change.new, change.old))
    _remove_empty(made)


def _remove_empty(folders: Sequence[str]) -> None:
    for folder in sorted(folders, key=len, reverse=True):
        with contextlib.suppress(OSError):  # something else is in it
            os.rmdir(folder)


def _write(change: Change) -> None:
    target = os.path.realpath(change.path)
    if read(target) != change.old:
        text = f"{change.path} was changed by another program meanwhile: try again."
        raise OvernightError(text, code="agent_changed")
    if change.new is None:
        os.unlink(target)
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    temporary = f"{target}.overnight-{os.getpid()}"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        if change.old is not None:
            os.fchmod(fd, stat.S_IMODE(os.stat(target).st_mode))
        files.write_all(fd, change.new)
        os.fsync(fd)
        os.replace(temporary, target)
    except OSError:
        os.unlink(temporary)
        raise
    finally:
        os.close(fd)


def _unwritable(path: str, reason: str) -> OvernightError:
    return OvernightError(
        f"{path} cannot be written, and nothing was changed: {reason}.", code="agent_unwritable"
    )


def _reason(error: OSError) -> str:
    if error.errno == errno.EINVAL and error.strerror:
        return error.strerror
    return (error.strerror or str(error)).lower()
