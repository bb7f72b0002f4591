"""Somebody else with an account on this machine, for the tests of what is private.

Rules: a real process of another user tries, not a look at modes; it is forked here, so that it needs no file that this
user alone may read; what it can do it says through a pipe.
"""

import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from helpers import wait_for_end

NOBODY = 65_534
_SOCKETS = ("tcp", "tcp6", "udp", "udp6", "udplite", "udplite6", "raw", "raw6", "unix")
_LISTENS, _UNCONNECTED = "0A", "07"
_ACCEPTS = 0x10000

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def as_stranger(look: Callable[[], Any]) -> Any:
    """What `look` gives (as JSON) to a process of another user, who is in none of our groups."""
    theirs, ours = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.write(ours, json.dumps(look()).encode())
        finally:
            os._exit(0)
    os.close(ours)
    with open(theirs, "rb") as pipe:
        said = pipe.read()
    wait_for_end(pid)
    os.waitpid(pid, 0)
    return json.loads(said)


def all_of(*places: Path) -> list[str]:
    """The places and everything below them."""
    return [str(path) for place in places for path in (place, *sorted(place.rglob("*")))]


def reached(paths: Iterable[str]) -> list[str]:
    """What of these a stranger can do anything with, and what."""
    return list(as_stranger(lambda: [done for path in paths for done in _tried(path)]))


def _tried(path: str) -> Iterator[str]:
    fresh = os.path.join(path, "planted")
    attempts: dict[str, Callable[[], Any]] = {
        "list": lambda: os.listdir(path),
        "read": lambda: os.read(os.open(path, os.O_RDONLY | os.O_NONBLOCK), 1),
        "open to write": lambda: os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK),
        "open in it": lambda: os.open(fresh, os.O_WRONLY | os.O_CREAT, 0o666),
        "make a folder in it": lambda: os.mkdir(fresh),
        "change the mode of": lambda: os.chmod(path, 0o777),
        "rename": lambda: os.rename(path, path + ".theirs"),
        "remove": lambda: os.unlink(path),
    }
    for what, attempt in attempts.items():
        with suppress(OSError):
            attempt()
            yield f"{what} {path}"


def unprivate(paths: Iterable[str]) -> list[str]:
    """Those that would be open to others if what is above them were."""
    found = ((path, os.lstat(path)) for path in paths)
    return [
        f"{path}: {stat.filemode(one.st_mode)} of {one.st_uid}"
        for path, one in found
        if not stat.S_ISLNK(one.st_mode) and (one.st_mode & 0o077 or one.st_uid != os.geteuid())
    ]


def seen_in_proc(pids: Iterable[int]) -> dict[str, list[str]]:
    """By `cmdline`: the command lines; by `reached`: what else a stranger gets at, or can do to them."""
    return dict(as_stranger(lambda: _proc(list(pids))))


def _proc(pids: list[int]) -> dict[str, list[str]]:
    words = [Path(f"/proc/{pid}/cmdline").read_bytes().decode("latin-1") for pid in pids]
    found = []
    for pid in pids:
        for name in ("environ", "mem", "fd", "cwd", "maps"):
            with suppress(OSError):
                path = f"/proc/{pid}/{name}"
                _ = os.listdir(path) if name == "fd" else os.open(path, os.O_RDONLY)
                found.append(path)
        with suppress(OSError):
            os.kill(pid, 0)
            found.append(f"a signal to {pid}")
    return {"cmdline": words, "reached": found}


def listening(pids: Iterable[int]) -> list[str]:
    """The sockets of these processes that anybody could connect or send to."""
    inodes = {link.removeprefix("socket:[").rstrip("]") for pid in pids for link in _links(pid)}
    rows = ((kind, row.split()) for kind in _SOCKETS for row in _table(kind))
    return [f"{kind} {' '.join(row)}" for kind, row in rows if _is_open(kind, row, inodes)]


def _is_open(kind: str, row: list[str], inodes: set[str]) -> bool:
    if kind == "unix":
        return row[6] in inodes and (int(row[3], 16) & _ACCEPTS != 0 or len(row) > 7)
    return row[9] in inodes and row[3] in (_LISTENS, _UNCONNECTED)


def _table(kind: str) -> list[str]:
    try:
        return Path(f"/proc/net/{kind}").read_text().splitlines()[1:]
    except FileNotFoundError:
        return []


def _links(pid: int) -> Iterator[str]:
    folder = f"/proc/{pid}/fd"
    for number in os.listdir(folder):
        with suppress(FileNotFoundError):
            yield os.readlink(os.path.join(folder, number))
