"""Limits that end a command or keep it from starting: of the process, of its cgroup, of places for files.

Rules:
- Limits are judged by what is used of them: one that is far away is no warning.
- Limits of CPU time, file size and address space end long runs by their nature, and always warn.
"""

import os
import resource
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from overnight.app.checkup.check import Check, fine, warn
from overnight.app.checkup.facts import Mount, System, groups, mounts
from overnight.core.humane import duration, size

NO_LIMIT = resource.RLIM_INFINITY
_FEW_FILES = 256
_FEW_PROCESSES = 100
_MUCH = 0.85
_CAPS = {
    # name: what happens there, how it is shown, the option of ulimit and its name in limits.conf
    "cpu": ("a process is killed (SIGXCPU) after {} of CPU time", duration, "t"),
    "fsize": ("a process is killed (SIGXFSZ) when a file, its log too, passes {}", size, "f"),
    "as": ("memory is refused to a process beyond {} of addresses", size, "v"),
    "data": ("memory is refused to a process beyond {} of data", size, "d"),
}

_MORE_MEMORY = "docker update --memory {}g CONTAINER   (or MemoryMax= of the unit, --mem of the job)"

Limits = Mapping[str, tuple[int, int]]
"""Name to (soft, hard), as `getrlimit` has them."""


class Use(NamedTuple):
    """What one cgroup allows and what is used of it."""

    limit: int
    used: int


# ---------------------------------------------------------------- pure


def ulimits(limits: Limits) -> list[Check]:
    """The caps that end long runs, and too few files."""
    found = [
        warn("ulimit", _passed(name, limits), _raise(name, limits)) for name in _CAPS if _is_set(name, limits)
    ]
    soft, hard = limits.get("nofile", (NO_LIMIT, NO_LIMIT))
    if soft != NO_LIMIT and soft < _FEW_FILES:
        text = f"{soft} open files: the watch needs a few for each run, and many programs more"
        found.append(warn("files", text, f"ulimit -n {'4096' if hard == NO_LIMIT else min(hard, 4096)}"))
    elif not found:
        files = "any number of" if soft == NO_LIMIT else soft
        found.append(fine("ulimit", f"no cap on CPU time, file size or memory; {files} open files"))
    return found


def processes(limits: Limits, used: int, pid_max: int, everybody: int) -> Check:
    """Whether new processes can be started. `used`: this user's threads; 0 for whom nothing limits."""
    soft = limits.get("nproc", (NO_LIMIT, NO_LIMIT))[0]
    if used and soft != NO_LIMIT and (used > _MUCH * soft or soft - used < _FEW_PROCESSES):
        text = f"{used} of your {soft} processes and threads are in use: at the limit nothing starts"
        return warn("processes", text, _raise("nproc", limits, "u"))
    if everybody > _MUCH * pid_max:
        text = f"{everybody} of {pid_max} process numbers are in use: without one nothing starts"
        return warn("processes", text, "sudo sysctl kernel.pid_max=4194304")
    return fine("processes", f"{everybody} of {pid_max} process numbers in use")


def tightest(uses: Iterable[Use]) -> Use | None:
    """Of nested limits the one with the least left; None when there is none."""
    return min(uses, key=lambda use: use.limit - use.used, default=None)


def memory(use: Use | None) -> Check:
    """The memory that the cgroup allows, beyond which the kernel kills."""
    if use is None:
        return fine("memory", "no cap but the machine's")
    text = f"{size(use.used)} of the {size(use.limit)} that this cgroup may use"
    if use.used > _MUCH * use.limit:
        return warn("memory", f"{text}: beyond, the kernel kills", _MORE_MEMORY.format((use.limit >> 29) + 1))
    return fine("memory", text)


def tasks(use: Use | None) -> Iterator[Check]:
    """The processes that the cgroup allows."""
    if use is not None:
        text = f"{use.used} of the {use.limit} processes and threads that this cgroup may have"
        if use.used > _MUCH * use.limit or use.limit - use.used < _FEW_PROCESSES:
            advice = "docker update --pids-limit -1 CONTAINER   (or TasksMax=infinity of the unit)"
            yield warn("cgroup", f"{text}: at the limit nothing starts", advice)
        else:
            yield fine("cgroup", text)


def counted(limit: str | None, used: str | None, cache: int = 0) -> Use | None:
    """What a cgroup's files say; None when there is no limit (`max`, or the huge number of version 1)."""
    if limit is None or used is None or not limit.strip().isdigit():
        return None
    most = int(limit)
    return Use(most, max(0, int(used) - cache)) if most < 1 << 60 else None


def cache_of(stat: str) -> int:
    """Bytes of memory.stat that the kernel gives back before it kills."""
    found = dict(line.split(" ", 1) for line in stat.splitlines() if line.count(" ") == 1)
    return int(found.get("total_inactive_file", found.get("inactive_file", "0")))


def folders(controller: str, cgroup: str, all_: Iterable[Mount]) -> list[str]:
    """The folders of this process's cgroup and of those above it that hold the controller's files."""
    paths = groups(cgroup)
    old = controller in paths
    path = paths.get(controller if old else "", "")
    for mount in all_:
        fits = mount.kind == "cgroup" and controller in mount.options if old else mount.kind == "cgroup2"
        if path and fits:
            inside = path[len(mount.root) :] if mount.root != "/" and path.startswith(mount.root) else path
            parts = [part for part in inside.split("/") if part and part != ".."]
            return ["/".join((mount.point, *parts[:n])) for n in range(len(parts), -1, -1)]
    return []


def _is_set(name: str, limits: Limits) -> bool:
    return limits.get(name, (NO_LIMIT, NO_LIMIT))[0] != NO_LIMIT


def _passed(name: str, limits: Limits) -> str:
    text, show, _ = _CAPS[name]
    return text.format(show(limits[name][0]))


def _raise(name: str, limits: Limits, option: str = "") -> str:
    hard = limits[name][1]
    if hard == NO_LIMIT:
        return f"ulimit -{option or _CAPS[name][2]} unlimited"
    return f'echo "$USER - {name} unlimited" | sudo tee -a /etc/security/limits.conf   (then log in again)'


# ---------------------------------------------------------------- reading


def limits_here() -> Limits:
    """The limits of this process, which a run inherits."""
    names = ("cpu", "fsize", "as", "data", "nofile", "nproc")
    return {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name.upper()}")) for name in names}


def look_at_processes(system: System) -> Iterator[Check]:
    """This user's and everybody's processes against their limits."""
    limits, everybody, own = limits_here(), 0, 0
    limited = os.geteuid() != 0 and limits["nproc"][0] != NO_LIMIT
    for pid in system.processes():
        everybody += 1
        if limited:
            own += _threads(system, pid)
    yield processes(limits, own, system.number("/proc/sys/kernel/pid_max"), everybody)


def look_at_memory(system: System) -> Iterator[Check]:
    """The memory of this cgroup and of those above it."""
    yield memory(tightest(_uses(system, "memory", ("memory.max", "memory.limit_in_bytes"),
                                ("memory.current", "memory.usage_in_bytes"))))  # fmt: skip


def look_at_tasks(system: System) -> Iterator[Check]:
    """The processes of this cgroup and of those above it."""
    yield from tasks(tightest(_uses(system, "pids", ("pids.max",), ("pids.current",))))


def _uses(system: System, controller: str, limits: Iterable[str], used: Iterable[str]) -> Iterator[Use]:
    cgroup, mountinfo = system.needed("/proc/self/cgroup"), system.needed("/proc/self/mountinfo")
    for folder in folders(controller, cgroup, mounts(mountinfo)):
        cache = cache_of(system.text(f"{folder}/memory.stat") or "") if controller == "memory" else 0
        use = counted(_first(system, folder, limits), _first(system, folder, used), cache)
        if use is not None:
            yield use


def _first(system: System, folder: str, names: Iterable[str]) -> str | None:
    return next((text for name in names if (text := system.text(f"{folder}/{name}")) is not None), None)


def _threads(system: System, pid: str) -> int:
    try:
        if os.stat(system.path(f"/proc/{pid}")).st_uid != os.getuid():
            return 0
        return int((system.text(f"/proc/{pid}/stat") or "0").rpartition(")")[2].split()[17])
    except (OSError, LookupError):  # it has ended
        return 0
