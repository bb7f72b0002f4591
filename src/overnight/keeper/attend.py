"""The two keepers of a process that was started without us: they wait for its end and record it.

Rules:
- They are not its parents: the code comes from the kernel by the pidfd that both hold from the attach on, or
  stays unknown. Nothing of the process is touched.
- As with a command, B (inner) records, and A (outer) takes over when B dies; first writer wins.
- The pidfd is opened before the forks and checked against the start time: it is the process that was meant.
- Whether it was out of memory can only be denied: its memory cgroup is not ours.
"""

import os
import select

from overnight.keeper import keep, records
from overnight.keeper.charge import Post
from overnight.keeper.identity import boottime, open_pidfd
from overnight.keeper.oom import Counters, evidence
from overnight.keeper.witness import exit_from_pidfd, wait_for_exit

UNKNOWN = "its exit code cannot be known here: the kernel did not tell it to anybody but its parent"
_REAP_S = 30.0
"""How long its parent may take to reap it; a kernel that tells the code to strangers does so only then."""


class Care(Post):
    """The process (pid, ticks) of this boot in two keepers' care. Raises ProcessLookupError when it is gone, and
    OSError."""

    def __init__(self, run_dir: str, pid: int, ticks: int, boot: str) -> None:
        process = open_pidfd(pid, ticks, boot)
        if process is None:
            raise ProcessLookupError
        super().__init__(run_dir)
        self.process, self.pid, self.ticks, self.boot = process, pid, ticks, boot


def outer(care: Care, report: int) -> None:
    """Be A. Does not return. `report`: the pipe to the caller."""
    try:
        me = keep.settle(care.run)
        pid = os.fork()
        if pid == 0:
            inner(care, report, me)
        os.close(report)
        _Attendant(care, "outer").wait_as_outer(pid)
        os._exit(0)
    finally:
        os._exit(keep.FAULT)


def inner(care: Care, report: int, outer_id: tuple[int, int]) -> None:
    """Be B: record who is watched, wait for the end, leave. Does not return."""
    try:
        me = keep.settle(care.run)
        _say_started(care, report, [outer_id, me])
        os.close(report)
        _Attendant(care, "inner").wait_for_the_end()
        os._exit(0)
    finally:
        os._exit(keep.FAULT)


def _say_started(care: Care, report: int, keepers: list[tuple[int, int]]) -> None:
    began = began_at(care.ticks)
    fields: dict[str, object] = {
        "pid": care.pid,
        "ticks": care.ticks,
        "boot_id": care.boot,
        "keepers": keepers,
    }
    now = records.now()
    since = boottime() - began
    records.write_start(care.folder, {**fields, "at": float(str(now["at"])) - since, "boottime": began})
    try:
        os.write(report, f"started {care.pid} {care.ticks}\n".encode())
    except BrokenPipeError:  # the caller was killed meanwhile: the attach is recorded, the watch goes on
        return


def began_at(ticks: int) -> float:
    """Seconds since boot at which a process with this start time began."""
    return ticks / os.sysconf("SC_CLK_TCK")


class _Attendant(keep.Keeper):
    """A keeper whose process is nobody's child here."""

    charge: Care

    def wait_for_the_end(self) -> None:
        """Until the process's end is recorded. The outer one gives up when the attach was never recorded."""
        if self.recorded() or not records.exists(self.charge.folder, records.START):
            return
        told = _word(self.charge.process)
        if not self.recorded():
            self.record(_facts(self.charge, told))


def _word(process: int) -> tuple[int | None, int | None] | None:
    """The code or the signal of the process, after its end; None when nobody tells."""
    poller = select.poll()
    poller.register(process, select.POLLIN)
    poller.poll()
    return exit_from_pidfd(process) or wait_for_exit(process, _REAP_S)


def _facts(care: Care, told: tuple[int | None, int | None] | None) -> dict[str, object]:
    code, signal = told or (None, None)
    killed_any = evidence(care.before, Counters(), None)
    oom = False if killed_any is False else None
    return {"code": code, "signal": signal, **records.now(), "oom": oom, "note": None if told else UNKNOWN}
