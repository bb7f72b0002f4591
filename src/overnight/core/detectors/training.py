"""What a training says between its losses: gradients that explode, steps that slow down, validation that turns.

Rules: each is followed by name, against its own past. None is certain: they ask, or only inform.
"""

from collections import deque
from math import isfinite
from statistics import median

from overnight.core import names
from overnight.core.detectors.robust import mad, slope
from overnight.core.metrics import MetricBook
from overnight.core.model import Fact, MetricSeen, Problem

GRADIENT = "num.grad_spike"
SLOWDOWN = "perf.slowdown"
OVERFIT = "num.overfit"
PLATEAU = "num.plateau"

GRADIENT_NORMS = names.word_set("grad_norm gradnorm gnorm global_grad_norm total_grad_norm gradient_norm")
_STEP_TIMES = names.word_set("""
    step_time time_per_step sec_per_step s_step ms_per_step batch_time iter_time iteration_time
    elapsed_time_per_iteration_ms elapsed_time_per_iteration time_per_iteration
""")


class Gradients:
    """A gradient norm that explodes: it warns before the loss does.

    Three values in a row above ten times the median of the last 64, after thirty. In BLOOM's spike (0.24, 0.95, 2.4,
    15.9, 145, 960) that is two steps before the loss moves. The norms in 118 real logs raise none.
    """

    def __init__(self) -> None:
        self._past: deque[float] = deque(maxlen=64)
        self._above: list[MetricSeen] = []
        self._found: Problem | None = None

    def see(self, fact: Fact) -> None:
        """Take in a fact."""
        if not isinstance(fact, MetricSeen) or names.key(fact.name) not in GRADIENT_NORMS:
            return
        if not isfinite(fact.value):
            return
        usual = median(self._past) if len(self._past) >= 30 else None
        if usual is None or fact.value <= 10 * usual:
            self._past.append(fact.value)
            self._above = []
            return
        self._above.append(fact)
        if len(self._above) == 3:
            self._found = self._problem(usual)
            self._past.clear()  # what lasts is the new usual

    def _problem(self, usual: float) -> Problem:
        first, last = self._above[0], self._above[-1]
        count = self._found.count + 1 if self._found else 1
        return Problem(
            signature=GRADIENT,
            cls="gradient_explosion",
            severity="minor",
            count=count,
            first_line=self._found.first_line if self._found else first.line,
            last_line=last.line,
            text=f"{last.name} is {last.value:.3g}, usually {usual:.3g}",
            cause="The gradients explode: learning rate, a bad batch, or numbers that overflow.",
            advice="Lower the learning rate or clip harder, before the loss follows.",
            relaunch="from the checkpoint before it",
        )

    def finding(self) -> Problem | None:
        """The latest explosion."""
        return self._found


class Slowdown:
    """Steps that take longer for good, by the time per step that the run itself prints.

    Medians of blocks of 8 values; 6 blocks in a row more than 5 % and 6 median deviations above the first 8 blocks
    (the first two, the warm-up, left out). Two blocks and 3 % found +5.7 % in 27 of 27 real series, 16 steps late,
    and nothing in the healthy ones; more is asked for here, because somebody is woken. Averages over all steps are
    not followed: they drift by themselves.
    """

    def __init__(self) -> None:
        self._block: list[float] = []
        self._blocks: list[float] = []
        self._skip = 2
        self._slow = 0
        self._name: str | None = None
        self._found: Problem | None = None

    def see(self, fact: Fact) -> None:
        """Take in a fact."""
        if not isinstance(fact, MetricSeen) or names.key(fact.name) not in _STEP_TIMES or fact.value <= 0:
            return
        if self._name not in (None, fact.name) or not isfinite(fact.value):
            return
        self._name = fact.name
        self._block.append(fact.value)
        if len(self._block) == 8:
            self._close(median(self._block), fact)
            self._block = []

    def _close(self, value: float, fact: MetricSeen) -> None:
        if self._skip:
            self._skip -= 1
            return
        if len(self._blocks) < 8:
            self._blocks.append(value)
            return
        usual = median(self._blocks)
        slow = value > 1.05 * usual and value > usual + 6 * mad(self._blocks)
        self._slow = self._slow + 1 if slow else 0
        if self._slow == 6 and self._found is None:
            self._found = Problem(
                signature=SLOWDOWN,
                cls="slowdown",
                severity="minor",
                count=1,
                first_line=fact.line,
                last_line=fact.line,
                text=f"{fact.name} is {value:.4g}, {value / usual - 1:.0%} longer than at first ({usual:.4g})",
                cause="A slow or throttled GPU, storage that fell behind, or another job on the machine.",
                advice="Compare the ranks, the temperatures and the data loading; one slow card slows all.",
                relaunch="on another machine, if one card is slow",
            )

    def finding(self) -> Problem | None:
        """The slowdown, once."""
        return self._found


class Curves:
    """Validation against training: overfitting, and a plateau.

    Overfitting: eight evaluations and a third of all since the lowest validation loss, all above it, the last 10 %
    above, while the training loss went on falling. A plateau: over the last half, and at least forty points, the loss
    moves by less than 0.1 % (Theil-Sen). The plateau is information for the morning. Neither is raised by the logs of
    1,500 short successful trainings nor by 118 real logs of other kinds.
    """

    def overfitting(self, metrics: MetricBook) -> Problem | None:
        """Whether the validation has turned while the training has not."""
        for name in metrics.names():
            if names.split(name) != "val" or names.kind(name) != "loss":
                continue
            found = self._turned(name, metrics)
            if found is not None:
                return found
        return None

    def _turned(self, name: str, metrics: MetricBook) -> Problem | None:
        points = metrics.series(name)
        if len(points) < 12:
            return None
        at = min(range(len(points)), key=lambda i: points[i].value)
        since, best, last = points[at + 1 :], points[at], points[-1]
        turned = len(since) >= max(8, len(points) // 3) and last.value > 1.1 * best.value > 0
        if not turned or not self._train_fell(best.line, metrics):
            return None
        return Problem(
            signature=OVERFIT,
            cls="overfitting",
            severity="minor",
            count=1,
            first_line=best.line,
            last_line=last.line,
            text=f"{name} has risen from {best.value:.4g} to {last.value:.4g} while the training loss fell",
            cause="The model learns the training data by heart.",
            advice="Stop and keep the checkpoint of the lowest value; regularise, or add data.",
            relaunch="not needed: the best checkpoint is behind",
        )

    def _train_fell(self, line: int, metrics: MetricBook) -> bool:
        for name in metrics.names():
            if not names.is_primary_loss(name) and names.split(name) != "train":
                continue
            if names.kind(name) != "loss":
                continue
            points = metrics.series(name)
            before = [p.value for p in points if p.line <= line][-5:]
            after = [p.value for p in points][-5:]
            if before and median(after) < 0.95 * median(before):
                return True
        return False

    def plateau(self, metrics: MetricBook) -> Problem | None:
        """Whether the loss stands still."""
        name = next((n for n in metrics.names() if names.is_primary_loss(n)), None)
        points = metrics.series(name)[-100:] if name else []
        late = points[len(points) // 2 :]
        if len(late) < 40:
            return None
        middle = median(p.value for p in late)
        moved = abs(slope([(float(i), p.value) for i, p in enumerate(late)])) * len(late)
        if middle <= 0 or moved > 0.001 * middle or late[-1].line - late[0].line < 40:
            return None
        return Problem(
            signature=PLATEAU,
            cls="plateau",
            severity="info",
            count=1,
            first_line=late[0].line,
            last_line=late[-1].line,
            text=f"{name} has stood at {middle:.4g} since line {late[0].line}",
            cause="The training has converged, or the learning rate is too low to go on.",
            advice="End it here, or lower the learning rate less.",
        )
