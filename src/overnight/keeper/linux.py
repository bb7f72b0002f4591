"""The few calls of Linux that Python's standard library does not offer, through ctypes.

Rules:
- One small function per call; no policy here.
- Standard library only, cheap to import: this runs in every keeper.
"""

import ctypes
import os

_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36
_RENAME_NOREPLACE = 1
_RUSAGE_LONGS = 18
_SYS_WAITID = {"x86_64": 247, "aarch64": 95, "riscv64": 95, "loongarch64": 95, "ppc64le": 272, "s390x": 281}

OWN_PREFIX = "overnight/"
"""What the program's own processes are called in /proc. A slash cannot come from a file's name, so that no
command has such a name by accident; a stop leaves what bears it alone."""

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def become_subreaper() -> None:
    """Orphaned descendants of this process become its children instead of init's. Raises OSError."""
    _check(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))


def set_name(name: str) -> None:
    """The process's name in /proc and ps, at most 15 bytes. Raises OSError."""
    _check(_libc.prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0))


def rename_exclusively(dir_fd: int, source: str, target: str) -> None:
    """Rename inside one folder; raises FileExistsError when `target` is there (renameat2,
    RENAME_NOREPLACE)."""
    names = (source.encode(), target.encode())
    _check(_libc.renameat2(dir_fd, names[0], dir_fd, names[1], _RENAME_NOREPLACE))


def usage_of_ended(pid: int) -> tuple[float, float, int] | None:
    """User s, system s and peak resident bytes of an ended child that has not been reaped.

    The kernel's waitid gives the usage together with WNOWAIT, the C library's hides it; hence the raw call.
    None on processors whose call number is not known here, or when the child is gone.
    """
    number = _SYS_WAITID.get(os.uname().machine)
    if number is None:
        return None
    usage = (ctypes.c_long * _RUSAGE_LONGS)()
    options = os.WEXITED | os.WNOWAIT | os.WNOHANG
    if _libc.syscall(number, os.P_PID, pid, None, options, usage) != 0:
        return None
    return usage[0] + usage[1] / 1e6, usage[2] + usage[3] / 1e6, usage[4] * 1024
