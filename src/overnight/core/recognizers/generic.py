"""What no framework claims: counters in words, `x/y`, `n %`, and names with values.

Rules:
- A counter without a unit word (`[17/240]`, `45 %`) is believed when the same line, but for its digits, was
  seen before with another, smaller number of the same total: `3/4 of the data` and `[1/2] Compiling` count
  nothing.
- A percentage counts only on a bar, in leading brackets, or beside a word of completion.
- A metric is a name that is known to be measured; unknown names and learning rates count beside one.
- A trial that is said to be done, with one measured value, is a trial of a sweep.
"""

import re
from math import isfinite

from overnight.core import names
from overnight.core.lines import Line
from overnight.core.model import Fact, Goal, GoalSeen, MetricSeen, ProgressSeen, TrialSeen
from overnight.core.recognizers.base import innermost, metric
from overnight.core.recognizers.counters import BARE, GATE, counters, slashed
from overnight.core.recognizers.pairs import SPACED_HINT, Pair, is_source, separated, spaced, without_settings

SPACED_GATE = tuple(
    names.word_set("""
        loss acc err auc score f1 map iou dice rew bleu rouge ppl perplex mse mae nll bpb psnr ssim r2 ndcg
        fitness best mrr recall precision return metric cost regret mota wer cer fid divergence performance
        corr kappa success sharpe elbo likelihood roc
    """)
)
"""What a lower-case line must hold for a measurement behind nothing but a space."""

_WEAK = names.word_set("""
    cost costs hits success r f ar map prec return performance profit score scores accuracy acc full corr
    recall precision dice roc em elo spl state objective likelihood
""")
"""Words that also name counts, codes and switches: whole numbers behind them are no measurements."""

_ERRORS = names.word_set("error err")
_PERCENT = re.compile(r"(?<![\w.])(?P<value>\d{1,3}(?:\.\d{1,4})?)\s?%")
_DONE = re.compile(
    r"progress|complet|done|finish|building|linking|download|process|[█▏▎▍▌▋▊▉#=>]{2}|\[\s{0,2}\d",
    re.IGNORECASE,
)
_TRIAL_DONE = re.compile(r"complet|finish|done|result|value|score|->|=>", re.IGNORECASE)
_OF_THE_BEST = re.compile(r"\b(?:best|study|sweep)\b.{0,80}\btrial\b", re.IGNORECASE)
"""A sentence about the whole names a trial that ended long ago."""
_DIGITS = re.compile(r"\d+(?:\.\d+)?")
_NEW_BEST = re.compile(r"\bnew best\b|\bbest model\b|\bnew record\b|\bbest so far\b")
_MOST_SHAPES = 512
_MOST_METRICS = 40


class Generic:
    """Reads one line; remembers which bare counters it has met."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[str, float], float] = {}

    @property
    def doubts(self) -> bool:
        """Whether it met a counter that it will believe when it has grown."""
        return bool(self._shapes)

    def read(self, line: Line) -> list[Fact] | None:
        """Counters first, then what was measured at them; None: no line of this shape states anything."""
        text = line.text
        lower = text.lower()
        facts: list[Fact] = list(counters(lower, line.number)) if any(map(lower.__contains__, GATE)) else []
        bare = BARE.search(text) is not None or "%" in text
        if bare:
            facts += self._bare(text, facts, line)
        measured = metrics(text, lower, line.number, facts)
        if not facts and not measured:
            return [] if bare else None
        if is_source(text):
            return []
        return _as_trial(text, facts, measured, line) + facts + measured

    # ------------------------------------------------------------ counters without a unit

    def _bare(self, text: str, facts: list[Fact], line: Line) -> list[Fact]:
        if "/" in text:
            found = slashed(text)
            if found is not None:
                return self._slashed(text, facts, found, line)
        if "%" in text and not facts:
            return self._percent(text, line)
        return []

    def _slashed(
        self, text: str, facts: list[Fact], found: tuple[float, float, int], line: Line
    ) -> list[Fact]:
        current, total, start = found
        if any(
            isinstance(f, ProgressSeen) and (f.total == total or f.unit not in ("epoch", "trial"))
            for f in facts
        ):
            return []
        unit = "iteration" if facts else "item"
        if not self._believed(text[:start], total, current):
            return []
        return [ProgressSeen(unit=unit, current=current, total=total, line=line.number)]

    def _percent(self, text: str, line: Line) -> list[Fact]:
        match = _PERCENT.search(text)
        if match is None or not (line.rewrite or _DONE.search(text)):
            return []
        value = float(match.group("value"))
        if value > 100 or not self._believed(text[: match.start()], 100.0, value):
            return []
        return [ProgressSeen(unit="percent", current=value, total=100.0, line=line.number)]

    def _believed(self, prefix: str, total: float, current: float) -> bool:
        shape = (_DIGITS.sub("0", prefix[-60:]), total)
        before = self._shapes.get(shape)
        if len(self._shapes) >= _MOST_SHAPES and before is None:
            self._shapes.clear()
        self._shapes[shape] = current
        return before is not None and before < current


def metrics(text: str, lower: str, line: int, facts: list[Fact]) -> list[MetricSeen]:
    """What the line measures, at the innermost of its counters."""
    step, unit = innermost(facts)
    text = without_settings(text)
    if "最" in text:
        text = text.replace("最佳", "best ").replace("最终", "final ")
    found: dict[str, tuple[Pair, bool]] = {}
    for pair in separated(text):
        found.setdefault(names.key(pair.name), (pair, _measured(pair, bool(facts))))
    for pair in (
        spaced(text) if SPACED_HINT.search(text) and any(map(lower.__contains__, SPACED_GATE)) else ()
    ):
        found.setdefault(names.key(pair.name), (pair, _measured(pair, bool(facts))))
    if not any(sure for _pair, sure in found.values()):
        return []
    if len(found) == 1 and _NEW_BEST.search(lower):
        pair = next(iter(found.values()))[0]
        name = pair.name if "best" in pair.name.lower() else f"best {pair.name}"
        return [metric(name, pair.value, line, step, unit)]
    kept = [pair for pair, sure in found.values() if sure or _companion(pair.name)]
    return [metric(_full(p.name), p.value, line, step, unit) for p in kept[:_MOST_METRICS]]


def _full(name: str) -> str:
    return names.TRUE_NAMES.get(name, name)


def _measured(pair: Pair, beside_counter: bool) -> bool:
    """Whether the pair is a measurement by itself."""
    if names.announced(pair.name) is not None:
        return "." in pair.value or beside_counter or len(pair.value) < 5
    if names.kind(pair.name) not in ("loss", "quality"):
        return False
    if beside_counter or "." in pair.value or not isfinite(_value(pair)):
        return True
    return not (set(names.words(pair.name)) <= _WEAK or names.measured(pair.name) <= _ERRORS)


def _value(pair: Pair) -> float:
    return float(pair.value.replace(",", ""))


def _companion(name: str) -> bool:
    """Whether an unknown name is worth keeping beside a measurement: gradient norms, learning rates."""
    found = names.kind(name)
    if found == "other":
        return 1 < len(name) <= 40
    return found == "setting" and names.key(name) in ("lr", "learning_rate", "current_lr")


def _as_trial(text: str, facts: list[Fact], measured: list[MetricSeen], line: Line) -> list[Fact]:
    """`Trial 5/100 completed, accuracy=0.91`: a trial with its value, and the direction its name tells."""
    trial = next((f for f in facts if isinstance(f, ProgressSeen) and f.unit == "trial"), None)
    if trial is None or not _TRIAL_DONE.search(text) or _OF_THE_BEST.search(text) or len(facts) > 1:
        return []
    values = [m for m in measured if names.direction(m.name) or names.key(m.name) in ("value", "objective")]
    if len(values) != 1 or not isfinite(values[0].value):
        return []
    way = names.direction(values[0].name)
    seen = TrialSeen(number=int(trial.current), state="complete", value=values[0].value, line=line.number)
    return [GoalSeen(goal=Goal(direction=way), line=line.number), seen] if way else [seen]
