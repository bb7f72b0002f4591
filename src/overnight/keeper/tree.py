"""Which processes belong to a run: the command, its session, its descendants, the keepers' adopted, the
token's bearers.

Rules:
- Every member is named by (pid, ticks) and reached through a pidfd that was checked against them.
- A session number counts only while its leader, the command, is still there to own it: numbers are given out
  again.
- Left out: the run's keepers, whoever asks, and everything below the keepers of a run started inside this
  one, which is a run of its own. Those are known by their name in /proc, which no command can have by
  accident.
- One pass over /proc per look; what ends in between is simply not there.
"""

import os

from overnight.keeper.identity import Stat, boot_id, open_pidfd, read_stat
from overnight.keeper.linux import OWN_PREFIX

Identity = tuple[int, int]


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
        living = [table[pid] for pid in found if not table[pid].ended and pid != os.getpid()]
        return sorted(living, key=lambda stat: ((stat.pid, stat.ticks) != self.root, stat.ticks, stat.pid))

    def open(self, member: Stat) -> int | None:
        """A pidfd of the member; None when it has ended meanwhile. The caller closes it."""
        return open_pidfd(member.pid, member.ticks, self.boot)

    def _is(self, table: dict[int, Stat], identity: Identity) -> bool:
        stat = table.get(identity[0])
        return stat is not None and stat.ticks == identity[1]

    def _below(self, table: dict[int, Stat]) -> set[int]:
        """The command and all descendants of it and of the keepers."""
        children: dict[int, list[int]] = {}
        for stat in table.values():
            children.setdefault(stat.parent, []).append(stat.pid)
        found: set[int] = {self.root[0]} if self._is(table, self.root) else set()
        ours = {pid for pid, ticks in self.keepers if self._is(table, (pid, ticks))}
        open_ends = [*found, *ours]
        while open_ends:
            for pid in children.get(open_ends.pop(), []):
                if pid in found or pid in ours or _is_own(table[pid]):
                    continue
                found.add(pid)
                open_ends.append(pid)
        return found

    def _session(self, table: dict[int, Stat]) -> set[int]:
        if not self._is(table, self.root):
            return set()
        return {stat.pid for stat in table.values() if stat.session == self.root[0] and not _is_own(stat)}

    def _marked(self, table: dict[int, Stat]) -> set[int]:
        return {pid for pid, stat in table.items() if not _is_own(stat) and self.mark in _environment(pid)}


def _is_own(stat: Stat) -> bool:
    return stat.name.startswith(OWN_PREFIX)


def _processes() -> dict[int, Stat]:
    stats = (read_stat(name) for name in os.listdir("/proc") if name.isdigit())
    return {stat.pid: stat for stat in stats if stat}


def _environment(pid: int) -> list[bytes]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read().split(b"\0")
    except OSError:  # somebody else's, or gone
        return []
