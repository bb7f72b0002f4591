"""What the keepers and the command have in common from birth: the request, the open files, the counters
before."""

import fcntl
import mmap
import os

from overnight.keeper import records
from overnight.keeper.identity import boot_id
from overnight.keeper.oom import Counters
from overnight.store import locks

TYPE_CHECKING = False  # typing itself would cost 8 ms
if TYPE_CHECKING:
    from overnight.keeper.terminal import Terminal


class Post:
    """What two keepers of any run share. Raises OSError where the run's folder does not take the files.

    `lock`: their flock. `rooms`: the set-aside exit records by recorder. The lock file is new, so that taking it
    waits for nobody but a passing look.
    """

    command = 0

    def __init__(self, run_dir: str) -> None:
        self.run = os.path.basename(run_dir)
        self.folder = records.open_folder(run_dir)
        self.lock = self._locked(records.LOCK)
        self.rooms = {by: records.set_room_aside(self.folder, by) for by in records.KEEPERS}
        self.before = Counters()

    def _open(self, name: str, flags: int) -> int:
        return os.open(name, flags | os.O_CREAT | os.O_CLOEXEC, 0o600, dir_fd=self.folder)

    def _locked(self, name: str) -> int:
        fd = self._open(name, os.O_RDWR)
        return locks.lock(fd, fcntl.LOCK_EX)


class Charge(Post):
    """A command in the keepers' charge. `tree`: the flock that the command and its tree inherit."""

    def __init__(
        self,
        run_dir: str,
        argv: list[bytes],
        cwd: bytes,
        env: dict[bytes, bytes],
        size: tuple[int, int] | None,
    ) -> None:
        super().__init__(run_dir)
        self.argv, self.cwd, self.env = argv, cwd, env
        self.tree = self._locked(records.TREE_LOCK)
        self.log = self._open("output.log", os.O_WRONLY | os.O_APPEND)
        self.terminal = _terminal(size) if size else None
        self.boot = boot_id()
        self._pid_cell = mmap.mmap(-1, 8)

    @property
    def command(self) -> int:
        """The command's pid, in memory that all of them share; 0 before there is one."""
        return int.from_bytes(self._pid_cell[:8], "little")

    @command.setter
    def command(self, pid: int) -> None:
        self._pid_cell[:8] = pid.to_bytes(8, "little")


def _terminal(size: tuple[int, int]) -> "Terminal":
    from overnight.keeper.terminal import Terminal  # here for start-up: few runs want one

    return Terminal(size)
