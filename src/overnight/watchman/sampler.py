"""What a run's process tree uses: CPU, memory, disk, GPU. Reads /proc and the driver, decides nothing.

Rules:
- What cannot be read is None, never 0. A process that ends while it is looked at is left out.
- CPU seconds are those of all processes alive and of what they have reaped; the percentage is of one core,
  over the time since the sample before (since the run's start for the first).
- Resident bytes are added up over the tree: memory that forked workers share is counted for each of them.
- Blocks (a dead network mount, a hung driver): call it in a thread.
"""

import os
import shutil
from collections.abc import Iterable
from typing import NamedTuple

import psutil

from overnight.core.model import Sample
from overnight.keeper.tree import Tree


class _Use(NamedTuple):
    cpu_s: float
    rss_bytes: int
    processes: int


class Sampler:
    """The resources of one run. `start` and `token` are those of its `start.json` and `spec.json`."""

    def __init__(self, start: dict[str, object], token: str, cwd: str, log: str) -> None:
        self._tree = Tree(start, token)
        self._cwd = cwd
        self._log = log
        self._before = (0.0, 0.0)

    def sample(self, t: float) -> Sample:
        """The tree as it is now, `t` seconds after the run's start."""
        pids = [member.pid for member in self._tree.members()]
        use = _use_of(pids)
        gpu_percent, gpu_bytes = gpu.of(pids)
        return Sample(
            t=round(t, 3),
            cpu_percent=self._percent(t, use.cpu_s) if use else None,
            cpu_s=round(use.cpu_s, 2) if use else None,
            rss_bytes=use.rss_bytes if use else None,
            processes=use.processes if use else None,
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


def _use_of(pids: Iterable[int]) -> _Use | None:
    found = [use for pid in pids if (use := _use_of_one(pid)) is not None]
    if not found:
        return None
    return _Use(sum(u.cpu_s for u in found), sum(u.rss_bytes for u in found), len(found))


def _use_of_one(pid: int) -> _Use | None:
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            return _Use(sum(process.cpu_times()[:4]), process.memory_info().rss, 1)
    except psutil.Error:  # it ended, or it is somebody else's
        return None


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
