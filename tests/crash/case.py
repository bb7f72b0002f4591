"""One home, one run, one or more kills, and what must be true afterwards.

Rules:
- Everything is real: the command line, both keepers, the watchman, a command with a child, a notification service.
- Nothing sleeps: each wait is on a pipe, a pidfd or inotify, with a deadline that only a broken program meets.
- `verdict` looks at the folders as a stranger would and lists what is wrong; an empty list is the goal.
"""

import json
import os
import select
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "system"), str(HERE / "hooks")]

from helpers import kill, wait_for_file, wait_for_pidfd, wait_in  # noqa: E402

from overnight.keeper import identity  # noqa: E402
from overnight.keeper.linux import OWN_PREFIX  # noqa: E402
from overnight.watchman.start import CLOSED, watchman_pid  # noqa: E402

CODE = 57
LINES = [f"line {number}" for number in range(200)]
DEADLINE_S = 90.0


@dataclass
class Case:
    """A home in `place`, an empty folder. Use `start`, kill, `go_on`, `settle`, then `verdict`; `close` at the end."""

    place: Path
    code: int = CODE
    pipes: dict[str, int] = field(default_factory=dict)
    cli: "subprocess.Popen[bytes] | None" = None
    service: "subprocess.Popen[str] | None" = None
    port: int = 0

    # ------------------------------------------------------------ set-up

    def __post_init__(self) -> None:
        self.home, self.points, self.work = (self.place / name for name in ("home", "points", "work"))
        for folder in (self.home, self.points, self.work):
            folder.mkdir(mode=0o700)
        for pipe in (self.points / "reached", *(self.work / name for name in ("at", "gate", "never"))):
            os.mkfifo(pipe)
            self.pipes[pipe.name] = os.open(pipe, os.O_RDWR | os.O_CLOEXEC)
        os.mkfifo(self.points / "gate")
        self.serve()
        told = [f"file:{self.place}/told.log", f"json://127.0.0.1:{self.port}/in"]
        self.config = self.place / "config.toml"
        self.config.write_text(f'lang = "en"\nnotify = {json.dumps(told)}\nlinger_s = 60.0\n')

    @property
    def environment(self) -> dict[str, str]:
        """That of every process of ours in this case."""
        mine = {
            "OVERNIGHT_HOME": str(self.home),
            "OVERNIGHT_CONFIG": str(self.config),
            "CRASH_POINTS": str(self.points),
            "PYTHONPATH": os.pathsep.join([str(HERE / "hooks"), *sys.path]),
        }
        return {**os.environ, **mine}

    def serve(self) -> None:
        """Start the notification service, the second time on the port of the first."""
        words = [sys.executable, str(HERE / "service.py"), str(self.port), str(self.place / "received")]
        self.service = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self.service.stdout is not None
        self.port = int(self.service.stdout.readline())

    def watch(self) -> int:
        """Have a watchman, as anybody's look at a run would; its pid."""
        words = [
            sys.executable,
            "-c",
            "import sys; from overnight.watchman.start import ensure; ensure(sys.argv[1])",
        ]
        subprocess.run([*words, str(self.home)], env=self.environment, check=True)
        wait_in(self.home, lambda: watchman_pid(str(self.home)) is not None)
        pid = watchman_pid(str(self.home))
        assert pid is not None
        return pid

    def start(self) -> None:
        """Run the command under watch, with a command line that stays to wait for it."""
        program = ["sh", str(HERE / "program.sh"), str(self.work), str(self.code)]
        words = [
            sys.executable,
            "-m",
            "overnight",
            "run",
            "--early-wait",
            "200",
            "--name",
            "case",
            "--",
            *program,
        ]
        with (self.place / "cli.log").open("wb") as out:
            self.cli = subprocess.Popen(
                words, env=self.environment, stdout=out, stderr=out, start_new_session=True
            )

    def call(self, *words: str) -> None:
        """Another command line, to its end. Raises when it is refused."""
        subprocess.run(
            [sys.executable, "-m", "overnight", *words], env=self.environment, check=True, capture_output=True
        )

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
        return self._family()[who]

    def _family(self) -> dict[str, int]:
        """The keepers by their name, the command as the inner one's child (until exec it bears that name too)."""
        found = (identity.read_stat(folder.name) for folder in Path("/proc").glob("[0-9]*"))
        stats = [stat for stat in found if stat]
        named = {stat.pid: stat for stat in stats if stat.name == OWN_PREFIX + self.folder.name}
        outer = [pid for pid, stat in named.items() if stat.parent not in named]
        inner = [pid for pid, stat in named.items() if stat.parent in outer]
        command = [stat.pid for stat in stats if stat.parent in inner]
        return dict(zip(("keeper A", "keeper B", "command"), (*outer, *inner, *command), strict=False))

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
        for process in (self.cli, self.service):
            if process is not None:
                process.kill()
                process.wait()
                if process.stdout is not None:
                    process.stdout.close()
        pid = watchman_pid(str(self.home))
        if pid is not None:
            kill(pid)
