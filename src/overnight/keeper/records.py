"""start.json and exit.json: written once, whole, durable; the first writer wins.

Rules:
- A record is complete before it has its name: write, fsync, link to the name, fsync the folder.
- `link` refuses a name that is taken, so two recorders cannot overwrite each other.
- Room for an exit record is set aside at the start: a disk that fills up during the night loses no exit code.
- The fields are those of `overnight.core.model.Start` and `Exit`.
- json is imported to read only: the keepers just write, and importing it would double their start.
"""

import errno
import os
import time

from overnight.errors import Unreadable
from overnight.keeper import linux
from overnight.keeper.identity import boottime, is_held

START = "start.json"
EXIT = "exit.json"
LOCK = "lock"
"""Held by the keepers until the end of the command is recorded."""
TREE_LOCK = "tree.lock"
"""Held by the command and by every descendant that does not close its descriptors."""
KEEPERS = ("inner", "outer")
ROOM_BYTES = 4096
"""One block: enough for any record, and what a file system gives out at once."""

_START_FIELDS = (("pid", int), ("ticks", int), ("boot_id", str))
_NO_LINK = (errno.ENOSPC, errno.EDQUOT, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK)
_NO_RENAME_FLAGS = (errno.EINVAL, errno.ENOSYS)


def room_name(by: str) -> str:
    """The file whose room is set aside for the recorder `by`."""
    return f".exit.{by}"


def set_room_aside(dir_fd: int, by: str) -> int:
    """A descriptor of an unnamed-yet exit record with its block allocated. Raises OSError, full disk
    included."""
    fd = os.open(room_name(by), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600, dir_fd=dir_fd)
    os.posix_fallocate(fd, 0, ROOM_BYTES)
    return fd


def commit_exit(dir_fd: int, room_fd: int, by: str, fields: dict[str, object]) -> bool:
    """Make the set-aside record `exit.json`. False when somebody else had recorded the end before.

    The block is overwritten in place and then cut, so that no new room is needed. Raises OSError.
    """
    if exists(dir_fd, EXIT):
        return False
    text = encode({**fields, "by": by})
    os.pwrite(room_fd, text.ljust(ROOM_BYTES), 0)
    os.ftruncate(room_fd, len(text))
    os.fsync(room_fd)
    return _publish(dir_fd, room_name(by), EXIT)


def write_start(dir_fd: int, fields: dict[str, object]) -> bool:
    """Write `start.json` durably. False when there is one. Raises OSError."""
    fd = os.open(".start", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600, dir_fd=dir_fd)
    try:
        os.write(fd, encode(fields))
        os.fsync(fd)
    finally:
        os.close(fd)
    return _publish(dir_fd, ".start", START)


def write_exit(
    run_dir: str, *, code: int | None, signal: int | None, by: str, note: str | None = None
) -> bool:
    """Record an end that no keeper could record; `code` and `signal` both None when nobody knows it.

    False when the end was recorded before. Raises OSError. The room of dead keepers is used, for a full disk.
    """
    kept = is_held(os.path.join(run_dir, LOCK))
    dir_fd = open_folder(run_dir)
    try:
        if not kept:
            _inherit_room(dir_fd, by)
        fields: dict[str, object] = {"code": code, "signal": signal, **now(), "note": note}
        first = _commit_in_new_room(dir_fd, by, fields)
        for recorder in (by,) if kept else (by, *KEEPERS):
            remove(dir_fd, room_name(recorder))
        return first
    finally:
        os.close(dir_fd)


def _commit_in_new_room(dir_fd: int, by: str, fields: dict[str, object]) -> bool:
    room = set_room_aside(dir_fd, by)
    try:
        return commit_exit(dir_fd, room, by, fields)
    finally:
        os.close(room)


def read_start(run_dir: str) -> dict[str, object] | None:
    """`start.json` as a dict; None when the command never started. Raises Unreadable when it is damaged."""
    start = read(run_dir, START)
    if start is not None and (wrong := _missing(start)):
        raise Unreadable(f"{os.path.join(run_dir, START)} is damaged: it says nothing of {', '.join(wrong)}")
    return start


def _missing(start: dict[str, object]) -> list[str]:
    """The fields that are not there, or are something else; `True` is no number here."""
    wrong = [name for name, kind in _START_FIELDS if type(start.get(name)) is not kind]
    keepers = start.get("keepers")
    if not isinstance(keepers, list) or not all(_is_identity(keeper) for keeper in keepers):
        wrong.append("keepers")
    return wrong


def _is_identity(pair: object) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(type(number) is int for number in pair)


def read_exit(run_dir: str) -> dict[str, object] | None:
    """`exit.json` as a dict; None while nobody recorded an end. Raises Unreadable when it is damaged."""
    return read(run_dir, EXIT)


def read(run_dir: str, name: str) -> dict[str, object] | None:
    """One JSON object of the run's folder; None when the file is not there. Raises Unreadable."""
    import json  # here and not above: see the rules

    from overnight.store import files

    path = os.path.join(run_dir, name)
    try:
        value = json.loads(files.read(path))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise Unreadable(f"{path} cannot be read: {getattr(error, 'strerror', error)}") from error
    if not isinstance(value, dict):
        raise Unreadable(f"{path} is damaged: it holds no JSON object")
    return value


def now() -> dict[str, object]:
    """Both clocks: seconds since the epoch, and seconds since boot (no step of the first touches the
    second)."""
    return {"at": time.time(), "boottime": boottime()}


def open_folder(path: str) -> int:
    """A descriptor of the folder: it stays right when the folder is renamed. Raises OSError."""
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def exists(dir_fd: int, name: str) -> bool:
    """Whether the folder has that name, be it of a link that leads nowhere: it is taken."""
    return os.access(name, os.F_OK, dir_fd=dir_fd, follow_symlinks=False)


def remove(dir_fd: int, name: str) -> None:
    """Remove the name if it is there. Raises OSError for anything but its absence."""
    try:
        os.unlink(name, dir_fd=dir_fd)
    except FileNotFoundError:
        return


def _inherit_room(dir_fd: int, by: str) -> None:
    for keeper in KEEPERS:
        if exists(dir_fd, room_name(keeper)):
            os.rename(room_name(keeper), room_name(by), src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
            return


def _publish(dir_fd: int, source: str, target: str) -> bool:
    """Give the finished file its name, unless the name is taken."""
    try:
        _name_exclusively(dir_fd, source, target)
        first = True
    except FileExistsError:
        first = False
    remove(dir_fd, source)  # after any other error it stays: its room is there for the next try
    os.fsync(dir_fd)
    return first


def _name_exclusively(dir_fd: int, source: str, target: str) -> None:
    """link; where that has no room or is not to be had (FAT, some network mounts), an exclusive rename."""
    try:
        os.link(source, target, src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
        return
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
    try:
        linux.rename_exclusively(dir_fd, source, target)
        return
    except OSError as error:
        if error.errno not in _NO_RENAME_FLAGS:
            raise
    # Neither is offered: the recorders act one after the other in all but a double fault, so this is no race.
    os.rename(source, target, src_dir_fd=dir_fd, dst_dir_fd=dir_fd)


def encode(fields: dict[str, object]) -> bytes:
    """A flat dict as one line of JSON: str, int, finite float, bool, None and lists of these."""
    return (_value(fields) + "\n").encode("utf-8", "replace")


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(str(key))}: {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return repr(value)


def _text(text: str) -> str:
    return '"' + "".join(c if c >= " " and c not in '"\\' else f"\\u{ord(c):04x}" for c in text) + '"'
