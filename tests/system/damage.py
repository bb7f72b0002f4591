"""Ways to put something else in the place of a file of ours, as whoever may write there could.

Rules: each takes a path and leaves there what its name says; a place that does not take it (no root, a file system
without such sizes) is not damaged, and `damage` says so.
"""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

DEEP = 100_000
HUGE_BYTES = 1 << 40


def _device(minor: int) -> Callable[[Path], None]:
    return lambda path: os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, minor))


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(HUGE_BYTES)


def _text(data: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(data) and None


WAYS: dict[str, Callable[[Path], None]] = {
    "pipe": os.mkfifo,
    "link to another's file": lambda path: path.symlink_to("/etc/passwd"),
    "link to itself": lambda path: path.symlink_to(path),
    "link to nothing": lambda path: path.symlink_to("/nowhere/at/all"),
    "folder": lambda path: path.mkdir(),
    "/dev/zero": _device(5),
    "/dev/full": _device(7),
    "a terabyte of holes": _huge,
    "nothing": _text(b""),
    "garbage": _text(bytes(range(256)) * 40),
    "brackets": _text(b"[" * DEEP),
    "brackets of a key": _text(b'{"a":' + b"[" * DEEP + b"]" * DEEP + b"}"),
    "objects": _text(b'{"a":' * DEEP),
    "a number without end": _text(b'{"t":' + b"9" * DEEP + b"}"),
    "a line without end": _text(b'{"t":"' + b"a" * (20 << 20)),
}
ODD = (
    None,
    True,
    -1,
    0,
    10**30,
    1e308,
    "",
    "x",
    "nan",
    "-inf",
    [],
    [[]],
    {},
    {"a": 1},
    "\ud800",
    [None],
    [-1, -1],
)
"""Values for a key that holds something else."""


def damage(path: Path, way: str) -> bool:
    """Put it there; False where that cannot be done here."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    try:
        WAYS[way](path)
    except OSError:
        path.unlink(missing_ok=True)
        return False
    return True
