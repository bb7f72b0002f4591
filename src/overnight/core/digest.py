"""A check-in put into few tokens, for a person's terminal or a model's context.

Rules:
- Quiet is one line. What needs the reader comes first; the freshest log lines come last and only if they fit.
- Never the same twice: only what the reader's news hold is said; a reader who knows nothing gets a summary.
- Log text is data: fenced, or quoted inside a sentence (see `fence`); bars, escapes and repeats never get here.
- The budget is kept by leaving out the least worth, never by cutting a sentence.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from overnight.core import fence
from overnight.core.calls import SHELL, Calls
from overnight.core.exits import signal_name
from overnight.core.humane import duration, number, rate
from overnight.core.model import Answer, Best, Problem, Progress, Question, Record, Status
from overnight.core.news import News
from overnight.core.tokens import estimate

QUIET_TOKENS = 60
EVENTFUL_TOKENS = 400
_PROBLEMS, _RECORDS = 4, 3
_FRESH_LINES = 8


def digest(
    status: Status,
    news: News,
    *,
    lines: Sequence[str] = (),
    calls: Calls = SHELL,
    since: str = "",
    budget_tokens: int = EVENTFUL_TOKENS,
) -> str:
    """What a reader with these `news` should know now, within `budget_tokens`.

    `lines`: what the log said since the last look. `since`: the reader's new handle, for `calls`.
    """
    again = calls.again.format(run=status.run, since=since) if status.state == "running" else ""
    parts = _parts(status, news, calls)
    if not parts and status.verdict in ("ok", "finished"):
        head = headline(status, best=_fresh_best(status, news), named=not calls.again)
        return f"{head}; {again}" if again else head
    kept = _fit([headline(status, best=_fresh_best(status, news)), *parts], budget_tokens - estimate(again))
    left = budget_tokens - estimate("\n".join([*kept, again]))
    return "\n".join([*kept, *_log_block(lines, left), *([again] if again else [])])


# ---------------------------------------------------------------- one line


def headline(status: Status, *, best: Best | None = None, named: bool = True) -> str:
    """State, time, progress, the best where it is new: one line."""
    words = [f"{status.run} {state_word(status)}" if named else state_word(status)]
    words[0] += f" {duration(status.elapsed_s)}"
    over = status.state != "running"
    rows = [replace(p, eta_s=None, rate_per_s=None) if over else p for p in status.progress]
    words += [progress_words(p) for p in rows[: 2 if named else 1]]
    if best is not None:
        words.append(f"best {best_words(best)}")
    return " · ".join(words) if named else ", ".join(words)


def state_word(status: Status) -> str:
    """`ok`, `paused: needs an answer`, `failed (exit code 3)`, `lost (exit code unknown)`."""
    if status.state == "running":
        return "paused: needs an answer" if status.question is not None else status.verdict
    if status.signal is not None:
        return f"{status.state} ({signal_name(status.signal)})"
    if status.exit_code is None:
        return f"{status.state} (exit code unknown)"
    return status.state + (f" (exit code {status.exit_code})" if status.exit_code else "")


def progress_words(progress: Progress) -> str:
    """`trial 43/100 (43 %), ETA 52 min`."""
    of = f"/{number(progress.total)}" if progress.total is not None else ""
    words = f"{fence.harmless(progress.unit, 24)} {number(progress.reached)}{of}"
    if progress.percent is not None and progress.unit != "percent":
        words += f" ({progress.percent:.0f} %)"
    if progress.eta_s is not None:
        words += f", ETA {duration(progress.eta_s)}"
    elif progress.rate_per_s:
        words += f", {rate(progress.rate_per_s, fence.harmless(progress.unit, 24))}"
    return words


def best_words(best: Best) -> str:
    """`val_acc 0.91 (epoch 12)`."""
    at = f" ({fence.harmless(best.at, 40)})" if best.at else ""
    return f"{fence.harmless(best.name, 40)} {number(best.value)}{at}"


# ---------------------------------------------------------------- what happened


def problem_line(problem: Problem, *, advice: bool = True) -> str:
    """`critical gpu.oom ×3, line 812: "…" → advice`."""
    times = f" ×{problem.count}" if problem.count > 1 else ""
    where = f"{problem.severity} {problem.signature}{times}, line {problem.first_line}"
    what = f"{where}: {fence.quoted(problem.text)}"
    return f"{what} → {problem.advice}" if advice and problem.advice else what


def question_lines(run: str, question: Question, calls: Calls = SHELL) -> list[str]:
    """The question with the call that answers it."""
    first = question.problems[0]
    asks = f"I detected {fence.quoted(first.text, 160)}. Fix and relaunch, or continue?"
    default = f" ({question.default} by itself later)" if question.default else ""
    return [
        asks + default,
        problem_line(first),
        "answer: " + calls.answer.format(run=run, choices="|".join(question.choices)),
    ]


def _parts(status: Status, news: News, calls: Calls) -> list[str]:
    """What happened, the most pressing first."""
    asked = status.question if news.first or news.asked is not None else None
    parts = _ending(status, news, calls)
    parts += question_lines(status.run, asked, calls) if asked is not None else []
    told = {p.signature for p in asked.problems[:1]} if asked is not None else set()
    parts += [problem_line(p) for p in _problems(status, news) if p.signature not in told]
    parts += [_answer_line(answer) for answer in news.answers]
    parts += [_record_line(record) for record in _records(status, news)]
    return parts + _trials_line(status, news)


def _ending(status: Status, news: News, calls: Calls) -> list[str]:
    parts = []
    if news.interrupt is not None:
        parts.append(
            f"interrupted because of {news.interrupt.signature}: {fence.quoted(news.interrupt.text)}"
        )
    if news.stop is not None:
        by, reason = fence.harmless(news.stop.by, 40), fence.harmless(news.stop.reason, 80)
        parts.append(f"stopped by {by}: {reason}")
    if status.state != "running":
        parts += [f"best {best_words(status.best)}"] if status.best is not None else []
        parts.append("report: " + calls.report.format(run=status.run))
    return parts


def _problems(status: Status, news: News) -> list[Problem]:
    """Those of the news as they are now, the worst first; all that are known where everything is news."""
    names = None if news.first else {p.signature for p in news.problems}
    found = [p for p in status.problems if names is None or p.signature in names]
    told = [p for p in found if p.severity != "info"]
    return sorted(told, key=lambda p: (p.severity != "critical", p.role != "root"))[:_PROBLEMS]


def _answer_line(answer: Answer) -> str:
    return f"answered {answer.choice} by {fence.harmless(answer.by, 40)}"


def _records(status: Status, news: News) -> list[Record]:
    return list(status.records if news.first else news.records)[-_RECORDS:]


def _record_line(record: Record) -> str:
    return f"record: {best_words(record.best)}, {record.gain:.1%} better than {number(record.previous)}"


def _trials_line(status: Status, news: News) -> list[str]:
    """Trials that failed since the last look, or at all where that is news."""
    failed = status.trials.get("failed", 0)
    before = news.before.trials.get("failed", 0) if news.before is not None and not news.first else 0
    return [f"{failed} of {sum(status.trials.values())} trials failed"] if failed > before else []


def _fresh_best(status: Status, news: News) -> Best | None:
    """The best, if the reader was not told it before."""
    known = news.before.best if news.before is not None and not news.first else None
    if status.best is None or status.state != "running" or (known and known.value == status.best.value):
        return None
    return status.best


# ---------------------------------------------------------------- within a budget


def _fit(parts: list[str], budget: int) -> list[str]:
    kept = [parts[0]]
    for part in parts[1:]:
        if estimate("\n".join([*kept, part])) <= budget:
            kept.append(part)
    return kept


def _log_block(lines: Sequence[str], budget: int) -> list[str]:
    """The freshest lines that say something new and fit, oldest first, as data."""
    chosen: list[str] = []
    left = budget - estimate("\n".join(fence.fenced([""])))
    for line in reversed(fence.informative(lines)[-_FRESH_LINES:]):
        left -= estimate(f"| {line[:240]}\n")
        if left < 0:
            break
        chosen.append(line)
    return fence.fenced(reversed(chosen))
