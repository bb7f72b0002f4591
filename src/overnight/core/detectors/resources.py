"""What will run out before the run does: memory, disk, the time that a scheduler gives.

Rules: forecasts from the samples of the check-ins, by robust slopes. What would run out after the end is no problem.
"""

from collections import deque
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from overnight.core.detectors.robust import slope
from overnight.core.humane import duration, size
from overnight.core.model import Problem, Sample
from overnight.core.progress import ProgressBook

MEMORY = "host.mem_leak"
DISK = "disk.filling"
WALLTIME = "sched.walltime"

_HORIZON_S = 12 * 3600.0
_FEW = 6
_SPAN_S = 1200.0
_SAMPLES = 36


class _Kind(NamedTuple):
    """What is forecast: which number grows or shrinks, and what is left."""

    signature: str
    cls: str
    value: Callable[[Sample], int | None]
    left: Callable[[Sample], int | None]
    sign: int
    what: str
    cause: str
    advice: str


_KINDS = (
    _Kind(
        MEMORY, "memory_leak", lambda s: s.rss_bytes, lambda s: s.memory_free_bytes, 1,
        "memory has grown by {moved} in {span}; at that pace none is left in {left}",
        "Something is kept that should be let go: graphs, caches, results in a list.",
        "Save a checkpoint and relaunch before then; look at what grows per step.",
    ),
    _Kind(
        DISK, "disk_filling", lambda s: s.disk_free_bytes, lambda s: s.disk_free_bytes, -1,
        "the disk has lost {moved} in {span}; at that pace it is full in {left}",
        "Checkpoints, logs or another program fill it.",
        "Keep fewer checkpoints, or free space, before then.",
    ),
)  # fmt: skip


class Exhaustion:
    """Memory that grows, and a disk that fills, with the time until nothing is left.

    Six samples over twenty minutes at least, four fifths of the steps in one direction, and exhaustion within twelve
    hours and before the expected end. A tenth must have moved: memory at the start of a run grows by itself.
    """

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque(maxlen=_SAMPLES)

    def see(self, sample: Sample) -> None:
        """Take in a sample."""
        if not self._samples or sample.t > self._samples[-1].t:
            self._samples.append(sample)

    def findings(self, progress: ProgressBook, line: int) -> list[Problem]:
        """What will run out. `line` is the last line of the log."""
        eta = next((p.eta_s for p in progress.list() if p.eta_s is not None), None)
        return [p for kind in _KINDS if (p := self._finding(kind, eta, line)) is not None]

    def _finding(self, kind: _Kind, eta: float | None, line: int) -> Problem | None:
        points = [(s.t, float(v)) for s in self._samples if (v := kind.value(s)) is not None]
        if len(points) < _FEW or points[-1][0] - points[0][0] < _SPAN_S:
            return None
        left = kind.left(self._samples[-1])
        pace = kind.sign * slope(points)
        moved = kind.sign * (points[-1][1] - points[0][1])
        steps = [kind.sign * (b[1] - a[1]) > 0 for a, b in pairwise(points)]
        steady = sum(steps) >= 0.8 * len(steps) and moved > 0.1 * min(points[0][1], points[-1][1])
        if left is None or pace <= 0 or not steady:
            return None
        seconds = left / pace
        if seconds > min(_HORIZON_S, eta if eta is not None else _HORIZON_S):
            return None
        span = duration(points[-1][0] - points[0][0])
        return Problem(
            signature=kind.signature,
            cls=kind.cls,
            severity="minor",
            count=1,
            first_line=line,
            last_line=line,
            text=kind.what.format(moved=size(int(moved)), span=span, left=duration(seconds)),
            cause=kind.cause,
            advice=kind.advice,
            relaunch="from the last checkpoint",
        )


class Walltime:
    """Whether the run will still run when its scheduler ends it. `limit_s`: seconds from its start, if it has any.

    Said after a tenth of the way, when even nine tenths of the expected time are too long, at two looks in a row.
    """

    def __init__(self, limit_s: float | None) -> None:
        self._limit_s = limit_s
        self._over = 0

    def finding(self, progress: ProgressBook, now: float, line: int) -> Problem | None:
        """The forecast at a check-in."""
        outer = next((p for p in progress.list(now) if p.eta_s is not None), None)
        if self._limit_s is None or outer is None or (outer.percent or 0) < 10 or outer.eta_s is None:
            return None
        left = self._limit_s - now
        self._over = self._over + 1 if 0.9 * outer.eta_s > left else 0
        if self._over < 2:
            return None
        return Problem(
            signature=WALLTIME,
            cls="walltime",
            severity="minor",
            count=1,
            first_line=line,
            last_line=line,
            text=f"it needs {duration(outer.eta_s)} more, and {duration(max(0.0, left))} are left to it",
            cause="The time limit of the job is shorter than the work.",
            advice="Ask for more time, or see to it that a checkpoint is saved shortly before the end.",
            relaunch="from the last checkpoint",
        )
