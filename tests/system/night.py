"""A night in a test: a run started through the use-cases, under a real watchman, waited for by its events.

Rules:
- Waits are on inotify of the run's folder; nothing sleeps, nothing polls.
- The settings are the test's own: tellings go to a file, the watchman stays for a moment only.
- Reports have no plots, unless the test uses `plots`.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from helpers import DEADLINE_S, Home, kill, wait_for_file, wait_in

from overnight import app
from overnight.core.model import Event, Status
from overnight.store.home import CLOSED
from overnight.store.index import Index
from overnight.store.rundir import RunDir
from overnight.watchman.start import watchman_pid

PROGRAMS = Path(__file__).parent / "night_programs"
_PLOTLESS = str(Path(__file__).parents[1] / "plotless")
QUICK = (0.3, 0.9, 3.0)
"""30 s, 90 s, 300 s, a hundred times faster."""
BRISK = {"grace_s": [1.0, 0.5], "settle_s": 0.2}

Wanted = Callable[[Event], bool]


def kind(*wanted: str) -> Wanted:
    """Events of these kinds."""
    return lambda event: event.kind in wanted


@dataclass
class Night:
    """One run of a home and what its folder says."""

    home: Home
    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def run(self) -> RunDir:
        return RunDir(self.folder)

    @property
    def log(self) -> Path:
        return self.folder / "output.log"

    @property
    def pid(self) -> int:
        """The command's."""
        return int(json.loads((self.folder / "start.json").read_text())["pid"])

    @property
    def keepers(self) -> list[int]:
        """Pids of the outer and the inner one."""
        return [pid for pid, _ticks in json.loads((self.folder / "start.json").read_text())["keepers"]]

    def events(self, *kinds: str) -> list[Event]:
        """What was recorded so far, of these kinds or all."""
        found, _ = self.run.events()
        return [event for event in found if not kinds or event.kind in kinds]

    def until(self, wanted: str | Wanted, count: int = 1, deadline_s: float = DEADLINE_S) -> Event:
        """The `count`-th such event, when it is there."""
        fits = kind(wanted) if isinstance(wanted, str) else wanted
        wait_in(self.folder, lambda: sum(map(fits, self.events())) >= count, deadline_s)
        return [event for event in self.events() if fits(event)][count - 1]

    def status(self, fits: Callable[[Status], bool]) -> Status:
        """The status, when it fits."""
        found: list[Status] = []

        def there() -> bool:
            status = self.run.status()
            found[:] = [status] if status is not None and fits(status) else []
            return bool(found)

        wait_in(self.folder, there)
        return found[0]

    def closed(self) -> None:
        """Until all of it is done: watched, reported, told."""
        wait_for_file(self.folder / CLOSED, 90)

    def told(self) -> list[tuple[str, str]]:
        """(kind, key) of all that is in the outbox for this run, sent or not."""
        return [(row["kind"], row["key"]) for row in tellings(self.home) if row["run"] == self.id]

    def telling(self, wanted: str) -> dict[str, Any]:
        """The recorded telling of that kind, when it is there."""
        return self.until(lambda e: e.kind == "notification" and e.data["kind"] == wanted).data


def tellings(home: Home) -> list[dict[str, Any]]:
    """The tellings that the file channel got, in order."""
    path = home.path / "told.log"
    if not path.exists():
        return []
    rows = [line for line in path.read_text().splitlines() if line.startswith("{")]
    return [json.loads(row) for row in rows]


@dataclass
class Nights:
    """The way to start nights in one home."""

    home: Home
    cwd: Path

    def start(self, *argv: str, policy: dict[str, Any] | None = None, **options: Any) -> Night:
        """Launch a command, watched on the quick schedule under a brisk policy."""
        options = {"schedule": QUICK, "cwd": str(self.cwd), **options}
        launched = app.launch(list(argv), policy={**BRISK, **(policy or {})}, **options)
        assert launched.unwatched is None
        return Night(self.home, Path(launched.path))

    def program(self, which: str, *args: str, **options: Any) -> Night:
        """Launch one of the night programs."""
        return self.start(sys.executable, str(PROGRAMS / f"{which}.py"), *args, **options)

    def puppet(self, **options: Any) -> "Puppet":
        """Launch a process that says what it is told to say."""
        pipe = self.cwd / "puppet"
        os.mkfifo(pipe)
        night = self.program("puppet", str(pipe), **options)
        return Puppet(night, os.open(pipe, os.O_WRONLY))

    @property
    def watchman(self) -> int:
        """The pid of the living watchman, once it has taken up its work."""
        home = self.home.path
        wait_in(home, lambda: watchman_pid(str(home)) is not None)
        pid = watchman_pid(str(home))
        assert pid is not None
        return pid

    def kill_watchman(self) -> None:
        """kill -9, and wait for its end."""
        kill(self.watchman)

    def index(self) -> Index:
        return Index(str(self.home.path))


@dataclass
class Puppet:
    """A night whose program says what the test wants."""

    night: Night
    pipe: int

    def say(self, *lines: str) -> None:
        """Have these lines written to the log."""
        os.write(self.pipe, "".join(line + "\n" for line in lines).encode())

    def progress(self, *epochs: int) -> None:
        self.say(*(f"Epoch {epoch}/100 - loss: {1 / epoch:.4f}" for epoch in epochs))

    def end(self, code: int = 0) -> None:
        """Let it exit."""
        self.say(f"exit {code}")
        os.close(self.pipe)


@pytest.fixture
def nights(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nights:
    """Nights in a home of their own; tellings go to `told.log` in it."""
    config = tmp_path / "config.toml"
    config.write_text(f'lang = "en"\nnotify = ["file:{home.path}/told.log"]\nlinger_s = 30.0\n')
    monkeypatch.setenv("OVERNIGHT_CONFIG", str(config))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [_PLOTLESS, os.environ.get("PYTHONPATH")])))
    cwd = tmp_path / "experiment"
    cwd.mkdir()
    return Nights(home, cwd)


@pytest.fixture
def plots(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reports of these nights have plots, like those of users who installed them."""
    paths = os.environ["PYTHONPATH"].split(os.pathsep)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in paths if path != _PLOTLESS))
