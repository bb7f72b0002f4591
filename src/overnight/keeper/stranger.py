"""What the system says of a process that was started without us.

Rules:
- Everything is read while a pidfd holds the process, and counts only if that pidfd still has it afterwards: what was
  read is of one process, whatever happens to its number.
- Refused with a reason: who is gone or a zombie, somebody else's, one of ours, the first process, the kernel's.
- What cannot be read is None. A program may rewrite its command line; what then stands there is no command.
- Standard library only.
"""

import os
import select
import stat as modes
from typing import NamedTuple

from overnight.errors import CannotAttach
from overnight.keeper.command import find
from overnight.keeper.identity import Stat, boot_id, read_stat
from overnight.keeper.linux import OWN_PREFIX

_OUTPUTS = (1, 2)
_OF_A_RUN = ("OVERNIGHT_RUN", "OVERNIGHT_TOKEN")
_DELETED = " (deleted)"


class Output(NamedTuple):
    """Where a descriptor leads. `path`: a file that stands (or stood) there; None: no file, `what` says what it is."""

    fd: int
    path: str | None
    what: str
    file: str = ""


class Stranger(NamedTuple):
    """A process: who, what it executes, where it writes. `env`: None where it cannot be started again."""

    pid: int
    ticks: int
    boot: str
    argv: list[str]
    cwd: str
    env: dict[str, str] | None
    outputs: list[Output]


def look(pid: int) -> Stranger:
    """The process of that number. Raises CannotAttach with what keeps it from being watched."""
    try:
        fd = os.pidfd_open(pid)
    except (OSError, OverflowError) as error:
        raise _gone(pid) from error
    try:
        found = _look(pid)
        if _has_ended(fd):
            raise _gone(pid)
        return found
    finally:
        os.close(fd)


def file_id(found: os.stat_result) -> str:
    """Which file it is, as `Attached.file` names it."""
    return f"{found.st_dev}:{found.st_ino}"


def _look(pid: int) -> Stranger:
    stat = read_stat(pid)
    facts = _status(pid)
    if stat is None or not facts:
        raise _gone_or_hidden(pid)
    _refuse(stat, facts)
    argv, whole = _command(pid, stat)
    cwd = _link(f"/proc/{pid}/cwd")
    env = _environment(pid) if whole and cwd else None
    if env is None or cwd is None or not _can_be_found(argv[0], cwd, env):
        env = None
    outputs = [_output(pid, number) for number in _OUTPUTS]
    return Stranger(pid, stat.ticks, boot_id(), argv, cwd or "/", env, outputs)


def _refuse(stat: Stat, facts: dict[str, str]) -> None:
    if stat.pid == 1:
        text = "Process 1 is the system's first process: it ends with the machine, and nobody is left to be told."
        raise CannotAttach(text, code="process_init")
    if stat.ended:
        text = f"Process {stat.pid} has ended already (a zombie): `overnight analyze` reads the log that it left."
        raise CannotAttach(text, code="process_ended")
    if "VmSize" not in facts:
        raise CannotAttach(
            f"Process {stat.pid} belongs to the kernel: it runs no program.", code="process_kernel"
        )
    if stat.pid == os.getpid() or stat.name.startswith(OWN_PREFIX):
        text = f"Process {stat.pid} is one of overnight's own: name the process that it watches, or use `overnight ls`."
        raise CannotAttach(text, code="process_ours")
    owner = facts["Uid"].split()[1]
    if owner != str(os.geteuid()):
        text = f"Process {stat.pid} belongs to another user (uid {owner}): attach it as that user."
        raise CannotAttach(text, code="process_foreign")


def _gone(pid: int) -> CannotAttach:
    text = f"There is no process {pid}: if it has ended, `overnight analyze` reads the log that it left."
    return CannotAttach(text, code="no_such_process")


def _gone_or_hidden(pid: int) -> CannotAttach:
    """Where /proc shows only one's own processes, the system still knows the others."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        text = f"Process {pid} belongs to another user: attach it as that user."
        return CannotAttach(text, code="process_foreign")
    except OSError:
        return _gone(pid)
    return CannotAttach(f"Process {pid} is not shown in /proc: nothing can be read of it here.")


def _has_ended(fd: int) -> bool:
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    return bool(poller.poll(0))


def _status(pid: int) -> dict[str, str]:
    text = (_bytes(f"/proc/{pid}/status") or b"").decode("utf-8", "replace")
    return {name: value.strip() for name, _, value in (line.partition(":") for line in text.splitlines())}


def _command(pid: int, stat: Stat) -> tuple[list[str], bool]:
    """Its words, and whether they are those it was started with: a rewritten title does not end in NUL."""
    data = _bytes(f"/proc/{pid}/cmdline") or b""
    words = [os.fsdecode(word) for word in data.split(b"\0")]
    if data.endswith(b"\0"):
        return words[:-1], bool(words[0])
    title = os.fsdecode(data.strip(b"\0 "))
    return [title or stat.name], False


def _can_be_found(name: str, cwd: str, env: dict[str, str]) -> bool:
    """Whether there is such a command: what a program calls itself (`nginx: worker`) is none."""
    if "/" in name:
        name = os.path.join(cwd, name)
    try:
        find(os.fsencode(name), os.fsencode(env.get("PATH", os.defpath)))
    except OSError:
        return False
    return True


def _environment(pid: int) -> dict[str, str] | None:
    """As it was at exec; None where it may not be read."""
    data = _bytes(f"/proc/{pid}/environ")
    if data is None:
        return None
    pairs = (os.fsdecode(word).partition("=") for word in data.split(b"\0") if b"=" in word)
    return {name: value for name, _, value in pairs if name and name not in _OF_A_RUN}


def _output(pid: int, number: int) -> Output:
    """Where the descriptor leads: a file counts only if its name leads to it from here, too, or it was deleted."""
    link = f"/proc/{pid}/fd/{number}"
    target = _link(link)
    try:
        found = os.stat(link)
    except OSError:
        return Output(number, None, "closed" if target is None else "not to be read")
    if target is None or not modes.S_ISREG(found.st_mode):
        return Output(number, None, _kind(found.st_mode, target or ""))
    path = target.removesuffix(_DELETED) if found.st_nlink == 0 else target
    if found.st_nlink and not _is(path, found):
        return Output(number, None, "a file that has no name here (another mount namespace)")
    return Output(number, path, "a file", file_id(found))


def _is(path: str, found: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.stat(path), found)
    except OSError:
        return False


def _kind(mode: int, target: str) -> str:
    if target == os.devnull:
        return "/dev/null"
    if modes.S_ISCHR(mode):
        return "a terminal"
    if modes.S_ISFIFO(mode):
        return "a pipe"
    return "a socket" if modes.S_ISSOCK(mode) else "no file"


def _link(path: str) -> str | None:
    try:
        return os.readlink(path)
    except OSError:
        return None


def _bytes(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None
