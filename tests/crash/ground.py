"""The ground on which runs are killed: a home, its settings, a notification service, and who is who in /proc.

Rules:
- Everything is real: the command line, both keepers, the watchman, the service.
- A folder of its own (`place`) for each; `close` ends whatever was started for it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "system"), str(HERE / "hooks")]

from helpers import kill, wait_in  # noqa: E402

from overnight.keeper import identity  # noqa: E402
from overnight.keeper.linux import OWN_PREFIX  # noqa: E402
from overnight.watchman.start import watchman_pid  # noqa: E402

LINES = [f"line {number}" for number in range(200)]
"""What `program.sh` prints when nobody kills it."""
_LOOK = "import sys; from overnight.watchman.start import ensure; ensure(sys.argv[1])"


class Ground:
    """A home in `place`, an empty folder."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.home = place / "home"
        self.home.mkdir(mode=0o700)
        self.service: subprocess.Popen[str] | None = None
        self.port = 0
        self.serve()
        told = [f"file:{place}/told.log", f"json://127.0.0.1:{self.port}/in"]
        self.config = place / "config.toml"
        self.config.write_text(f'lang = "en"\nnotify = {json.dumps(told)}\nlinger_s = 60.0\n')

    @property
    def environment(self) -> dict[str, str]:
        """That of every process of ours on this ground; their reports have no plots."""
        mine = {
            "OVERNIGHT_HOME": str(self.home),
            "OVERNIGHT_CONFIG": str(self.config),
            "PYTHONPATH": os.pathsep.join([str(HERE.parent / "plotless"), *sys.path]),
        }
        return {**os.environ, **mine}

    def serve(self, *, wait: bool = True) -> None:
        """Start the notification service, the next times on the port of the first, and wait until it listens."""
        words = [sys.executable, str(HERE / "service.py"), str(self.port), str(self.place / "received")]
        if self.service is not None and self.service.stdout is not None:
            self.service.wait()
            self.service.stdout.close()
        self.service = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self.service.stdout is not None
        if wait:
            self.port = int(self.service.stdout.readline())

    def look(self) -> "subprocess.Popen[bytes]":
        """Anybody's look at a run: it sees to it that there is a watchman."""
        return subprocess.Popen([sys.executable, "-c", _LOOK, str(self.home)], env=self.environment)

    def watch(self) -> int:
        """Have a watchman, as after anybody's look; its pid."""
        assert self.look().wait() == 0
        wait_in(self.home, lambda: watchman_pid(str(self.home)) is not None)
        pid = watchman_pid(str(self.home))
        assert pid is not None
        return pid

    def run(self, program: list[str], out: Path, *options: str) -> "subprocess.Popen[bytes]":
        """A command line that runs `program` under watch; what it says goes to `out`."""
        words = [sys.executable, "-m", "overnight", "run", *options, "--", *program]
        with out.open("wb") as said:
            return subprocess.Popen(
                words, env=self.environment, stdout=said, stderr=said, start_new_session=True
            )

    def call(self, *words: str) -> None:
        """Another command line, to its end. Raises when it is refused."""
        subprocess.run(
            [sys.executable, "-m", "overnight", *words], env=self.environment, check=True, capture_output=True
        )

    def close(self) -> None:
        """End the service and the watchman."""
        if self.service is not None:
            self.service.kill()
            self.service.wait()
            if self.service.stdout is not None:
                self.service.stdout.close()
        for pid in watchmen(self.home):
            kill(pid)


def program(work: Path, code: int) -> list[str]:
    """The words of a command that ends with `code`; its folder, with the pipes that it needs."""
    return ["sh", str(HERE / "program.sh"), str(work), str(code)]


def pipes_in(work: Path) -> dict[str, int]:
    """The pipes of a `program`, made and open, by their names."""
    opened = {}
    for name in ("at", "gate", "never"):
        os.mkfifo(work / name)
        opened[name] = os.open(work / name, os.O_RDWR | os.O_CLOEXEC)
    return opened


def family(run: str, since: int = 0) -> dict[str, int]:
    """The run's keepers by their name, the command as the inner one's child (until exec it bears that name too).

    Only pids from `since` on are looked at: a look at all takes too long for what lives a few milliseconds.
    """
    found = (
        identity.read_stat(name) for name in os.listdir("/proc") if name.isdigit() and int(name) >= since
    )
    stats = [stat for stat in found if stat]
    named = {stat.pid: stat for stat in stats if stat.name == OWN_PREFIX + run}
    outer = [pid for pid, stat in named.items() if stat.parent not in named]
    inner = [pid for pid, stat in named.items() if stat.parent in outer]
    command = [stat.pid for stat in stats if stat.parent in inner]
    return dict(zip(("keeper A", "keeper B", "command"), (*outer, *inner, *command), strict=False))


def watchmen(home: Path) -> list[int]:
    """Every watchman of the home, also one that is only starting."""
    words = f"\0overnight.watchman\0--home\0{home}\0".encode()
    return [pid for pid, said in _command_lines() if said.endswith(words) and not said.startswith(b"sh\0")]


def _command_lines() -> list[tuple[int, bytes]]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found.append((int(folder.name), (folder / "cmdline").read_bytes()))
        except OSError:
            continue
    return found
