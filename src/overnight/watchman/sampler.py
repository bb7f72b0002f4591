"""What a run's process tree uses: CPU, memory, disk, GPU. Reads /proc and the driver, decides nothing.

Rules:
- What cannot be read is None, never 0. A process that ends while it is looked at is left out.
- CPU seconds are those of all processes alive and of what they have reaped; the percentage is of one core,
  over the time since the sample before (since the run's start for the first).
- Resident bytes are added up over the tree: memory that forked workers share is counted for each of them.
- All runs share a look at the processes for a while: with a thousand runs it takes 50 ms, and every second three
  of them check in.
- Blocks (a dead network mount, a hung driver): call it in a thread.
"""

import os
import shutil
import threading
from collections.abc import Iterable

import psutil

from overnight.core.model import Sample
from overnight.keeper.identity import boottime
from overnight.keeper.tree import Look, Tree

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_LOOK_AGE_S = 0.5
_LOOK_SHARE = 0.02
"""How much of a core looking may take when many ask: then a look is used for longer."""


class Census:
    """The last look at all processes, for all who sample."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._look: Look | None = None

    def look(self) -> Look:
        """A look that is not too old."""
        with self._lock:
            look = self._look
            if look is None or boottime() - look.at > max(_LOOK_AGE_S, look.took_s / _LOOK_SHARE):
                look = self._look = Look(look)
            return look


class Sampler:
    """The resources of one run. `start` and `token` are those of its `start.json` and `spec.json`."""

    def __init__(self, start: dict[str, object], token: str, cwd: str, log: str, census: Census) -> None:
        self._tree = Tree(start, token)
        self._cwd = cwd
        self._log = log
        self._census = census
        self._before = (0.0, 0.0)

    def sample(self, t: float) -> Sample:
        """The tree as it is now, `t` seconds after the run's start."""
        look = self._census.look()
        members = self._tree.members(look)
        cpu_s = sum(member.cpu_ticks for member in members) / _TICKS_PER_S
        gpu_percent, gpu_bytes = gpu.of(member.pid for member in members)
        return Sample(
            t=round(t, 3),
            cpu_percent=self._percent(t - (boottime() - look.at), cpu_s) if members else None,
            cpu_s=round(cpu_s, 2) if members else None,
            rss_bytes=sum(member.rss_pages for member in members) * _PAGE_BYTES if members else None,
            processes=len(members) or None,
            disk_free_bytes=_least_free(self._cwd, os.path.dirname(self._log)),
            log_bytes=_size(self._log),
            gpu_percent=gpu_percent,
            gpu_memory_bytes=gpu_bytes,
            memory_free_bytes=memory_free(),
        )

    def _percent(self, t: float, cpu_s: float) -> float | None:
        t0, cpu0 = self._before
        self._before = (t, cpu_s)
        # Children that were reaped by a keeper take their seconds with them: never less than nothing.
        return round(100 * max(0.0, cpu_s - cpu0) / (t - t0), 1) if t > t0 else None


def _least_free(*folders: str) -> int | None:
    """Free bytes where there are fewest: the run's own folder or the log's."""
    free = [found for folder in folders if (found := _free(folder)) is not None]
    return min(free, default=None)


def _free(folder: str) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def memory_free() -> int | None:
    """Bytes that this machine, or the control group that we live in, can still give."""
    free = psutil.virtual_memory().available
    try:
        with open("/sys/fs/cgroup/memory.max") as file:
            most = file.read().strip()
        with open("/sys/fs/cgroup/memory.current") as file:
            used = int(file.read())
    except (OSError, ValueError):  # no control group of version 2, or the root one
        return free
    return min(free, int(most) - used) if most.isdigit() else free


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


class Gpus:
    """The NVIDIA cards, through NVML where its library and a driver are there; asked once."""

    def __init__(self) -> None:
        self._cards: list[object] | None = None

    def of(self, pids: Iterable[int]) -> tuple[float | None, int | None]:
        """(utilisation in percent, bytes) of these processes: the mean over the cards that they use, and
        their sum."""
        if self._cards is None:
            self._cards = self._find()
        if not self._cards:
            return None, None
        return self._read(set(pids))

    def _find(self) -> list[object]:
        try:
            import pynvml  # an extra
        except ImportError:
            return []
        try:
            pynvml.nvmlInit()
            return [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
        except pynvml.NVMLError:  # no driver, no card
            return []

    def _read(self, pids: set[int]) -> tuple[float | None, int | None]:
        import pynvml

        percents: list[float] = []
        used = 0
        for card in self._cards or []:
            try:
                ours = [p for p in pynvml.nvmlDeviceGetComputeRunningProcesses(card) if p.pid in pids]
                if ours:
                    percents.append(pynvml.nvmlDeviceGetUtilizationRates(card).gpu)
                    used += sum(p.usedGpuMemory or 0 for p in ours)
            except pynvml.NVMLError:
                continue
        return (sum(percents) / len(percents), used) if percents else (None, None)


gpu = Gpus()
