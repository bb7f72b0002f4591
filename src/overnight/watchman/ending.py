"""How a run ends when somebody stops it, and how it ended when its keepers cannot say any more.

Rules:
- The keepers' word goes first: they are waited for as long as one of them lives.
- Then the kernel's (the pidfd that was opened while the command lived), else the end is unknown and called
  so, with what evidence there is. Never an invented code.
- Blocks: call it in a thread of its own.
"""

import fcntl
import logging
import os
import signal
import time

from overnight.core.model import Exit, Start
from overnight.keeper import records
from overnight.keeper.identity import boot_id, boottime
from overnight.keeper.patience import wait_for_better
from overnight.keeper.stop import StopReport, stop_tree
from overnight.keeper.witness import wait_for_exit
from overnight.store import locks
from overnight.store.rundir import RunDir

_REAP_S = 30.0
"""How long whoever adopted the command may take to reap it; only then does the kernel tell."""

_AGAIN_S = 5.0
"""How soon an end that could not be recorded is tried again."""

log = logging.getLogger(__name__)

REBOOT = "interrupted by a reboot of the machine"
NEVER_STARTED = "it was never started: whoever launched it was gone before"
SAID_DONE = "its log said that it is done and was silent since; its exit code is not known"
WATCH_ENDED = "its watch was ended; who writes the log, and how that ends, is not known"
NOBODY_LEFT = "nobody was left to read its exit code"


def end_watch(run_dir: RunDir, note: str) -> bool:
    """Record that a log without a process is watched no more; False when that was recorded before. Raises OSError."""
    return records.write_exit(run_dir.path, code=None, signal=None, by="watchman", note=note)


def stop(run_dir: RunDir, grace: tuple[float, float], first_signal: signal.Signals) -> StopReport:
    """Stop the run's tree; of a log without a process, its watch. Raises OSError, Unreadable."""
    done = stop_tree(run_dir.path, grace, first_signal)
    attached = run_dir.spec().attached
    if attached is not None and attached.pid is None:
        end_watch(run_dir, WATCH_ENDED)
    return done


def record_end(run_dir: RunDir, start: Start | None, pidfd: int | None) -> None:
    """Return when `exit.json` is there, written by the keepers if they can, however long that takes. Closes `pidfd`.

    Raises OSError.
    """
    known = _told_by_kernel(pidfd) if pidfd is not None else None
    if start is None or start.boot_id == boot_id():
        _wait_for_keepers(run_dir)
    if run_dir.over:
        return
    code, signal = known or (None, None)
    note = None if known else _unknown(start)
    while not _is_recorded(run_dir, code, signal, note):
        wait_for_better(_AGAIN_S)


def _is_recorded(run_dir: RunDir, code: int | None, signal: int | None, note: str | None) -> bool:
    """Whether the end is recorded now, by us or before; False when the disk took nothing: what the kernel told is told
    once, so that nobody but us could say it later."""
    try:
        records.write_exit(run_dir.path, code=code, signal=signal, by="watchman", note=note)
    except FileNotFoundError:  # the run's folder was removed
        return True
    except OSError as error:
        log.warning("the end of %s cannot be recorded: %s", run_dir.id, error)
        return False
    return True


def _told_by_kernel(pidfd: int) -> tuple[int | None, int | None] | None:
    try:
        return wait_for_exit(pidfd, _REAP_S)
    finally:
        os.close(pidfd)


def _unknown(start: Start | None) -> str:
    if start is None:
        return NEVER_STARTED
    return NOBODY_LEFT if start.boot_id == boot_id() else REBOOT


def _wait_for_keepers(run_dir: RunDir) -> None:
    """They hold the lock until the end is recorded."""
    try:
        fd = os.open(run_dir.file(records.LOCK), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    held = fd
    try:
        held = locks.lock(fd, fcntl.LOCK_SH)
    finally:
        locks.release(fd, held)


class RunClock:
    """Seconds since a run's start, suspend included, that never go back. `floor`: the last one known."""

    def __init__(self, start: Start | None, floor: float) -> None:
        self._start = start
        self._same_boot = start is not None and start.boot_id == boot_id()
        self._floor = self._last = floor
        self._asleep = _asleep()

    def now(self) -> float:
        """The present; the last known time for a run of another boot."""
        if self._start is not None and self._same_boot:
            self._last = max(self._last, boottime() - self._start.boottime)
        elif self._start is not None and self._start.pid == 0:  # a log of somewhere else lives on
            self._last = max(self._last, time.time() - self._start.at)
        return self._last

    def slept(self) -> float:
        """Seconds that the machine was suspended since this was asked last."""
        slept_s = self.sleeping()
        self._asleep += slept_s
        return slept_s

    def sleeping(self) -> float:
        """The same, which stays to be asked."""
        return _asleep() - self._asleep

    def of(self, exit_: Exit, log_path: str) -> float:
        """When the run ended: by the record, else by the last write to its log."""
        if self._start is None:
            return self._floor
        known = exit_.code is not None or exit_.signal is not None
        if known and exit_.boottime is not None and self._same_boot:
            ended = exit_.boottime - self._start.boottime
        elif known:
            ended = exit_.at - self._start.at
        else:
            ended = _modified(log_path, self._start.at) - self._start.at
        return max(self._floor, ended)


def _asleep() -> float:
    """How long the machine was suspended since boot: one of the two clocks stands still meanwhile."""
    return boottime() - time.monotonic()


def _modified(path: str, otherwise: float) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return otherwise
