"""The two keepers: wait, record, reap.

Rules:
- See the end (waitid with WNOWAIT), record it durably, only then reap: killed in between, the other one sees
  it again.
- B (inner) is the command's parent and leaves when the end is recorded. A (outer) inherits the command when B
  dies.
- The run's lock is let go as soon as the end is recorded: what the command left behind does not keep a run
  running. A stays on without the lock until the processes it adopted are gone, so that a stop still finds
  them below it.
- A recorder that cannot write leaves the ended command unreaped, so that its end can still be read, and tries
  again until it or somebody else has written it: a disk that takes nothing for a while costs no exit code.
- A keeper that fails ends, whatever the reason, and its twin takes over; it has nobody to raise to.
"""

import os

from overnight.keeper import linux, records
from overnight.keeper.charge import Charge, Post
from overnight.keeper.command import become_command
from overnight.keeper.identity import start_ticks
from overnight.keeper.oom import Counters, evidence
from overnight.keeper.patience import wait_for_better

FAULT = 70
_NOBODY = 0
_AGAIN_S = 2.0
"""How soon a record that could not be written is tried again."""
_NEVER_BEGUN = "the keepers were killed before the command could start"


def outer(charge: Charge, report: int) -> None:
    """Be A: fork B, then wait for all that comes back. Does not return. `report`: the pipe to the caller."""
    try:
        me = settle(charge.run)
        pid = os.fork()
        if pid == 0:
            inner(charge, report, me)
        _let_go(charge, report)
        Keeper(charge, "outer").wait_as_outer(pid)
        os._exit(0)
    finally:
        os._exit(FAULT)


def inner(charge: Charge, report: int, outer_id: tuple[int, int]) -> None:
    """Be B: fork the command, wait for it, leave. Does not return."""
    try:
        me = settle(charge.run)
        pid = os.fork()
        if pid == 0:
            become_command(charge, report, [outer_id, me])
        charge.command = pid
        _let_go(charge, report)
        Keeper(charge, "inner").wait_for_the_end()
        os._exit(0)
    finally:
        os._exit(FAULT)


def settle(run: str) -> tuple[int, int]:
    """Become a keeper: a session of its own, no stdio, no folder pinned, orphans adopted. (pid, ticks) of
    itself."""
    os.setsid()
    os.chdir("/")
    null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    for fd in range(3):
        os.dup2(null, fd)
    os.close(null)
    linux.become_subreaper()
    linux.set_name(linux.OWN_PREFIX + run)
    return os.getpid(), start_ticks("self") or 0


def _let_go(charge: Charge, report: int) -> None:
    """Close what is the command's alone."""
    os.close(report)
    os.close(charge.tree)
    if charge.terminal:
        os.close(charge.terminal.slave)
    else:
        os.close(charge.log)


class Keeper:
    """The waiting of one keeper; `by` names it in the record."""

    def __init__(self, charge: Post, by: str) -> None:
        self.charge = charge
        self.by = by

    def wait_as_outer(self, inner_pid: int) -> None:
        while self._reap_one() not in (inner_pid, _NOBODY):
            continue
        self.wait_for_the_end()
        if not self.recorded():
            self.record({"code": None, "signal": None, **records.now(), "note": _NEVER_BEGUN})
        for by in records.KEEPERS:
            records.remove(self.charge.folder, records.room_name(by))
        os.close(self.charge.lock)
        if isinstance(self.charge, Charge) and self.charge.terminal:
            self.charge.terminal.copy(self.charge.log, until=None)
        while self._reap_one() != _NOBODY:
            continue

    def wait_for_the_end(self) -> None:
        """Until the command's end is recorded, or there is no child whose end could be."""
        if not self.recorded():
            self._copy_terminal_until_the_end()
        while not self.recorded() and self._reap_one() != _NOBODY:
            continue

    def recorded(self) -> bool:
        return records.exists(self.charge.folder, records.EXIT)

    def _copy_terminal_until_the_end(self) -> None:
        if not isinstance(self.charge, Charge) or not self.charge.terminal:
            return
        try:
            end = os.pidfd_open(self.charge.command)
        except OSError:  # there never was a command, or its end has been seen
            return
        self.charge.terminal.copy(self.charge.log, until=end)
        os.close(end)

    def _reap_one(self) -> int:
        """Wait for a child's end, be it an adopted orphan; record the command's; reap. A pid or `_NOBODY`."""
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        except ChildProcessError:
            return _NOBODY
        if ended is None:  # only with WNOHANG, says the manual; the type allows it
            return _NOBODY
        if ended.si_pid == self.charge.command:
            self.record(_facts(self.charge, ended))
        os.waitid(os.P_PID, ended.si_pid, os.WEXITED)
        return ended.si_pid

    def record(self, fields: dict[str, object]) -> None:
        """Return when the end is recorded, by whomever."""
        while not self.recorded():
            try:
                records.commit_exit(self.charge.folder, self.charge.rooms[self.by], self.by, fields)
            except FileNotFoundError:  # the run's folder was removed: there is nothing left to record it in
                return
            except OSError:
                wait_for_better(_AGAIN_S)


def _facts(charge: Post, ended: os.waitid_result) -> dict[str, object]:
    """What exit.json says of an ended, not yet reaped command."""
    by_signal = ended.si_code != os.CLD_EXITED
    signal = ended.si_status if by_signal else None
    usage = linux.usage_of_ended(ended.si_pid) or (None, None, None)
    return {
        "code": None if by_signal else ended.si_status,
        "signal": signal,
        **records.now(),
        "user_s": usage[0],
        "system_s": usage[1],
        "max_rss_bytes": usage[2],
        "oom": evidence(charge.before, Counters(), signal),
        "note": None,
    }
