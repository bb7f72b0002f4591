"""Stop a whole tree: ask, ask harder, end it; say what is left.

Rules:
- SIGINT, grace, SIGTERM, grace, SIGKILL. Everybody in the tree gets each signal once; stopped ones are
  continued.
- Signals go through pidfds whose identity was checked: no foreign process is ever hit.
- Event-driven: the wait is a poll on pidfds with a deadline. Looked again whenever all known ones have ended,
  as a process may have been forked meanwhile; done when a look finds nobody.
- Whoever cannot be ended (another user's, or stuck in the kernel) is reported, not hidden.
"""

import os
import select
import signal
import time
from typing import NamedTuple

from overnight.errors import Unreadable
from overnight.keeper import records
from overnight.keeper.identity import Stat, open_pidfd, read_stat
from overnight.keeper.liveness import command_lives
from overnight.keeper.tree import Identity, Look, Tree

KILL_GRACE_S = 5.0
"""How long a SIGKILLed process may take to vanish before it counts as a survivor."""
RECORD_GRACE_S = 5.0
"""How long the keepers may take to record the end after the command has ended."""
WATCHED_AT_ONCE = 500
"""How many pidfds one wait holds: a tree may have more processes than a process may have files."""


class Survivor(NamedTuple):
    """A process that is still there after SIGKILL."""

    pid: int
    name: str


class StopReport(NamedTuple):
    """`signals`: names of what was sent, in order, `survivors`: who outlived it all, `reached`: how many got
    a signal."""

    signals: list[str]
    survivors: list[Survivor]
    reached: int = 0


def stop_tree(
    run_dir: str, grace: tuple[float, float] = (30.0, 10.0), first_signal: int = signal.SIGINT
) -> StopReport:
    """End everything that belongs to the run; blocks until it has ended and its end is recorded, or nothing
    helps.

    `grace`: seconds after the first signal and after SIGTERM. A run that never started, has ended, or is of
    another boot has nobody to stop: the report is empty. Raises Unreadable when spec.json or start.json is
    damaged.
    """
    start = records.read_start(run_dir)
    if start is None:
        return StopReport([], [])
    tree = _Followed(start, _token(run_dir))
    steps = [(first_signal, grace[0]), (signal.SIGTERM, grace[1]), (signal.SIGKILL, KILL_GRACE_S)]
    sent: list[str] = []
    reached: set[Identity] = set()
    for number, grace_s in steps:
        step = _Step(tree, number, grace_s)
        done = step.run()
        reached |= step.reached
        if step.reached:
            sent.append(signal.Signals(number).name)
        if done:
            break
    survivors = [Survivor(stat.pid, stat.name) for stat in tree.members()]
    if not command_lives(start):
        _wait_for_record(run_dir, tree)
    return StopReport(sent, survivors, len(reached))


def _token(run_dir: str) -> str:
    spec = records.read(run_dir, "spec.json")
    if spec is None or not isinstance(spec.get("token"), str):
        raise Unreadable(f"{run_dir}/spec.json holds no token: the run's tree cannot be told from others.")
    return str(spec["token"])


class _Followed(Tree):
    """The tree, and whoever was once seen in it: what was started without us has no keeper to adopt its orphans."""

    def __init__(self, start: dict[str, object], token: str) -> None:
        super().__init__(start, token)
        self._seen: set[Identity] = set()

    def members(self, look: Look | None = None) -> list[Stat]:
        found = super().members(look)
        here = {(stat.pid, stat.ticks) for stat in found}
        lost = [stat for pid, _ in self._seen - here if (stat := read_stat(pid)) is not None]
        found += [stat for stat in lost if (stat.pid, stat.ticks) in self._seen and not stat.ended]
        self._seen |= here
        return found


class _Step:
    """One signal to the whole tree and the grace after it."""

    def __init__(self, tree: Tree, number: int, grace_s: float) -> None:
        self.tree = tree
        self.number = number
        self.deadline = time.monotonic() + grace_s
        self.reached: set[Identity] = set()

    def run(self) -> bool:
        """True when nobody is left."""
        while members := self.tree.members():
            watched: list[int] = []
            try:
                for member in members:
                    self._tell(member, watched)
                in_time = _wait_for_all(watched, self.deadline)
            finally:
                for fd in watched:
                    os.close(fd)
            if not in_time:
                return not self.tree.members()
        return True

    def _tell(self, member: Stat, watched: list[int]) -> None:
        """Send the signal, unless this process had it; its pidfd joins `watched` while there is room."""
        fd = self.tree.open(member)
        if fd is None:
            return
        if (member.pid, member.ticks) not in self.reached:
            self._send(fd, member)
        if len(watched) < WATCHED_AT_ONCE:
            watched.append(fd)
        else:
            os.close(fd)

    def _send(self, fd: int, member: Stat) -> None:
        try:
            signal.pidfd_send_signal(fd, self.number)
            if member.state == "T":
                signal.pidfd_send_signal(fd, signal.SIGCONT)
        except (ProcessLookupError, PermissionError):  # gone, or another user's: then it will be a survivor
            return
        self.reached.add((member.pid, member.ticks))


def _wait_for_all(pidfds: list[int], deadline: float) -> bool:
    """Wait until all have ended; False when the deadline (monotonic seconds) came first."""
    poller = select.poll()
    for fd in pidfds:
        poller.register(fd, select.POLLIN)
    left = len(pidfds)
    while left:
        ended = poller.poll(max(0.0, deadline - time.monotonic()) * 1000)
        if not ended:
            return False
        for fd, _ in ended:
            poller.unregister(fd)
        left -= len(ended)
    return True


def _wait_for_record(run_dir: str, tree: Tree) -> None:
    """The inner keeper ends when it has recorded the end, the outer one when nobody is left to adopt."""
    deadline = time.monotonic() + RECORD_GRACE_S
    for pid, ticks in reversed(tree.keepers):
        if os.path.lexists(os.path.join(run_dir, records.EXIT)):
            return
        fd = open_pidfd(pid, ticks, tree.boot)
        if fd is not None:
            _wait_for_all([fd], deadline)
            os.close(fd)
