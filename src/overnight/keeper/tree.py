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
- One pass over /proc per look; what ends in between is simply not there. A look serves the trees of many runs.
"""

import os

from overnight.keeper.identity import Stat, boot_id, boottime, open_pidfd, read_stat
from overnight.keeper.linux import OWN_PREFIX

TYPE_CHECKING = False  # `typing` costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Iterable

Identity = tuple[int, int]
Program = tuple[int, int, str]
Tokens = dict[Program, tuple[bytes, ...]]
_TOKEN = b"OVERNIGHT_TOKEN="


class Look:
    """All processes at one moment: `at`, seconds since boot; `took_s` to look.

    `before`: a look whose knowledge of environments is taken over for processes that still bear the same name.
    """

    def __init__(self, before: "Look | None" = None) -> None:
        self.at = boottime()
        stats = (read_stat(name) for name in os.listdir("/proc") if name.isdigit())
        self.table = {stat.pid: stat for stat in stats if stat}
        known: Tokens = before.tokens if before is not None else {}
        everybody = map(_program, self.table.values())
        self.tokens: Tokens = {who: known[who] if who in known else _tokens(who[0]) for who in everybody}
        self._children: dict[int, list[int]] = {}
        self._sessions: dict[int, list[int]] = {}
        self._bearers: dict[bytes, list[int]] = {}
        for stat in self.table.values():
            self._children.setdefault(stat.parent, []).append(stat.pid)
            self._sessions.setdefault(stat.session, []).append(stat.pid)
            for token in self.tokens[_program(stat)]:
                self._bearers.setdefault(token, []).append(stat.pid)
        self.took_s = boottime() - self.at

    def present(self, identities: "Iterable[Identity]") -> set[int]:
        """The pids of those that are there."""
        return {pid for pid, ticks in identities if pid in self.table and self.table[pid].ticks == ticks}

    def session(self, leader: int) -> set[int]:
        """Who is in that session."""
        return set(self._sessions.get(leader, ()))

    def bearers(self, token: bytes) -> set[int]:
        """Who has the token in its environment."""
        return set(self._bearers.get(token, ()))

    def with_descendants(self, pids: set[int]) -> set[int]:
        """These and all below them."""
        found = set(pids)
        open_ends = [*pids]
        while open_ends:
            new = [pid for pid in self._children.get(open_ends.pop(), []) if pid not in found]
            found.update(new)
            open_ends += new
        return found


class Tree:
    """The processes of one run, by its `start.json` and its token."""

    def __init__(self, start: dict[str, object], token: str) -> None:
        self.boot = str(start["boot_id"])
        self.root: Identity = (int(str(start["pid"])), int(str(start["ticks"])))
        keepers = start["keepers"]
        self.keepers: list[Identity] = (
            [(pid, ticks) for pid, ticks in keepers] if isinstance(keepers, list) else []
        )
        self.token = token.encode("utf-8", "surrogatepass")  # a damaged intent may hold any

    def members(self, look: Look | None = None) -> list[Stat]:
        """All living members in the look (default: now), the command first. Empty after a reboot: pids of another
        boot mean nothing."""
        if self.boot != boot_id():
            return []
        look = look or Look()
        roots = look.present([self.root])
        found = look.with_descendants(roots | look.present(self.keepers)) | look.bearers(self.token)
        if roots:
            found |= look.session(self.root[0])
        found -= self._left_out(look, found)
        living = [look.table[pid] for pid in found if not look.table[pid].ended]
        return sorted(living, key=lambda stat: ((stat.pid, stat.ticks) != self.root, stat.ticks, stat.pid))

    def open(self, member: Stat) -> int | None:
        """A pidfd of the member; None when it has ended meanwhile. The caller closes it."""
        return open_pidfd(member.pid, member.ticks, self.boot)

    def _left_out(self, look: Look, found: set[int]) -> set[int]:
        """Of those found: who asks, the keepers, and whole runs that were started inside this one."""
        ours = look.present(self.keepers)
        known = ours | look.present([self.root])
        others = {pid for pid in found if look.table[pid].name.startswith(OWN_PREFIX)} - known
        return look.with_descendants(others) | ours | {os.getpid()}


def _program(stat: Stat) -> Program:
    """A process and what it executes: another program may have another environment."""
    return stat.pid, stat.ticks, stat.name


def _tokens(pid: int) -> tuple[bytes, ...]:
    """The tokens of runs in a process's environment."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            words = file.read().split(b"\0")
    except OSError:  # somebody else's, or gone
        return ()
    return tuple(word[len(_TOKEN) :] for word in words if word.startswith(_TOKEN))
