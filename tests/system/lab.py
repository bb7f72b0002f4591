"""Places with a fault: a small disk under the home that can be filled, used up, made read-only.

Rules:
- Real file systems, mounted in a mount namespace of the test's own process: nobody else sees them, and they are
  gone with it, however it ends. Who may not mount skips, and says so.
- A disk is full to the last byte: also what a block had left is taken.
"""

import ctypes
import functools
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers import Home

_CLONE_NEWNS = 0x00020000
_BLOCK = 4096


@functools.cache
def mounts_of_our_own() -> bool:
    """Whether this process may mount; from now on what it mounts is seen by itself and its children alone."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) != 0:
        return False
    return subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True, check=False).returncode == 0


@dataclass
class Disk:
    """A file system in memory at `place`."""

    place: Path

    def mount(self, options: str) -> None:
        """Begin, with room as in `size=4m,nr_inodes=200`."""
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"mode=700,{options}", "none", self.place], check=True)

    def remount(self, options: str) -> None:
        """Change it while it is in use, as `ro` or `rw`."""
        subprocess.run(["mount", "-o", f"remount,{options}", self.place], check=True)

    def release(self) -> None:
        subprocess.run(["umount", "--lazy", self.place], check=True)

    def fill(self, spare_blocks: int = 0) -> None:
        """Leave no room but for so many blocks."""
        with open(self.place / ".fill", "ab", buffering=0) as file:
            for size in (64 * _BLOCK, _BLOCK, 1):
                _write_while_there_is_room(file.fileno(), size)
            os.truncate(file.fileno(), max(0, os.fstat(file.fileno()).st_size - spare_blocks * _BLOCK))

    def use_up_names(self, spare: int = 0) -> None:
        """Leave room for no new file but for so many. Whoever works there may take a name meanwhile."""
        folder = self.place / ".names"
        folder.mkdir(exist_ok=True)
        with suppress(OSError):
            for number in range(os.statvfs(self.place).f_favail - spare):
                (folder / f"n{number}-{spare}").touch()

    def empty(self) -> None:
        """Give the room back."""
        (self.place / ".fill").unlink(missing_ok=True)
        if (self.place / ".names").exists():
            for name in (self.place / ".names").iterdir():
                name.unlink()
            (self.place / ".names").rmdir()


def _write_while_there_is_room(fd: int, size: int) -> None:
    try:
        while os.write(fd, bytes(size)) == size:
            pass
    except OSError:
        return


@pytest.fixture
def disk(home: Home) -> Iterator[Disk]:
    """A disk under the home, 8 MB and 1,000 files large."""
    if not mounts_of_our_own():
        pytest.skip(
            "a disk of one's own needs the right to mount (root, or `unshare --map-root-user --mount`)"
        )
    made = Disk(home.path)
    made.mount("size=8m,nr_inodes=1000")
    yield made
    made.remount("rw")
    made.empty()
    home.close()
    made.release()
