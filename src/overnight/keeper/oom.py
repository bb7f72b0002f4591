"""Was it out of memory? The kernel's counters before and after.

Rules:
- True only when the keepers' memory cgroup, in which the command was born, counted a kill *and* SIGKILL ended
  it.
- False only when nothing at all was killed for want of memory on the whole host.
- None in between: a guess is worse than an honest "unknown". (The command may have moved to another cgroup,
  and a zombie's cgroup cannot be asked for under v1, so that silence of the group alone proves nothing.)
- A line of another shape is passed over: a keeper that failed here would take the exit code with it.

Sources: `oom_kill` in /proc/vmstat (Linux 4.13+), in memory.events of cgroup v2 and in memory.oom_control of
cgroup v1, each of which counts victims of any kind of OOM killer (Documentation/admin-guide/cgroup-v2.rst).
"""

SIGKILL = 9


class Counters:
    """Kills so far: on the host and in this process's memory cgroup. None: not readable."""

    __slots__ = ("group", "host", "path")

    def __init__(self) -> None:
        self.host = _counter("/proc/vmstat")
        self.path = _memory_file(_lines("/proc/self/cgroup"), _lines("/proc/self/mountinfo"))
        self.group = _counter(self.path) if self.path else None


def evidence(before: Counters, after: Counters, signal: int | None) -> bool | None:
    """Whether the end (`signal`, None for an exit code) was the out-of-memory killer's work."""
    if before.host is not None and after.host == before.host:
        return False
    counted = before.group is not None and after.group is not None and after.group > before.group
    return True if counted and signal == SIGKILL else None


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read().splitlines()
    except (OSError, ValueError):  # the second for a path that can be none
        return []


def _counter(path: str) -> int | None:
    for line in _lines(path):
        name, _, value = line.partition(" ")
        if name == "oom_kill" and value.isdecimal():
            return int(value)
    return None


def _memory_file(cgroups: list[str], mounts: list[str]) -> str | None:
    """The file with the counter: of the v1 memory hierarchy if the process is in one, else of v2."""
    paths = dict(fields[1:] for line in cgroups if len(fields := line.split(":", 2)) == 3)
    for controllers, path in paths.items():
        if "memory" in controllers.split(","):
            return _inside_mount(mounts, "cgroup", "memory", path, "memory.oom_control")
    if "" in paths:
        return _inside_mount(mounts, "cgroup2", "", paths[""], "memory.events")
    return None


def _inside_mount(mounts: list[str], kind: str, option: str, path: str, name: str) -> str | None:
    """The file below the mount point, taking off the part of the path that the mount itself shows."""
    for line in mounts:
        left, _, right = line.partition(" - ")
        mount, file_system = left.split(), right.split(" ", 2)
        if len(mount) < 5 or len(file_system) < 3 or file_system[0] != kind:
            continue
        root, point = mount[3:5]
        if (not option or option in file_system[2].split(",")) and path.startswith(root):
            return f"{point}/{path[len(root) :].lstrip('/')}/{name}"
    return None
