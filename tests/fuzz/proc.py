"""What the kernel says of processes and mounts, with names that somebody else chose.

Rules: a process's facts are right whatever its name is; any other text is no process, no counter, and never an error: a
keeper that fails takes the exit code with it.
"""

from fuzz import support
from overnight.keeper import oom
from overnight.keeper.identity import Stat

FILE = support.SCRATCH / "memory.events"


def check(data: bytes) -> None:
    """The same bytes as a name, as a line of facts and as tables."""
    name = data[:15]
    stat = Stat(b"17 (" + name + b") S 3 4 5 " + b"0 " * 15 + b"99 0 0\n")
    assert (stat.pid, stat.parent, stat.session, stat.ticks, stat.state) == (17, 3, 5, 99, "S")
    try:
        assert isinstance(Stat(data).ticks, int)
    except (ValueError, IndexError):
        pass  # what `read_stat` takes for no process
    text = data.decode("utf-8", "surrogateescape")
    groups, _, mounts = text.partition("\0")
    path = oom._memory_file(groups.splitlines(), mounts.splitlines())
    assert path is None or isinstance(path, str)
    if path is not None:
        assert oom._counter(path + "/none") is None
    FILE.write_bytes(data)
    assert isinstance(oom._counter(str(FILE)), int | None)


def seeds() -> list[bytes]:
    """cgroup v1 and v2, a container, and odd names."""
    two = b"0::/user.slice/a\n\x0030 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"
    one = b"5:memory:/docker/a\n0::/\n\x0036 32 0:31 /docker/a /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    line = b"1 (sh) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12345 0 0\n"
    return [two, one, line, b") S 1 2", b"oom_kill 3\noom 1\n", "oom_kill \u00b2\n".encode(), b"a) R 1 (b"]


WORDS = (" - cgroup2 ", "0::/", ":memory:", "oom_kill ", ") S ", "\u00b2")
