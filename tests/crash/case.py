"""One home, one run, one or more kills, and what must be true afterwards.

Rules:
- Everything is real: the command line, both keepers, the watchman, a command with a child, a notification service.
- Nothing sleeps: each wait is on a pipe, a pidfd or inotify, with a deadline that only a broken program meets.
- What is left is judged from outside, by `judging`.
"""

import os
import select
import signal
import subprocess
from pathlib import Path

from ground import HERE, LINES, Ground, family, pipes_in, program
from helpers import kill, wait_for_file, wait_for_pidfd

from overnight.store.home import CLOSED
from overnight.watchman.start import watchman_pid

__all__ = ["CODE", "LINES", "Case"]

CODE = 57
DEADLINE_S = 90.0


class Case(Ground):
    """A ground with one run. Use `start`, kill, `let_go`, `settle`, then judge what is left; `close` at the end."""

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        self.cli: subprocess.Popen[bytes] | None = None
        self.points, self.work = place / "points", place / "work"
        for folder in (self.points, self.work):
            folder.mkdir(mode=0o700)
        self.pipes = pipes_in(self.work)
        for name in ("reached", "gate"):
            os.mkfifo(self.points / name)
        self.pipes["reached"] = os.open(self.points / "reached", os.O_RDWR | os.O_CLOEXEC)

    @property
    def environment(self) -> dict[str, str]:
        """With the points where a process can be made to stand still."""
        plain = super().environment
        path = os.pathsep.join([str(HERE / "hooks"), plain["PYTHONPATH"]])
        return {**plain, "CRASH_POINTS": str(self.points), "PYTHONPATH": path}

    def start(self) -> None:
        """Run the command under watch, with a command line that stays to wait for it."""
        words = program(self.work, CODE)
        self.cli = self.run(words, self.place / "cli.log", "--early-wait", "200", "--name", "case")

    # ------------------------------------------------------------ moments

    def pause_at(self, point: str) -> None:
        """Whoever comes to that point first will stand still there."""
        (self.points / point).touch()

    def paused(self) -> int:
        """The pid of who stands still, once it does."""
        return int(self._hear("reached"))

    def running(self) -> None:
        """Until the command is at its work."""
        self._hear("at")

    def let_go(self) -> None:
        """Who stands still goes on, also when it only comes to the gate later."""
        self.pipes["open gate"] = os.open(self.points / "gate", os.O_RDWR | os.O_CLOEXEC)

    def ended(self, command: int) -> None:
        """Until the command behind the pidfd has ended; closes it."""
        wait_for_pidfd(command, DEADLINE_S)
        os.close(command)

    def let_end(self) -> None:
        """The command goes on to its end."""
        os.write(self.pipes["gate"], b"go\n")

    def _hear(self, pipe: str) -> str:
        ready, _, _ = select.select([self.pipes[pipe]], [], [], DEADLINE_S)
        assert ready, f"nothing came through {pipe}: {(self.place / 'cli.log').read_text()}"
        return os.read(self.pipes[pipe], 100).decode()

    # ------------------------------------------------------------ who is who

    @property
    def folder(self) -> Path:
        """The run's."""
        found = [folder for folder in (self.home / "runs").iterdir() if not folder.name.startswith(".")]
        assert len(found) == 1, found
        return found[0]

    def pid(self, who: str) -> int:
        """Of `keeper A`, `keeper B`, `watchman`, `CLI`, `notifier`, `command`, `grandchild`."""
        if who == "grandchild":
            return int((self.work / "grandchild").read_text())
        if who == "watchman":
            return watchman_pid(str(self.home)) or 0
        if who in ("CLI", "notifier"):
            process = self.cli if who == "CLI" else self.service
            assert process is not None
            return process.pid
        return family(self.folder.name)[who]

    def kill(self, *who: str) -> None:
        """kill -9, all at once, and wait for their ends."""
        pids = [self.pid(one) for one in who]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            if self.cli is not None and pid == self.cli.pid:
                self.cli.wait()
            kill(pid)

    # ------------------------------------------------------------ afterwards

    def settle(self) -> None:
        """Until nothing is left to happen: somebody looks, the run is closed or was never begun."""
        if self.service is not None and self.service.poll() is not None:
            self.serve()
        assert self.cli is not None
        if self._begun():
            self.watch()
            wait_for_file(self.folder / CLOSED, DEADLINE_S)
        self.cli.wait(timeout=DEADLINE_S)

    def _begun(self) -> bool:
        """Whether there is a run: a start that failed leaves none when its command line has ended."""
        assert self.cli is not None
        launched = any((self.home / "runs").glob("[!.]*/start.json"))
        if not launched and self.cli.returncode != -signal.SIGKILL:
            self.cli.wait(timeout=DEADLINE_S)
        return any((self.home / "runs").glob("[!.]*"))

    def close(self) -> None:
        """End whatever is left of it."""
        for fd in self.pipes.values():
            os.close(fd)
        if self.cli is not None:
            self.cli.kill()
            self.cli.wait()
        super().close()
