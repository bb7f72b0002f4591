"""Which processes belong to a run: the command, its session, its descendants, the keepers' adopted, the
token's bearers.

Rules:
- Every member is named by (pid, ticks) and reached through a pidfd that was checked against them.
- A session number counts only while its leader, the command, is still there to own it: numbers are given out
  again.
- Left out: the run's keepers, whoever asks, and everything below the keepers of a run started inside this
  one, which is a run of its own. Those are known by their name in /proc, which no command can have by
  accident.
- No cgroup of the run's own: entering one waits for an RCU grace period (measured: a start of 28 instead of
  15 ms), few users may make one, and it would only add who cleared its environment, left its session *and*
  outlived both keepers.
- One pass over /proc per look; what ends in between is simply not there.
"""

import os

from overnight.keeper.identity import Stat, boot_id, open_pidfd, read_stat
from overnight.keeper.linux import OWN_PREFIX

Identity = tuple[int, int]
Table = dict[int, Stat]


class Tree:
    """The processes of one run, by its `start.json` and its token."""

    def __init__(self, start: dict[str, object], token: str) -> None:
        self.boot = str(start["boot_id"])
        self.root: Identity = (int(str(start["pid"])), int(str(start["ticks"])))
        keepers = start["keepers"]
        self.keepers: list[Identity] = (
            [(pid, ticks) for pid, ticks in keepers] if isinstance(keepers, list) else []
        )
        self.mark = f"OVERNIGHT_TOKEN={token}".encode()

    def members(self) -> list[Stat]:
        """All living members now, the command first. Empty after a reboot: pids of another boot mean
        nothing."""
        if self.boot != boot_id():
            return []
        table = _processes()
        found = self._below(table) | self._session(table) | self._marked(table)
        found -= self._left_out(table, found)
        living = [table[pid] for pid in found if pid in table and not table[pid].ended]
        return sorted(living, key=lambda stat: ((stat.pid, stat.ticks) != self.root, stat.ticks, stat.pid))

    def open(self, member: Stat) -> int | None:
        """A pidfd of the member; None when it has ended meanwhile. The caller closes it."""
        return open_pidfd(member.pid, member.ticks, self.boot)

    def _present(self, table: Table, identities: list[Identity]) -> set[int]:
        return {pid for pid, ticks in identities if pid in table and table[pid].ticks == ticks}

    def _below(self, table: Table) -> set[int]:
        """The command and all descendants of it and of the keepers."""
        return _with_descendants(table, self._present(table, [self.root, *self.keepers]))

    def _session(self, table: Table) -> set[int]:
        if not self._present(table, [self.root]):
            return set()
        return {stat.pid for stat in table.values() if stat.session == self.root[0]}

    def _marked(self, table: Table) -> set[int]:
        return {pid for pid in table if self.mark in _environment(pid)}

    def _left_out(self, table: Table, found: set[int]) -> set[int]:
        """Of those found: who asks, the keepers, and whole runs that were started inside this one."""
        ours = self._present(table, self.keepers)
        known = ours | self._present(table, [self.root])
        others = {pid for pid in found if pid in table and table[pid].name.startswith(OWN_PREFIX)} - known
        return _with_descendants(table, others) | ours | {os.getpid()}


def _with_descendants(table: Table, pids: set[int]) -> set[int]:
    children: dict[int, list[int]] = {}
    for stat in table.values():
        children.setdefault(stat.parent, []).append(stat.pid)
    found = set(pids)
    open_ends = [*pids]
    while open_ends:
        new = [pid for pid in children.get(open_ends.pop(), []) if pid not in found]
        found.update(new)
        open_ends += new
    return found


def _processes() -> Table:
    stats = (read_stat(name) for name in os.listdir("/proc") if name.isdigit())
    return {stat.pid: stat for stat in stats if stat}


def _environment(pid: int) -> list[bytes]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read().split(b"\0")
    except OSError:  # somebody else's, or gone
        return []
