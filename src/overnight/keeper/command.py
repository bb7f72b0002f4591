"""The child between fork and exec: it becomes the command.

Rules:
- Session, signals, mask and descriptors are those of a fresh login's command: nothing ignored, nothing
  blocked, input /dev/null, output and errors through one O_APPEND description of the log, the tree's lock,
  nothing else.
- `start.json` is durable before exec. Whatever fails is reported with its stage, and recorded, as nobody else
  knows why.
- The command is looked for as execvp does it, in the *command's* PATH and folder.
"""

import _signal as signals  # type: ignore[import-not-found]  # the public module costs 4 ms of enums
import errno
import os
import stat

from overnight.keeper import records
from overnight.keeper.charge import Charge
from overnight.keeper.identity import start_ticks

_CANNOT_EXECUTE = 127
_SHELL = b"/bin/sh"


def become_command(charge: Charge, report: int, keepers: list[tuple[int, int]]) -> None:
    """Start the command in this process. Does not return; (pid, ticks) of the keepers go into
    `start.json`."""
    try:
        _Becoming(charge, report).run(keepers)
    finally:
        os._exit(_CANNOT_EXECUTE)


class _Becoming:
    """The steps in order; `stage` is what a failure is reported as."""

    def __init__(self, charge: Charge, report: int) -> None:
        self.charge = charge
        self.report = report
        self.stage = "home"

    def run(self, keepers: list[tuple[int, int]]) -> None:
        try:
            self._prepare()
            self.stage = "cwd"
            os.chdir(self.charge.cwd)
            self.stage = "find"
            path = find(self.charge.argv[0], self.charge.env.get(b"PATH", os.fsencode(os.defpath)))
            self.stage = "home"
            self._say_started(keepers)
            self.stage = "exec"
            execute(path, self.charge.argv, self.charge.env)
        except (OSError, ValueError) as error:
            self._say_failed(error)

    def _prepare(self) -> None:
        os.setsid()
        self.charge.command = os.getpid()
        for number in signals.valid_signals():
            if signals.getsignal(number) == signals.SIG_IGN:
                signals.signal(number, signals.SIG_DFL)
        os.set_inheritable(self.charge.tree, True)
        if self.charge.terminal:
            self.charge.terminal.become_controlling()
            return
        os.dup2(self.charge.log, 1)
        os.dup2(self.charge.log, 2)

    def _say_started(self, keepers: list[tuple[int, int]]) -> None:
        pid, ticks = os.getpid(), start_ticks("self")
        wall = records.now()
        fields: dict[str, object] = {
            "pid": pid,
            "ticks": ticks,
            "boot_id": self.charge.boot,
            "keepers": keepers,
        }
        records.write_start(self.charge.folder, {**fields, **wall})
        self._tell(f"started {pid} {ticks}\n")

    def _say_failed(self, error: Exception) -> None:
        number = error.errno if isinstance(error, OSError) else errno.EINVAL
        note = f"could not be started ({self.stage}): {error}"
        fields: dict[str, object] = {"code": None, "signal": None, **records.now(), "note": note}
        records.commit_exit(self.charge.folder, self.charge.rooms["inner"], "inner", fields)
        self._tell(f"failed {self.stage} {number}\n")

    def _tell(self, line: str) -> None:
        """Tell the caller. One that was killed meanwhile ends nothing: the start is recorded, the run goes on."""
        signals.signal(signals.SIGPIPE, signals.SIG_IGN)
        try:
            os.write(self.report, line.encode())
        except BrokenPipeError:
            pass
        finally:
            signals.signal(signals.SIGPIPE, signals.SIG_DFL)


def find(name: bytes, path: bytes) -> bytes:
    """The file to execute. Raises FileNotFoundError, IsADirectoryError, or PermissionError when none may be.

    As a shell does it, folders of PATH that cannot be looked into count as empty.
    """
    if b"/" in name:
        if stat.S_ISDIR(os.stat(name).st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        candidates = [name]
    else:
        candidates = [os.path.join(folder or b".", name) for folder in path.split(b":")]
    files = [file for file in candidates if os.path.isfile(file)]
    for file in files:
        if os.access(file, os.X_OK):
            return file
    number = errno.EACCES if files else errno.ENOENT
    raise OSError(number, os.strerror(number))


def execute(file: bytes, argv: list[bytes], env: dict[bytes, bytes]) -> None:
    """exec; a text without a `#!` line goes to the shell, as with execvp. Raises OSError, ValueError for a
    bad name."""
    try:
        os.execve(file, argv, env)
    except OSError as error:
        if error.errno != errno.ENOEXEC or not _is_text(file):
            raise
    os.execve(_SHELL, [_SHELL, file, *argv[1:]], env)


def _is_text(file: bytes) -> bool:
    with open(file, "rb") as opened:
        return b"\0" not in opened.read(256)
