"""What is missing in the life of a run: checkpoints that stop coming, an end that comes too early."""

from itertools import pairwise
from statistics import median

from overnight.core.metrics import MetricBook
from overnight.core.model import Fact, PhaseSeen, Problem
from overnight.core.progress import ProgressBook

CHECKPOINT = "ckpt.missing_rhythm"
TOO_FAST = "run.too_fast"


class Checkpoints:
    """Checkpoints that were saved at a rhythm and are no longer.

    Three intervals must be known; none came for five times their median and an hour, while the run advanced. A run
    that never saved any is not spoken of: many have no need to.
    """

    def __init__(self) -> None:
        self._times: list[float] = []
        self._line = 0

    def see(self, fact: Fact, now: float | None) -> None:
        """Take in a fact."""
        if isinstance(fact, PhaseSeen) and fact.phase == "checkpoint" and now is not None:
            self._line = fact.line
            if not self._times or now > self._times[-1]:
                self._times = [*self._times[-20:], now]

    def finding(self, progress: ProgressBook, now: float) -> Problem | None:
        """The absence at `now`."""
        if len(self._times) < 4 or progress.last_advance is None:
            return None
        usual = median(b - a for a, b in pairwise(self._times))
        waited = progress.last_advance - self._times[-1]
        if waited < max(5 * usual, 3600.0):
            return None
        return Problem(
            signature=CHECKPOINT,
            cls="checkpoint_missing",
            severity="minor",
            count=1,
            first_line=self._line,
            last_line=self._line,
            text=f"no checkpoint for {waited / 60:.0f} min; they came every {usual / 60:.0f} min",
            cause="Saving fails silently, or the condition for it is not met any more.",
            advice="Look at the folder and at its disk: hours of work have no copy.",
        )


def too_fast(progress: ProgressBook, metrics: MetricBook, line: int, *, done: bool) -> Problem | None:
    """A good end that came before half of the way: the counter with a total was far from it.

    Early stopping and a word of completion explain that; without either it is worth a look in the morning.
    """
    outer = next((p for p in progress.list() if p.total), None)
    if done or outer is None or outer.percent is None or outer.percent >= 50 or metrics.trials:
        return None
    return Problem(
        signature=TOO_FAST,
        cls="too_fast",
        severity="info",
        count=1,
        first_line=line,
        last_line=line,
        text=f"it ended well at {outer.unit} {outer.current:g} of {outer.total:g}",
        cause="It stopped early on purpose, or it lost its data or its loop without an error.",
        advice="Check that the results are those of the whole run.",
    )
