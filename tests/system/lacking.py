"""A world without a system call: `python lacking.py flock|inotify -- COMMAND...`, for it and all that it starts.

Rules: the kernel itself refuses the call (a filter of seccomp), as it does on a file system that has no locks and where
no watches are left; nothing of ours is changed.
"""

import ctypes
import errno
import os
import struct
import sys

WITHOUT = {"flock": errno.EOPNOTSUPP, "inotify": errno.ENOSPC}
_NUMBERS = {
    "x86_64": {"flock": 73, "inotify": 254},
    "aarch64": {"flock": 32, "inotify": 27},
}.get(os.uname().machine, {})
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2
_LOAD, _IS, _ANSWER = 0x20, 0x15, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000

can = bool(_NUMBERS)
"""Whether the numbers of the calls are known for this processor."""


def command(what: str, *argv: str) -> list[str]:
    """The command in a world without that."""
    return [sys.executable, __file__, what, "--", *argv]


def _lack(number: int, refusal: int) -> None:
    rows = [
        (_LOAD, 0, 0, 0),
        (_IS, 0, 1, number),
        (_ANSWER, 0, 0, _REFUSE | refusal),
        (_ANSWER, 0, 0, _ALLOW),
    ]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *row) for row in rows))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(rows), ctypes.addressof(program)))
    libc = ctypes.CDLL(None, use_errno=True)
    for call in ((_NO_NEW_PRIVILEGES, 1, 0, 0, 0), (_SECCOMP, _FILTER, ctypes.byref(header), 0, 0)):
        if libc.prctl(*call) != 0:
            raise OSError(ctypes.get_errno(), "this kernel takes no filter")


if __name__ == "__main__":
    _lack(_NUMBERS[sys.argv[1]], WITHOUT[sys.argv[1]])
    os.execvp(sys.argv[3], sys.argv[3:])
