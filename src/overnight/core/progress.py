"""How far the run is, from every counter that it prints.

Rules:
- A counter is known by its unit and its total: a training bar of 489 and a validation bar of 100 are two
  counters of one unit. The unfinished one stands for the unit, until others moved three times more than
  ever between two of its own moves (then it was left behind, say by an earlier launch). A finished one stands on
  beside a smaller one that begins again and again: the bar of each evaluation.
- Only a new number is progress. A line that repeats a number, however often, is none.
- A counter that starts again (a lap: the next epoch's steps) goes on counting from where it was.
- A number is kept as printed; a 0-based counter is told from a 1-based one by having shown its 0.
- Rates are medians of slopes (Theil 1950, Sen 1968), so that one slow checkpoint does not spoil an estimate.
"""

from bisect import insort
from collections import deque
from collections.abc import Sequence
from statistics import median

from overnight.core.model import Fact, Progress, ProgressSeen, TrialSeen
from overnight.core.studies import Studies

ORDER = (
    "trial", "run", "generation", "fold", "fit", "round", "epoch", "task", "test", "episode", "step",
    "iteration", "batch", "frame", "file", "item", "byte", "percent",
)  # fmt: skip
"""Units from the outermost to the innermost."""

OUTER = frozenset(("trial", "run", "generation", "fold", "fit"))
"""Units that repeat a whole training: the failure of one is survived by the next."""

_RANK = {unit: i for i, unit in enumerate(ORDER)}
_INNER = frozenset(("step", "iteration", "batch", "item", "file", "byte"))
_GROWING = frozenset(("task",))
_POINTS = 40
_TOP = 256
_MOST_COUNTERS = 32
_PATIENCE = 20
_ROUND = 100
_LOADING = 20
_EXPECT = {"trials": "trial", "epochs": "epoch", "steps": "step", "iterations": "iteration", "folds": "fold"}


class Intervals:
    """The longest of many intervals, in bounded memory: p99 is exact up to 25,600 of them, then too large."""

    def __init__(self) -> None:
        self.count = 0
        self._top: list[float] = []

    def add(self, seconds: float) -> None:
        self.count += 1
        insort(self._top, seconds)
        if len(self._top) > _TOP:
            self._top.pop(0)

    def p99(self) -> float | None:
        """The smallest interval that 99 % are not longer than; None while there is none."""
        if not self._top:
            return None
        above = self.count // 100
        return self._top[-1 - min(above, len(self._top) - 1)]


class Counter:
    """One counter: what it shows, how fast it moves, how long it usually takes to move.

    `others`: moves of other counters of its unit since its own last move; `patience`: the most there ever
    were.
    """

    def __init__(self, unit: str, total: float | None) -> None:
        self.unit = unit
        self.total = total
        self.current: float | None = None
        self.zero_based = False
        self.moves = 0
        self.stride = 0.0
        self.others = 0
        self.patience = 0
        self.moved_at = 0
        self.intervals = Intervals()
        self.last_t: float | None = None
        self._before_laps = 0.0
        self._points: deque[tuple[float, float]] = deque(maxlen=_POINTS)

    def advance(self, current: float, now: float | None) -> bool:
        """Take in a printed number; True when it is a new one."""
        previous = self.current
        if current == previous:
            return False
        self.moves += 1
        if current == 0:
            self.zero_based = True
        if previous is not None and current > previous:
            self.stride = current - previous
        if previous is not None and current < previous:
            self._before_laps += previous
        self.current = current
        if now is not None:
            self._time(now, self._before_laps + current, first=previous is None)
        return True

    def _time(self, now: float, value: float, *, first: bool) -> None:
        if not first and self.last_t is not None and now > self.last_t:
            self.intervals.add(now - self.last_t)
        self.last_t = now
        if self._points and self._points[-1][0] == now:
            self._points.pop()
        self._points.append((now, value))

    @property
    def finished(self) -> bool:
        """At its total, or so near that its next move would be beyond (a counter printed every 50 steps)."""
        if self.total is None or self.current is None:
            return False
        return self.current + self.stride >= self.total and self.moves > 1

    @property
    def lapped(self) -> bool:
        """Whether it ever started again."""
        return self._before_laps > 0

    def gives_way_to(self, other: "Counter") -> bool:
        """Whether another counter of the unit may stand for it; see the rules of this file."""
        if self.others > 3 * max(self.patience, _PATIENCE):
            return True
        smaller = other.total is not None and self.total is not None and other.total < self.total
        return self.finished and not (other.lapped and smaller)

    def may_be(self, current: float) -> bool:
        """Whether a number that is printed without its total may be of this counter."""
        if self.unit not in _INNER or self.total is None or self.current is None:
            return True
        return self.current <= current <= self.total

    def rate(self) -> float | None:
        """Units per second over the recent points, robustly; None before three points or without a clock."""
        points = list(self._points)
        if len(points) < 3:
            return None
        apart = max(1, len(points) // 4)  # one pause then lies in a third of the pairs: the median ignores it
        slopes = [
            (b[1] - a[1]) / (b[0] - a[0]) for a, b in zip(points, points[apart:], strict=False) if b[0] > a[0]
        ]
        slope = median(slopes) if slopes else 0.0
        return slope if slope > 0 else None


class ProgressBook:
    """All counters of one run. `expect`: totals that a person declared, by unit (`{"trials": 100}`)."""

    def __init__(self, expect: dict[str, float] | None = None) -> None:
        self._expect = {_EXPECT.get(unit, unit.rstrip("s")): total for unit, total in (expect or {}).items()}
        self._counters: dict[str, dict[float | None, Counter]] = {}
        self._shown: dict[str, Counter] = {}
        self._studies = Studies()
        self.last_advance: float | None = None
        self.advances = 0

    # ------------------------------------------------------------ seeing

    def see(self, fact: Fact, now: float | None = None) -> bool:
        """Take in a fact; True when it is real progress. Facts of other kinds change nothing."""
        if isinstance(fact, ProgressSeen):
            advanced = self._progress(fact, now)
        elif isinstance(fact, TrialSeen):
            advanced = self._trial(fact, now)
        else:
            return False
        if advanced:
            self.advances += 1
            self.last_advance = now if now is not None else self.last_advance
        return advanced

    def _progress(self, fact: ProgressSeen, now: float | None) -> bool:
        if fact.unit == "trial" and self._studies.seen:
            return self._trial_bar(fact)
        counter = self._counter(fact.unit, fact.total, fact.current)
        advanced = counter.advance(fact.current, now)
        if advanced:
            counter.moved_at = self.advances
            self._moved(counter)
        return advanced

    def _trial_bar(self, fact: ProgressSeen) -> bool:
        """A bar over trials that are announced one by one, too: it only knows the total better.

        The bar of a study that goes on counts the new trials only: then its total is not the study's.
        """
        counter = self._shown["trial"]
        if fact.total is not None and counter.current is not None:
            counter.total = fact.total if fact.total >= counter.current else None
        return False

    def _trial(self, fact: TrialSeen, now: float | None) -> bool:
        step = self._studies.see(fact)
        if step == "again":
            return False
        current = float(fact.number)
        counter = self._shown.setdefault("trial", self._counter("trial", None, current))
        if step != "new study" and counter.current is not None and current < counter.current:
            current = counter.current
        moved = counter.advance(current, now)
        if not moved and now is not None:
            counter.last_t = now
        return True

    def _counter(self, unit: str, total: float | None, current: float) -> Counter:
        """The counter of this unit and total; one without a total takes the first total that is printed."""
        mine = self._counters.setdefault(unit, {})
        if unit in _GROWING and mine:
            only = next(iter(mine.values()))
            only.total = total if total is not None else only.total
            return only
        shown = self._shown.get(unit)
        if total is None and shown is not None and shown.may_be(current):
            return shown
        found = mine.get(total)
        if found is None:
            found = mine.pop(None, None) or self._renamed(unit, total, current) or Counter(unit, total)
            found.total = total
            mine[total] = found
        if len(mine) > _MOST_COUNTERS:
            idle = max((c for c in mine.values() if c is not found), key=lambda c: c.others)
            del mine[idle.total]
        return found

    def _renamed(self, unit: str, total: float | None, current: float) -> Counter | None:
        """The counter of that total which was taken for iterations, before the log said that it counts steps."""
        before = self._counters.get("iteration", {})
        counter = before.get(total) if unit == "step" and total is not None else None
        if counter is None or counter.current is None or counter.current > current:
            return None
        del before[total]
        if self._shown.get("iteration") is counter:
            del self._shown["iteration"]
        counter.unit = unit
        return counter

    def _moved(self, counter: Counter) -> None:
        """Choose the counter that stands for its unit; see the rules of this file."""
        for other in self._counters[counter.unit].values():
            if other is not counter:
                other.others += 1
        counter.patience = max(counter.patience, counter.others)
        counter.others = 0
        shown = self._shown.get(counter.unit)
        if shown is not counter and (
            shown is None
            or shown.gives_way_to(counter)
            or (shown.total is None and counter.total is not None)
        ):
            self._shown[counter.unit] = counter

    # ------------------------------------------------------------ telling

    def _sorted(self) -> Sequence[Counter]:
        """The counters that stand for their units, outermost first; no bar that never left its 0."""
        counters = [
            c
            for c in self._shown.values()
            if c.current is not None
            and (c.moves > 1 or c.current > 0 or self.advances - c.moved_at <= _PATIENCE)
        ]
        return sorted(counters, key=lambda c: _RANK.get(c.unit, len(ORDER)))

    def list(self, now: float | None = None) -> list[Progress]:
        """One entry per unit, outermost first, rates per second."""
        return [self._tell(c, now) for c in self._sorted()]

    def _tell(self, counter: Counter, now: float | None) -> Progress:
        current = counter.current or 0.0
        total = counter.total if counter.total is not None else self._expect.get(counter.unit)
        from_zero = counter.unit == "trial" and self._studies.seen and counter.zero_based
        done = current + 1 if from_zero else current
        rate = counter.rate()
        percent = min(100.0, 100.0 * done / total) if total else None
        return Progress(
            unit=counter.unit,
            current=current,
            total=total,
            percent=round(percent, 2) if percent is not None else None,
            rate_per_s=rate,
            eta_s=_eta(counter, done, total, rate, now),
            done=done if from_zero else None,
        )

    def complete(self, *, measured: bool) -> bool:
        """Whether the outermost counter is where it was going.

        That is its total (an inner one counts when it never began again: then it is that of the whole); or, where
        none was printed, a count of single steps that ended on a hundred. A bar of less than 20 proves nothing
        unless something was `measured`: programs load with bars, too.
        """
        counters = self._sorted()
        known = next((c for c in counters if c.total is not None or c.unit in self._expect), None)
        if known is not None and (known is counters[0] or not known.lapped):
            told = self._tell(known, None)
            enough = measured or (told.total or 0) >= _LOADING or known.unit not in _INNER
            return enough and told.total is not None and told.reached >= told.total
        outer = next(iter(counters), None)
        if outer is None or outer.current is None or outer.stride != 1 or outer.moves < _ROUND:
            return False
        return (outer.current + outer.zero_based) % _ROUND == 0

    @property
    def has_outer(self) -> bool:
        """Whether the run repeats trainings (trials, folds, fits): the failure of one is not that of all."""
        return any(unit in OUTER for unit in self._shown)

    def position(self) -> str | None:
        """Where the run is, in words: the outermost counter that has a place (`trial 50`, `epoch 3`)."""
        for counter in self._sorted():
            if counter.unit != "percent" and counter.current is not None:
                return f"{counter.unit} {counter.current:g}"
        return None

    def p99_interval(self) -> float | None:
        """p99 of the seconds between two advances of the outermost counter that has three of them."""
        for counter in self._sorted():
            if counter.intervals.count >= 3:
                return counter.intervals.p99()
        return None


def _eta(
    counter: Counter, done: float, total: float | None, rate: float | None, now: float | None
) -> float | None:
    """Seconds to the total, counted from the last advance; None when total or rate is unknown."""
    if total is None or not rate:
        return None
    left = max(0.0, total - done) / rate
    waited = now - counter.last_t if now is not None and counter.last_t is not None else 0.0
    return round(max(0.0, left - max(0.0, min(waited, 1.0 / rate))), 1)
