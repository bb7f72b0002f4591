"""A loss that is no number any more, or that rises for good.

Rules: none alarms on a single point: the loss of a healthy run is heavy-tailed, and per-point alarms woke somebody
on 27 of 29 healthy runs. Only what no later step can heal is `certain`.
"""

from math import isfinite

from overnight.core import names
from overnight.core.metrics import MetricBook
from overnight.core.model import Fact, MetricSeen, Problem, ProgressSeen
from overnight.core.progress import ProgressBook

NAN_LOSS = "num.nan_loss"
DIVERGE = "num.diverge"

_MOST_LOSSES = 8
_NOISE_DELTA = 0.35
_NOISE_THRESHOLD = 25.0


class PageHinkley:
    """A lasting rise of a series, independent of its scale (Page 1954, Hinkley 1971, on x / running mean).

    The plain test, delta 0.002 and lambda 3, gave no false alarm on 29 real loss series (132,000 points) and
    found a shift of +10 % in all 29, a median of 34 points late. This one keeps those two as floors, lets both
    grow with the series' own noise (the loss of single batches), follows the mean over some 300 points and
    counts a spike as at most one: +10 % is found after 34 points at 0.5 % noise and 89 at 10 %, doubling after
    three; the losses of 118 real logs raise no alarm.

    The first `warmup` points only teach scale and noise. A series that was ever negative (policy losses, log
    likelihoods) has no scale and is left alone.
    """

    def __init__(self, delta: float = 0.002, threshold: float = 3.0, warmup: int = 300) -> None:
        self._delta, self._threshold, self._warmup = delta, threshold, warmup
        self._positive = True
        self._restart()

    def _restart(self) -> None:
        self._n, self._mean, self._noise, self._last, self._sum, self._low = 0, 0.0, 0.0, 0.0, 0.0, 0.0

    def see(self, value: float) -> bool:
        """Take in one finite value; True, once, when the series has risen for good: then it starts over."""
        self._positive = self._positive and value >= 0
        if not self._positive or value == self._last:  # a bar that is drawn again measures nothing new
            return False
        self._n += 1
        deviation = max(-1.0, min(1.0, (value - self._mean) / (self._mean or 1e-12)))
        weight = max(1.0 / self._n, 0.02) if self._n <= self._warmup else 0.003
        self._mean += weight * (value - self._mean)
        self._noise += weight * (min(1.0, abs(value - self._last) / (self._mean or 1e-12)) - self._noise)
        self._last = value
        if self._n <= self._warmup:
            return False
        self._sum += deviation - max(self._delta, _NOISE_DELTA * self._noise)
        self._low = min(self._low, self._sum)
        if self._sum - self._low <= max(self._threshold, _NOISE_THRESHOLD * self._noise):
            return False
        self._restart()
        return True


class NonFinite:
    """A loss that stays NaN or infinite.

    It must stay so for `non_finite_points` values in a row: mixed precision skips a step with an infinite
    loss and goes on, and an average over nothing is NaN for a moment. Some trainers hide it: the loss is
    shown as 0 while the gradient norm is NaN. Sure only for the loss that is being minimised, in a run that
    is one single training.
    """

    def __init__(self, points: int = 10) -> None:
        self._points = points
        self._worst: tuple[str, int] | None = None
        self._hidden = 0
        self._grad_bad = False
        self._finite_before: set[str] = set()
        self._first_line = 0
        self._first_at = ""
        self._last_line = 0

    def see(self, fact: Fact, book: MetricBook) -> None:
        """Take in a fact, after the book did."""
        if not isinstance(fact, MetricSeen):
            return
        key = names.key(fact.name)
        if key in ("grad_norm", "gradnorm", "gnorm"):
            self._grad_bad = not isfinite(fact.value)
        elif book.is_loss(fact.name):
            self._loss(key, fact, book)

    def _loss(self, key: str, fact: MetricSeen, book: MetricBook) -> None:
        bad = book.non_finite_run(fact.name)
        primary = book.is_primary_loss(fact.name)
        if primary:
            self._hide(fact)
        if bad == 0:
            if self._worst is not None and self._worst[0] == key:
                self._worst = None
            return
        if bad == 1 and self._worst is None:
            self._begins(fact)
        self._last_line = fact.line
        better_known = self._worst is not None and book.is_primary_loss(self._worst[0]) and not primary
        if not better_known:
            self._worst = (key, bad)

    def _hide(self, fact: MetricSeen) -> None:
        """Count the zeros in a row that a NaN gradient stands beside (the norm is printed after the loss)."""
        if fact.value != 0:
            self._hidden = 0
            return
        if self._grad_bad:
            self._hidden += 1
            self._last_line = fact.line
            if self._hidden == 1:
                self._begins(fact)

    def _begins(self, fact: MetricSeen) -> None:
        self._first_line = fact.line
        self._first_at = f", {fact.step_unit or 'step'} {fact.step:g}" if fact.step is not None else ""

    def finding(self, metrics: MetricBook, progress: ProgressBook) -> Problem | None:
        """The problem, while it lasts."""
        if self._hidden >= self._points:
            return self._problem(
                "loss", "is shown as 0 while the gradient norm is NaN", self._hidden, metrics, progress
            )
        if self._worst is None or self._worst[1] < self._points:
            return None
        name, count = self._worst
        return self._problem(name, "is not finite", count, metrics, progress)

    def _problem(
        self, name: str, what: str, count: int, metrics: MetricBook, progress: ProgressBook
    ) -> Problem:
        return Problem(
            signature=NAN_LOSS,
            cls="nan_loss",
            severity="critical",
            count=count,
            first_line=self._first_line,
            last_line=self._last_line,
            text=f"{name} {what} since line {self._first_line}{self._first_at} ({count} values in a row)",
            cause="Learning rate too high, overflow in half precision, bad data, or a division by zero.",
            advice="Go back to the last good checkpoint, with a lower learning rate, clipping or bf16.",
            relaunch="from the last checkpoint before the first NaN",
            certain=metrics.is_primary_loss(name) and not progress.has_outer,
        )


class Divergence:
    """A finite loss that rises for good; one Page-Hinkley per loss and unit of its steps.

    Minor: some schedules and games do that. Only losses that are minimised and printed with their step are
    followed, in a run that is one single training; a training that starts again is followed anew.
    """

    def __init__(self) -> None:
        self._tests: dict[tuple[str, str | None], PageHinkley] = {}
        self._places: dict[str, tuple[float, float]] = {}
        self._found: Problem | None = None

    def see(self, fact: Fact, book: MetricBook) -> None:
        """Take in a fact, after the book did."""
        if isinstance(fact, ProgressSeen):
            self._restart(fact)
        elif isinstance(fact, MetricSeen) and self._counts(fact, book):
            self._loss(fact)

    def _counts(self, fact: MetricSeen, book: MetricBook) -> bool:
        return fact.step is not None and isfinite(fact.value) and book.is_primary_loss(fact.name)

    def _restart(self, fact: ProgressSeen) -> None:
        """Forget all when the training starts again: epochs go back, or steps within one epoch."""
        if fact.unit not in ("epoch", "step", "iteration"):
            return
        epoch = self._places.get("epoch", (0.0, 0.0))[0]
        before = self._places.get(fact.unit)
        same_epoch = fact.unit == "epoch" or (before is not None and before[1] == epoch)
        if before is not None and fact.current < before[0] and same_epoch:
            self._tests.clear()
        self._places[fact.unit] = (fact.current, epoch)

    def _loss(self, fact: MetricSeen) -> None:
        key = (names.key(fact.name), fact.step_unit)
        if key not in self._tests and len(self._tests) >= _MOST_LOSSES:
            return
        test = self._tests.setdefault(key, PageHinkley())
        if test.see(fact.value):
            self._found = self._problem(fact, self._found)

    def finding(self, progress: ProgressBook) -> Problem | None:
        """The rise, if there was one and nothing repeats the training."""
        return None if progress.has_outer else self._found

    def _problem(self, fact: MetricSeen, before: Problem | None) -> Problem:
        return Problem(
            signature=DIVERGE,
            cls="divergence",
            severity="minor",
            count=before.count + 1 if before else 1,
            first_line=before.first_line if before else fact.line,
            last_line=fact.line,
            text=f"{fact.name} has been rising (now {fact.value:.4g})",
            cause="The loss rises and stays up: learning rate, schedule, corrupted data or a broken resume.",
            advice="Compare with gradient norm and learning rate; go back to the checkpoint before the rise.",
            relaunch="from the checkpoint before the rise",
        )
