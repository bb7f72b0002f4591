"""The exit code of a process that is not our child: for the day when both keepers were killed.

Rules:
- Only what the kernel says. Nothing is inferred from an absence: None means unknown.
- The pidfd must have been opened, and its identity checked, before the process was reaped.

Sources: ioctl PIDFD_GET_INFO with PIDFD_INFO_EXIT (include/uapi/linux/pidfd.h, Linux 6.15+; filled once the
process has been reaped, so wait for POLLHUP, not POLLIN); before that, field 52 of a zombie's /proc/PID/stat
(proc(5)), which reads 0 to whoever may not see it, so that a 0 there proves something only to who may: /proc/PID/io
is guarded by the same check (PTRACE_MODE_READ_FSCREDS) and refuses instead.
"""

import fcntl
import os
import select
import struct

_GET_INFO = 0xC040FF0B  # _IOWR(0xFF, 11, the first published size: 64 bytes)
_INFO_EXIT = 1 << 3
_INFO = struct.Struct("=QQ11Ii")  # mask, cgroup, 11 ids, exit code
_EXIT_CODE_FIELD = 49  # of those after the name


def exit_from_pidfd(fd: int) -> tuple[int | None, int | None] | None:
    """(code, None) or (None, signal) of the ended process; None while it runs and where the kernel does not
    tell."""
    status = _from_kernel(fd)
    if status is None:
        status = _from_zombie(fd)
    if status is None:
        return None
    if os.WIFSIGNALED(status):
        return None, os.WTERMSIG(status)
    return os.waitstatus_to_exitcode(status), None


def wait_for_exit(fd: int, timeout_s: float) -> tuple[int | None, int | None] | None:
    """Like `exit_from_pidfd`, after waiting at most `timeout_s` seconds for the process to be reaped."""
    poller = select.poll()
    poller.register(fd, 0)  # nothing but the hang-up, which comes with the reaping
    poller.poll(timeout_s * 1000)
    return exit_from_pidfd(fd)


def _from_kernel(fd: int) -> int | None:
    buffer = bytearray(_INFO.pack(_INFO_EXIT, *[0] * 13))
    try:
        fcntl.ioctl(fd, _GET_INFO, buffer)
    except OSError:  # an older kernel, or the process is gone and was not remembered
        return None
    mask, *_, status = _INFO.unpack(buffer)
    return status if mask & _INFO_EXIT else None


def _from_zombie(fd: int) -> int | None:
    pid = _pid_of(fd)
    if pid is None:
        return None
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    status = int(fields[_EXIT_CODE_FIELD])
    told = status != 0 or _may_look(pid)
    # The number may have been given to another process since: only a pid that the pidfd still has counts.
    return status if fields[0] == b"Z" and told and _pid_of(fd) == pid else None


def _may_look(pid: int) -> bool:
    """Whether the kernel shows us what it shows only to those who may trace the process, as with field 52."""
    try:
        with open(f"/proc/{pid}/io", "rb") as file:
            return file.read(1) != b""
    except OSError:
        return False


def _pid_of(fd: int) -> int | None:
    """The pid behind a pidfd; None once it was reaped."""
    with open(f"/proc/self/fdinfo/{fd}", encoding="utf-8") as file:
        for line in file:
            name, _, value = line.partition(":")
            if name == "Pid":
                return int(value) if int(value) > 0 else None
    return None
