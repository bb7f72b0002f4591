"""One batch of a storm: some runs at a time under one watchman, and kill -9 at random moments of their lives.

Rules:
- One thread, one poll: pipes, pidfds, inotify and a heap of moments; nobody is asked twice whether something came.
- A victim is killed through a pidfd; a strike counts when somebody was alive to be killed.
- The phase of a strike is what the run's folder says just before it, not what was aimed at.
"""

import heapq
import itertools
import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from drawing import BORN, ENDING, RUNNING, STARTING, TELLING, TOLD, Life, Strike
from ground import Ground, family, pipes_in, program, watchmen
from helpers import wait_for_pidfd
from inotify_simple import INotify, flags

from overnight.errors import Unreadable
from overnight.keeper import identity
from overnight.store.home import CLOSED
from overnight.store.rundir import RunDir

BATCH_S = 150.0
_CHANGES = flags.CREATE | flags.MOVED_TO | flags.DELETE
_KEEPERS = ("keeper A", "keeper B")
_VICTIMS = {
    "both keepers": _KEEPERS,
    "all but the command": ("command line", "notifier", "watchman", *_KEEPERS),
}


class Hit(NamedTuple):
    """A strike that killed: in which `phase` of its run it was, when (seconds since the epoch), and who died: pids by
    name."""

    run: str
    victim: str
    phase: str
    at: float
    dead: dict[str, int]


class Running:
    """A run of the batch, as far as it has come."""

    def __init__(self, life: Life, place: Path) -> None:
        self.life = life
        self.work = place / life.name
        self.work.mkdir()
        self.pipes = pipes_in(self.work)
        self.said = self.work / "said"
        self.cli = None
        self.folder: RunDir | None = None
        self.begun: set[str] = set()
        self.command: int | None = None

    @property
    def phase(self) -> str:
        if self.folder is None:
            return STARTING
        if os.path.exists(self.folder.file(CLOSED)):
            return TOLD
        if os.path.exists(self.folder.file("exit.json")):
            return TELLING
        if self.command is None:
            return RUNNING if (self.work / "copies").exists() else STARTING
        return ENDING if _ended(self.command) else RUNNING

    @property
    def over(self) -> bool:
        """Whether nothing more will happen to it."""
        if self.cli is None or self.cli.poll() is None:
            return False
        return self.folder is None or not os.path.isdir(self.folder.path) or self.phase == TOLD


class Batch(Ground):
    """Use `play`, then judge what is left; `close` at the end. `hits`: the strikes that killed."""

    def __init__(self, place: Path, lives: list[Life]) -> None:
        super().__init__(place)
        self.runs = {life.name: Running(life, place) for life in lives}
        self.hits: list[Hit] = []
        self.looks: list[object] = []
        self.late = False
        self._poll = select.poll()
        self._heard: dict[int, Callable[[], None]] = {}
        self._moments: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self._inotify = INotify(nonblocking=True)
        self._watched: dict[int, Running | None] = {}

    # ------------------------------------------------------------ the loop

    def play(self) -> None:
        """Until each run is over and all who were to look have looked; `late` when that takes too long."""
        self.watch()
        self._watched[self._inotify.add_watch(self.home / "runs", _CHANGES)] = None
        self._hear(self._inotify.fileno(), self._changed)
        for run in self.runs.values():
            self._hear(run.pipes["at"], partial(self._runs, run))
            self._later(run.life.begins_s, partial(self._begin, run))
        deadline = time.monotonic() + BATCH_S
        while self._moments or not all(run.over for run in self.runs.values()):
            self._turn(deadline)
            if time.monotonic() > deadline:
                self.late = True
                return

    def _turn(self, deadline: float) -> None:
        until = self._moments[0][0] if self._moments else deadline
        for fd, _ in self._poll.poll(max(0.0, until - time.monotonic()) * 1000):
            self._heard[fd]()
        while self._moments and self._moments[0][0] <= time.monotonic():
            heapq.heappop(self._moments)[2]()

    def _hear(self, fd: int, then: Callable[[], None]) -> None:
        self._heard[fd] = then
        self._poll.register(fd, select.POLLIN)

    def _unhear(self, fd: int) -> None:
        self._poll.unregister(fd)
        del self._heard[fd]

    def _later(self, seconds: float, then: Callable[[], None]) -> None:
        heapq.heappush(self._moments, (time.monotonic() + seconds, next(self._number), then))

    # ------------------------------------------------------------ a run's life

    def _begin(self, run: Running) -> None:
        life = run.life
        if not life.lasts_s:
            self._let_end(run)
        how = ("--early-wait", "300") if life.attached else ("-d",)
        run.cli = self.run(program(run.work, life.code), run.said, *how, "--name", life.name)
        end = os.pidfd_open(run.cli.pid)
        self._hear(end, partial(self._cli_ended, end))
        self._aim(run, "begun")

    def _cli_ended(self, end: int) -> None:
        self._unhear(end)
        os.close(end)

    def _changed(self) -> None:
        """A run's folder, its start, its end and its closing are told by the kernel."""
        for event in self._inotify.read(timeout=0):
            run = self._watched.get(event.wd)
            if run is not None and event.mask & flags.CREATE:
                self._aim(run, TELLING if event.name == "exit.json" else event.name)
            elif run is None and event.mask & flags.MOVED_TO:
                self._appeared(self.home / "runs" / event.name)

    def _appeared(self, folder: Path) -> None:
        with suppress(Unreadable, FileNotFoundError):  # gone again already: it could not start
            found = RunDir(folder)
            run = self.runs[str(found.spec().name)]
            run.folder = found
            self._watched[self._inotify.add_watch(folder, _CHANGES)] = run
            for name in BORN:
                if os.path.exists(found.file(name)):
                    self._aim(run, name)
            if os.path.exists(found.file("exit.json")):
                self._aim(run, TELLING)

    def _runs(self, run: Running) -> None:
        """The command is at its work."""
        os.read(run.pipes["at"], 100)
        self._aim(run, RUNNING)
        self._changed()  # of its folder the kernel may tell only now
        run.command = self._open(run, "command")
        if run.command is not None:
            self._hear(run.command, partial(self._command_ended, run, run.command))
        if run.life.lasts_s:
            self._later(run.life.lasts_s, partial(self._let_end, run))

    def _let_end(self, run: Running) -> None:
        os.write(run.pipes["gate"], b"go\n")
        if not run.life.child_stays:
            os.write(run.pipes["never"], b"go\n")
        self._aim(run, "let go")

    def _command_ended(self, run: Running, end: int) -> None:
        self._unhear(end)
        self._aim(run, ENDING)

    def _aim(self, run: Running, moment: str) -> None:
        """What the draw has for this moment of the run's life, each moment once."""
        if moment in run.begun:
            return
        run.begun.add(moment)
        for strike in run.life.strikes:
            if _moment(strike) == moment:
                self._later(strike.after_s, partial(self._strike, run, strike))

    # ------------------------------------------------------------ strikes

    def _strike(self, run: Running, strike: Strike) -> None:
        names = _VICTIMS.get(strike.victim, (strike.victim,))
        victims = [(name, fd) for name in names for fd in self._pidfds(run, name)]
        phase, at = run.phase, time.time()
        living = [(name, fd) for name, fd in victims if not _ended(fd)]
        pids = {name: _pid(fd) for name, fd in living}
        for _, fd in living:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(fd, signal.SIGKILL)
        for _, fd in victims:
            wait_for_pidfd(fd)
            os.close(fd)
        if living:
            self.hits.append(Hit(run.life.name, strike.victim, phase, at, pids))
            self._comes_back(strike, pids)

    def _comes_back(self, strike: Strike, dead: dict[str, int]) -> None:
        """Nobody stays without a watchman or a service for ever."""
        if "watchman" in dead:
            self._later(strike.back_s, lambda: self.looks.append(self.look()))
        if "notifier" in dead:
            self._later(strike.back_s, partial(self.serve, wait=False))

    def _pidfds(self, run: Running, name: str) -> list[int]:
        if name == "watchman":
            return [fd for pid in watchmen(self.home) if (fd := _pidfd(pid)) is not None]
        if name == "notifier":
            assert self.service is not None
            fd = None if self.service.poll() is not None else _pidfd(self.service.pid)
        elif name == "command line":
            fd = None if run.cli is None or run.cli.poll() is not None else _pidfd(run.cli.pid)
        else:
            fd = self._open(run, name)
        return [] if fd is None else [fd]

    def _open(self, run: Running, name: str) -> int | None:
        """A pidfd of one of the run's own processes, who is named by its start once there is one."""
        if name == "grandchild":
            with suppress(OSError, ValueError):
                return _pidfd(int((run.work / "grandchild").read_text()))
            return None
        start = run.folder and run.folder.start()
        if not start:
            return _pidfd(family(run.folder.id, run.cli.pid).get(name, 0)) if run.folder else None
        keepers = dict(zip(_KEEPERS, start.keepers, strict=False))
        pid, ticks = keepers.get(name, (start.pid, start.ticks))
        return identity.open_pidfd(pid, ticks, start.boot_id)

    def close(self) -> None:
        """End whatever is left of it."""
        for run in self.runs.values():
            for fd in (*run.pipes.values(), *([run.command] if run.command is not None else [])):
                os.close(fd)
            if run.cli is not None:
                run.cli.kill()
                run.cli.wait()
        for look in self.looks:
            look.wait()
        self._inotify.close()
        super().close()


def _moment(strike: Strike) -> str:
    """What its time is counted from."""
    if strike.aim == STARTING:
        return "begun" if strike.victim == "command line" else strike.born
    return "let go" if strike.aim == ENDING and strike.after_s else strike.aim


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except OSError:  # there is no such process
        return None


def _pid(fd: int) -> int:
    line = next(
        line for line in Path(f"/proc/self/fdinfo/{fd}").read_text().splitlines() if line.startswith("Pid:")
    )
    return int(line.split()[1])


def _ended(pidfd: int) -> bool:
    """Whether the process behind it has ended, a zombie included."""
    poller = select.poll()
    poller.register(pidfd, select.POLLIN)
    return bool(poller.poll(0))
