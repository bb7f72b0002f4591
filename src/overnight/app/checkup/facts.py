"""Reading the machine: files below a root folder, and what the formats of several of them mean.

Rules:
- `System` reads and judges nothing. What is not there is None; what may not be read raises OSError.
- The parsers are pure, and take any text: a line that makes no sense is passed over.
"""

import os
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_OCTAL = re.compile(r"\\([0-7]{3})")
_TRUE = ("1", "yes", "y", "true", "t", "on")
_FALSE = ("0", "no", "n", "false", "f", "off")


class System:
    """The files of this machine, or of a copy of one below `root`."""

    def __init__(self, root: str = "/") -> None:
        self._root = root

    def path(self, path: str) -> str:
        """Where the absolute `path` of the machine is found."""
        return os.path.join(self._root, path.lstrip("/"))

    def text(self, path: str) -> str | None:
        """The whole file; None when it is not there. Raises OSError."""
        try:
            with open(self.path(path), encoding="utf-8", errors="replace") as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def needed(self, path: str) -> str:
        """The whole file. Raises OSError, also when it is not there."""
        with open(self.path(path), encoding="utf-8", errors="replace") as file:
            return file.read()

    def number(self, path: str) -> int:
        """The file's one number. Raises OSError and ValueError."""
        return int(self.needed(path))

    def names(self, folder: str) -> list[str]:
        """What the folder holds, sorted; nothing when it is not there. Raises OSError."""
        try:
            return sorted(os.listdir(self.path(folder)))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def has(self, path: str) -> bool:
        """Whether there is such a thing."""
        return os.path.lexists(self.path(path))

    def processes(self) -> Iterator[str]:
        """The pids in /proc, as text."""
        return (name for name in self.names("/proc") if name.isdigit())


class Mount(NamedTuple):
    """One line of /proc/self/mountinfo."""

    root: str
    point: str
    kind: str
    source: str
    options: tuple[str, ...]


def mounts(mountinfo: str) -> list[Mount]:
    """What is mounted where, in the order of mounting."""
    found = []
    for line in mountinfo.splitlines():
        left, separator, right = line.partition(" - ")
        fields, after = left.split(" "), right.split(" ")
        if not separator or len(fields) < 6 or len(after) < 2:
            continue
        options = (*fields[5].split(","), *(after[2].split(",") if len(after) > 2 else ()))
        found.append(Mount(_plain(fields[3]), _plain(fields[4]), after[0], _plain(after[1]), options))
    return found


def mount_of(path: str, all_: Iterable[Mount]) -> Mount | None:
    """The mount that holds the absolute path: the longest mount point above it, the latest of equals."""
    best: Mount | None = None
    for mount in all_:
        point = mount.point.rstrip("/")
        if (path == point or path.startswith(point + "/")) and (
            best is None or len(mount.point) >= len(best.point)
        ):
            best = mount
    return best


def _plain(field: str) -> str:
    """Blanks and the like are written as \\040."""
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), field)


def groups(cgroup: str) -> dict[str, str]:
    """Controller to path, from /proc/PID/cgroup; the unified hierarchy is ``""``."""
    found: dict[str, str] = {}
    for line in cgroup.splitlines():
        fields = line.split(":", 2)
        if len(fields) == 3:
            found |= dict.fromkeys(fields[1].split(","), fields[2])
    return found


def unit_path(cgroup: str) -> str:
    """The path of cgroups that systemd arranged: the unified one, or its own hierarchy of version 1."""
    found = groups(cgroup)
    unified = found.get("", "/")
    return unified if unified != "/" else found.get("name=systemd", "/")


def assignments(texts: Iterable[str], section: str) -> list[tuple[str, str]]:
    """Every `Name=value` of a section of systemd's files, in order."""
    found = []
    for text in texts:
        inside = False
        for line in text.replace("\\\n", " ").splitlines():
            line = line.strip()
            if line.startswith("["):
                inside = line == f"[{section}]"
            elif inside and line[:1] not in ("#", ";") and "=" in line:
                name, _, value = line.partition("=")
                found.append((name.strip(), value.strip()))
    return found


def truth(value: str) -> bool | None:
    """A boolean as systemd reads it; None when it is none."""
    word = value.lower()
    return True if word in _TRUE else False if word in _FALSE else None
