"""What the kernel has to offer, tried out and not looked up: a sandbox may forbid what the version promises.

Rules:
- Each call is really made, in a child where it would change this process.
- What the program can do without is told and no warning.
"""

import ctypes
import os
import select
from collections.abc import Iterator
from typing import NamedTuple

from inotify_simple import INotify

from overnight.app.checkup.check import Check, bad, fine, warn
from overnight.app.checkup.facts import System, mounts
from overnight.keeper import linux
from overnight.keeper.witness import exit_from_pidfd

_CODE = 3
"""The exit code of the child that is asked about."""
_NO_SUBREAPER = 4
_FEW_WATCHES = 1024
_FEW_EVENTS = 256
_MUCH = 0.85
_TIME_ERROR = 5
"""What adjtimex answers when nothing keeps the clock right."""
_TIMEX_BYTES = 208


class Child(NamedTuple):
    """What became of the child that ended with a code. `told`: what its pidfd told of the end, once reaped."""

    code: int
    told: tuple[int | None, int | None] | None


class Inotify(NamedTuple):
    """The kernel's limits for one user, and what this user has of them."""

    watches: int
    instances: int
    queued: int
    used_watches: int
    used_instances: int


# ---------------------------------------------------------------- pure


def processes(release: str, child: Child) -> list[Check]:
    """Whether processes can be held, adopted and asked for their end."""
    if child.code != _CODE:
        text = f"Linux {release}, but becoming the parent of orphans (subreaper) is forbidden: a sandbox?"
        return [bad("kernel", text, "Run outside the sandbox, or allow prctl there.")]
    if child.told == (child.code, None):
        return [fine("kernel", f"Linux {release}; it tells an exit code even if both keepers are killed")]
    return [
        fine(
            "kernel",
            f"Linux {release}; an exit code is lost if both keepers are killed (Linux 6.15 tells it)",
        )
    ]


def watching(facts: Inotify) -> Check:
    """Whether files can be watched, this many and more."""
    used = f"{facts.used_watches} of {facts.watches} watches, {facts.used_instances} of {facts.instances} instances"
    if facts.watches < _FEW_WATCHES or facts.used_watches > _MUCH * facts.watches:
        text = f"{used} in use: without one the watch sees nothing of a run"
        return warn("inotify", text, "sudo sysctl fs.inotify.max_user_watches=524288")
    if facts.used_instances > _MUCH * facts.instances:
        text = f"{used} in use: without one no watchman and no `wait` can start"
        return warn("inotify", text, "sudo sysctl fs.inotify.max_user_instances=1024")
    if facts.queued < _FEW_EVENTS:
        text = f"only {facts.queued} events wait to be read: floods are looked at late"
        return warn("inotify", text, "sudo sysctl fs.inotify.max_queued_events=16384")
    return fine("inotify", f"{used} in use")


def proc(options: tuple[str, ...]) -> Iterator[Check]:
    """How much of /proc is shown. `options`: those of its mount."""
    if "subset=pid" in options:
        text = "shows processes only (subset=pid): neither the boot nor the memory can be told"
        yield warn("/proc", text, "mount -t proc proc /proc   (without subset=pid)")
    elif any(option.startswith("hidepid=") and option[8:] not in ("0", "off") for option in options):
        yield fine("/proc", "shows only your own processes (hidepid)")


def clock(kept: bool) -> Check:
    """Whether something keeps the clock right; durations here do not depend on it."""
    if kept:
        return fine("clock", "kept right")
    return fine("clock", "kept right by nothing that the kernel knows; times told may be off")


# ---------------------------------------------------------------- trying


def try_processes() -> Iterator[Check]:
    """pidfds, the subreaper, the code of an end."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError) as error:
        yield bad(
            "kernel",
            f"processes cannot be held (pidfd): {error}",
            "Linux 5.3 or newer is needed, unforbidden.",
        )
        return
    yield from processes(os.uname().release, ended_child())


def try_watching(system: System) -> Iterator[Check]:
    """An inotify instance of our own, and the user's others."""
    try:
        INotify().close()
    except OSError as error:
        text = f"files cannot be watched (inotify): {error.strerror}"
        yield bad("inotify", text, "sudo sysctl fs.inotify.max_user_instances=1024")
        return
    limits = "/proc/sys/fs/inotify/max_"
    watches, instances = (system.number(f"{limits}user_{what}") for what in ("watches", "instances"))
    yield watching(Inotify(watches, instances, system.number(f"{limits}queued_events"), *_in_use(system)))


def look_at_proc(system: System) -> Iterator[Check]:
    """The options with which /proc is mounted."""
    found = [
        mount.options for mount in mounts(system.needed("/proc/self/mountinfo")) if mount.point == "/proc"
    ]
    yield from proc(found[-1] if found else ())


def look_at_clock() -> Iterator[Check]:
    """What the kernel thinks of its clock."""
    answer = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    yield clock(answer != _TIME_ERROR)


def ended_child() -> Child:
    """A child that is at once ended, reaped and asked for, as nobody's keeper could have it."""
    pid = os.fork()
    if pid == 0:
        _become_subreaper_and_end()
    fd = os.pidfd_open(pid)
    try:
        select.select([fd], [], [])
        status = os.waitpid(pid, 0)[1]
        return Child(os.waitstatus_to_exitcode(status), exit_from_pidfd(fd))
    finally:
        os.close(fd)


def tells_strangers() -> bool:
    """Whether the kernel tells the exit code of a process that somebody else has reaped (Linux 6.15 and newer)."""
    return ended_child().told == (_CODE, None)


def _become_subreaper_and_end() -> None:
    code = _NO_SUBREAPER
    try:
        linux.become_subreaper()
        code = _CODE
    finally:
        os._exit(code)


def _in_use(system: System) -> tuple[int, int]:
    """The watches and instances of this user's processes."""
    watches = instances = 0
    for pid in system.processes():
        try:
            if os.stat(system.path(f"/proc/{pid}")).st_uid == os.getuid():
                more, one = _of_process(system, f"/proc/{pid}")
                watches, instances = watches + more, instances + one
        except OSError:  # it has ended, or is none of ours after all
            continue
    return watches, instances


def _of_process(system: System, process: str) -> tuple[int, int]:
    watches = instances = 0
    for fd in system.names(f"{process}/fd"):
        if os.readlink(system.path(f"{process}/fd/{fd}")) == "anon_inode:inotify":
            instances += 1
            watches += (system.text(f"{process}/fdinfo/{fd}") or "").count("inotify wd:")
    return watches, instances
