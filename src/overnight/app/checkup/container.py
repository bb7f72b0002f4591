"""Containers, sandboxes, and the first process of the PID namespace, with which everything in it ends.

Rules:
- That a container ends is normal; what warns is a first process that ends soon: a sandbox, one on a terminal,
  the shell that we were called from.
- Whether ended orphans are taken away is tried out with one, unless process 1 is known to do it.
"""

import os
import re
import select
from collections.abc import Container, Iterator, Mapping

from overnight.app.checkup.check import Check, fine, warn
from overnight.app.checkup.facts import System
from overnight.keeper.identity import Stat, read_stat

_FIRST_PID_NAMESPACE = "pid:[4026531836]"
"""That of the machine itself: a constant of the kernel (PROC_PID_INIT_INO)."""
_MARKS = {"/.dockerenv": "Docker", "/run/.containerenv": "Podman"}
_IN_CGROUP = {
    "Kubernetes": re.compile(r"/kubepods"),
    "Docker": re.compile(r"/docker(/|-[0-9a-f]{12})"),
    "Podman": re.compile(r"libpod-[0-9a-f]{12}"),
    "containerd": re.compile(r"cri-containerd-"),
    "LXC": re.compile(r"/lxc(/|\.payload)"),
}
_SHELLS = ("sh", "bash", "dash", "zsh", "fish", "ash", "ksh", "login")
_SANDBOXES = ("bwrap", "firejail", "nsjail", "codex-linux-san")
_REAPERS = (
    "systemd", "init", "tini", "tini-static", "docker-init", "podman-init", "catatonit", "dumb-init", "runit",
    "runit-init", "s6-svscan", "openrc-init", "my_init", "bwrap", "pause", "procd",
)  # fmt: skip
_REAPING_S = 5.0
_WITH_INIT = "docker run --init -d …   (compose: `init: true`; elsewhere: `tini -- COMMAND` as process 1)"


# ---------------------------------------------------------------- pure


def container_name(
    marks: Container[str], cgroup: str, env: Mapping[str, str], declared: str = "", own_namespace: bool = True
) -> str:
    """What kind of container this is; empty when nothing says that it is one.

    `marks`: files that are there; `declared`: what systemd was told (/run/systemd/container);
    `own_namespace`: whether processes are counted apart from those of the machine.
    """
    if "KUBERNETES_SERVICE_HOST" in env:
        return "Kubernetes"
    for name, pattern in _IN_CGROUP.items():
        if pattern.search(cgroup):
            return name
    for mark, name in _MARKS.items():
        # A virtual machine may be made from a container's image, with the marks of one.
        if mark in marks and own_namespace:
            return name
    return "" if declared.strip() == "wsl" else declared.strip()


def ending(name: str, first: Stat | None, on_terminal: bool, same_session: bool) -> Check:
    """What ends the container `name` (empty: a mere PID namespace), and every run with it.

    `first`: its process 1. A shell that is no session of ours is an entry point, and stays.
    """
    what = f"{name} container" if name else "PID namespace of its own"
    if first is None:
        return fine("container", f"{what}: its end ends every run in it")
    if first.name in _SANDBOXES:
        text = f"a sandbox ({first.name}): when its command ends, the kernel kills every run in it"
        return warn("container", text, "Start the run outside the sandbox.")
    if on_terminal or (first.name in _SHELLS and same_session):
        text = f"{what}: when its first process ({first.name}) ends, so does every run"
        command = "docker run -d --init IMAGE sleep infinity, then docker exec -it … overnight run -- COMMAND"
        return warn("container", text, command if name else "Start the run outside of it.")
    return fine("container", f"{what}: its end ends every run in it")


def reaping(first: str, taken: bool | None, zombies: int) -> Check:
    """Whether process 1 takes ended orphans away. `taken`: what became of one; None: not tried."""
    if taken is False:
        left = f" ({zombies} so far)" if zombies else ""
        text = f"process 1 ({first}) takes no ended orphans away{left}: in the end no process can start"
        return warn("init", text, _WITH_INIT)
    return fine("init", f"process 1 ({first}) takes ended orphans away")


# ---------------------------------------------------------------- reading


def name_here(system: System, env: Mapping[str, str]) -> str:
    """The kind of container this process is in; empty for none. Raises OSError."""
    marks = [mark for mark in _MARKS if system.has(mark)]
    cgroup = system.text("/proc/self/cgroup") or ""
    declared = system.text("/run/systemd/container") or ""
    return container_name(marks, cgroup, env, declared, _own_namespace(system))


def look_at_ending(system: System, env: Mapping[str, str]) -> Iterator[Check]:
    """Whether the end of something around us ends the runs."""
    name = name_here(system, env)
    if name or _own_namespace(system):
        text = system.text("/proc/1/stat")
        first = Stat(text.encode()) if text else None
        on_terminal = text is not None and _terminal(text) != 0
        yield ending(name, first, on_terminal, first is not None and first.session == os.getsid(0))


def sandboxed(system: System) -> bool:
    """Whether a sandbox ends with the present command and takes all with it. Raises OSError."""
    return (system.text("/proc/1/comm") or "").strip() in _SANDBOXES


def look_at_init(system: System) -> Iterator[Check]:
    """Whether ended orphans go away."""
    first = system.needed("/proc/1/comm").strip()
    taken = None if first in _REAPERS else _is_taken()
    yield reaping(first, taken, _zombies_of_init(system))


def _own_namespace(system: System) -> bool:
    return os.readlink(system.path("/proc/self/ns/pid")) != _FIRST_PID_NAMESPACE


def _terminal(stat: str) -> int:
    return int(stat.rpartition(")")[2].split()[4])


def _zombies_of_init(system: System) -> int:
    stats = (read_stat(pid) for pid in system.processes())
    return sum(stat is not None and stat.parent == 1 and stat.state == "Z" for stat in stats)


def _is_taken() -> bool | None:
    """Make an orphan that ends, and see whether it goes away; None when it found another parent."""
    out, into = os.pipe()
    held, keep = os.pipe()
    # The orphan says its number and ends when `keep` is closed: until then a pidfd can be had.
    words = ["sh", "-c", "sh -c 'echo $$ >&3; read word <&4' &"]
    actions = [(os.POSIX_SPAWN_DUP2, into, 3), (os.POSIX_SPAWN_DUP2, held, 4)]
    try:
        os.waitpid(os.posix_spawn("/bin/sh", words, os.environ, file_actions=actions), 0)
        os.close(into)
        into = -1
        orphan = int(os.read(out, 32))
        fd = os.pidfd_open(orphan)
    finally:
        for each in (out, into, held, keep):
            if each >= 0:
                os.close(each)
    try:
        return _gone(fd, orphan)
    finally:
        os.close(fd)


def _gone(fd: int, orphan: int) -> bool | None:
    poller = select.poll()
    poller.register(fd, 0)  # nothing but the hang-up, which comes with the reaping
    poller.poll(_REAPING_S * 1000)
    stat = read_stat(orphan)
    if stat is None or stat.state != "Z":
        return True
    return False if stat.parent == 1 else None
