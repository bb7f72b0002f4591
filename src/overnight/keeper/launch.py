"""The caller's side of a start: spawn the bare interpreter, hand over the request, hear what came of it.

Rules:
- Returns when exec has taken place; otherwise raises with the precise reason, and no process is left: the
  keepers let go of the run's lock when they end, and that is waited for.
- Safe in a caller with threads, handlers, odd descriptors: nothing is forked here, the interpreter is
  spawned.
- Ctrl-C during these ten milliseconds arrives after them.
- Cheap to import and to call: `overnight run -d` is measured.
"""

import _signal as signals  # type: ignore[import-not-found]  # the public module costs 4 ms of enums
import errno
import fcntl
import marshal
import os
import sys

from overnight.errors import CannotAttach, CannotStart, OvernightError
from overnight.store import locks
from overnight.store.home import unusable

_KEPT_OF_ENVIRONMENT = ("LD_LIBRARY_PATH", "PATH", "HOME")
_DEFAULT_SIZE = (120, 40)


class Started:
    """The command after exec: its pid and its start time in clock ticks since boot."""

    __slots__ = ("pid", "ticks")

    def __init__(self, pid: int, ticks: int) -> None:
        self.pid = pid
        self.ticks = ticks


def launch(run_dir: str, argv: list[str], cwd: str, env: dict[str, str], *, pty: bool = False) -> Started:
    """Start `argv` under two keepers; `run_dir` holds a durable `spec.json`.

    `env` is the command's *whole* environment (usually `os.environ` and the additions); OVERNIGHT_RUN,
    OVERNIGHT_TOKEN and, unless it is set, PYTHONUNBUFFERED=1 are added here.
    Raises CannotStart (`command_not_found`, `not_executable`, `bad_cwd`, `empty_command`, `exec_failed`) and
    HomeUnusable (`disk_full`, `home_unwritable`). After either the caller may remove the folder.
    """
    if not argv or not argv[0].strip():
        raise CannotStart("There is no command to run: put one after `--`.", code="empty_command")
    if any("\0" in text for text in (*argv, cwd, *env, *env.values())):
        raise CannotStart(
            "The command, its folder or its environment holds a NUL character.", code="exec_failed"
        )
    whole = {os.fsencode(key): os.fsencode(value) for key, value in _with_ours(run_dir, env).items()}
    command = [os.fsencode(word) for word in argv]
    request = (os.path.abspath(run_dir), command, os.fsencode(cwd), whole, _terminal_size() if pty else None)
    return _born(marshal.dumps(request), argv[0], cwd, run_dir)


def attend(run_dir: str, pid: int, ticks: int, boot: str) -> Started:
    """Put two keepers beside a process that runs already; `run_dir` holds a durable `spec.json`.

    Raises CannotAttach (`no_such_process`: it ended meanwhile), CannotStart, HomeUnusable; then no keeper is left.
    """
    request = {"run_dir": os.path.abspath(run_dir), "pid": pid, "ticks": ticks, "boot": boot}
    return _born(marshal.dumps(request), str(pid), "", run_dir)


def _born(request: bytes, name: str, cwd: str, run_dir: str) -> Started:
    interpreter = _waiting.pop() if _waiting else _Interpreter()
    try:
        return _understood(interpreter.ask(request), name, cwd, run_dir)
    except OvernightError:
        _wait_for_keepers(run_dir)
        raise


def _with_ours(run_dir: str, env: dict[str, str]) -> dict[str, str]:
    import json  # here for start-up: whoever wrote spec.json has it already

    with open(os.path.join(run_dir, "spec.json"), "rb") as file:
        token = json.loads(file.read())["token"]
    ours = {"OVERNIGHT_RUN": os.path.basename(run_dir), "OVERNIGHT_TOKEN": token}
    return {"PYTHONUNBUFFERED": "1", **env, **ours}


def _terminal_size() -> tuple[int, int]:
    for fd in (1, 2, 0):
        try:
            size = os.get_terminal_size(fd)
        except OSError:  # not a terminal
            continue
        return size.columns, size.lines
    return _DEFAULT_SIZE


def prepare() -> None:
    """Start the interpreter for the next `launch` now, while the caller still loads and parses. Optional.

    Saves most of the 10 ms that it needs. If no `launch` follows it ends with the caller.
    """
    _waiting.append(_Interpreter())


_waiting: list["_Interpreter"] = []


class _Interpreter:
    """A bare interpreter that waits for its request. Raises CannotStart."""

    def __init__(self) -> None:
        theirs_in, self.request = os.pipe()
        self.report, theirs_out = os.pipe()
        try:
            self.pid = _spawn(theirs_in, theirs_out)
        finally:
            os.close(theirs_in)
            os.close(theirs_out)

    def ask(self, request: bytes) -> str:
        """Hand over the request; its report, when it has ended."""
        blocked = signals.pthread_sigmask(signals.SIG_BLOCK, {signals.SIGINT})
        try:
            self._send(request)
            with open(self.report, "rb") as receiver:
                report = receiver.read()
            _reap(self.pid)
        finally:
            signals.pthread_sigmask(signals.SIG_SETMASK, blocked)
        return report.decode("utf-8", "replace")

    def _send(self, request: bytes) -> None:
        try:
            with open(self.request, "wb") as sender:
                sender.write(request)
        except BrokenPipeError:  # it died at its start; its report says why
            return


def _spawn(theirs_in: int, theirs_out: int) -> int:
    main = os.path.join(os.path.dirname(os.path.abspath(__file__)), "__main__.py")
    env = {key: os.environ[key] for key in _KEPT_OF_ENVIRONMENT if key in os.environ}
    ends = ((theirs_in, 0), (theirs_out, 1), (theirs_out, 2))
    actions = [(os.POSIX_SPAWN_DUP2, ours, theirs) for ours, theirs in ends]
    argv = [sys.executable, "-I", "-S", main]
    try:
        return os.posix_spawn(sys.executable, argv, env, file_actions=actions, setsid=True, setsigmask=())
    except OSError as error:
        text = f"The interpreter {sys.executable!r} cannot be started: {error.strerror}."
        raise CannotStart(text) from error


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:  # the caller ignores SIGCHLD or reaps for itself
        return


def _wait_for_keepers(run_dir: str) -> None:
    try:
        fd = os.open(os.path.join(run_dir, "lock"), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # they never got that far
        return
    locks.release(fd, locks.lock(fd, fcntl.LOCK_SH))


def _understood(report: str, name: str, cwd: str, run_dir: str) -> Started:
    """The report as a result; raises what it tells of."""
    started = None
    for line in report.splitlines():
        word, *rest = line.split()
        if word == "failed":
            raise failure(rest[0], int(rest[1]), name, cwd, run_dir)
        if word == "started":
            started = Started(int(rest[0]), int(rest[1]))
    if started is None:
        last = report.strip().rpartition("\n")[2] or "its processes were killed"
        raise CannotStart(f"The command was not started: {last}.")
    return started


def failure(stage: str, number: int, name: str, cwd: str, run_dir: str) -> OvernightError:
    """What `failed STAGE ERRNO` means, in one sentence that says what to do."""
    why = os.strerror(number)
    if stage == "home":
        return unusable(run_dir, OSError(number, why))
    if stage == "gone":
        text = f"Process {name} ended before it could be attached: `overnight analyze` reads the log that it left."
        return CannotAttach(text, code="no_such_process")
    if stage == "cwd":
        return CannotStart(f"The folder {cwd!r} cannot be entered: {why}.", code="bad_cwd")
    if stage == "find":
        return _not_found(number, name)
    if number == errno.ENOENT:
        why = "the interpreter that its first line names does not exist"
    return CannotStart(f"The command {name!r} cannot be executed: {why}.", code="exec_failed")


def _not_found(number: int, name: str) -> CannotStart:
    if number == errno.EISDIR:
        return CannotStart(f"{name!r} is a folder, not a command.", code="not_executable")
    if number == errno.EACCES:
        text = f"{name!r} is not executable: run `chmod +x` on it, or name its interpreter (python {name})."
        return CannotStart(text, code="not_executable")
    where = "there is no such file" if "/" in name else "it is not in PATH"
    return CannotStart(f"Command not found: {name!r} ({where}).", code="command_not_found")
