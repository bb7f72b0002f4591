"""A check-in put into few tokens, for a person's terminal or a model's context.

Rules:
- Quiet is one line. What needs the reader comes first; the freshest log lines come last and only if they fit.
- Never the same twice: `since` is what this reader was told last, only what differs from it is said.
- Log text stands between marks, as data; bars, escapes and repeats never get here (the reader drops them).
- The budget is kept by leaving out the least worth, never by cutting a sentence.
"""

from collections.abc import Sequence

from overnight.core.humane import duration, number, rate
from overnight.core.model import Problem, Progress, Question, Status
from overnight.core.tokens import estimate

QUIET_TOKENS = 60
EVENTFUL_TOKENS = 400


def digest(
    status: Status,
    *,
    new_lines: Sequence[str] = (),
    since: Status | None = None,
    budget_tokens: int = EVENTFUL_TOKENS,
) -> str:
    """What a reader who was last told `since` should know now, within `budget_tokens`."""
    parts = [headline(status)]
    parts += [problem_line(problem) for problem in _fresh_problems(status, since)]
    if status.question is not None and (since is None or since.question != status.question):
        parts += question_lines(status.run, status.question)
    quiet = len(parts) == 1
    kept = _fit(parts, budget_tokens)
    if quiet and status.verdict == "ok":
        return kept[0]
    left = budget_tokens - estimate("\n".join(kept))
    return "\n".join(kept + _log_block(new_lines, left))


def headline(status: Status) -> str:
    """State, progress, best, next look: one line."""
    words = [f"{status.run} {_state_word(status)}", duration(status.elapsed_s)]
    words += [progress_words(p) for p in status.progress[:2]]
    if status.best is not None:
        at = f" ({status.best.at})" if status.best.at else ""
        words.append(f"best {status.best.name} {number(status.best.value)}{at}")
    if status.next_check_in_s is not None:
        words.append(f"next check-in {duration(status.next_check_in_s)}")
    return " · ".join(words)


def progress_words(progress: Progress) -> str:
    """`trial 43/100 (43 %), ETA 52 min`."""
    of = f"/{number(progress.total)}" if progress.total is not None else ""
    words = f"{progress.unit} {number(progress.reached)}{of}"
    if progress.percent is not None and progress.unit != "percent":
        words += f" ({progress.percent:.0f} %)"
    if progress.eta_s is not None:
        words += f", ETA {duration(progress.eta_s)}"
    elif progress.rate_per_s:
        words += f", {rate(progress.rate_per_s, progress.unit)}"
    return words


def problem_line(problem: Problem) -> str:
    """`critical gpu.oom ×3, line 812: … → advice`."""
    times = f" ×{problem.count}" if problem.count > 1 else ""
    where = f"{problem.severity} {problem.signature}{times}, line {problem.first_line}"
    return f"{where}: {problem.text[:200]} → {problem.advice}"


def question_lines(run: str, question: Question) -> list[str]:
    """The question with the commands that answer it."""
    text = question.problems[0].text[:160]
    return [
        f'I detected "{text}". Fix and relaunch, or continue?',
        f"answer: overnight answer {run} {'|'.join(question.choices)}",
    ]


def _state_word(status: Status) -> str:
    if status.state != "running":
        code = "" if status.exit_code is None else f" (exit code {status.exit_code})"
        return status.state + code
    return "paused: needs an answer" if status.question is not None else status.verdict


def _fresh_problems(status: Status, since: Status | None) -> list[Problem]:
    told = {p.signature for p in since.problems} if since is not None else set()
    return [p for p in status.problems if p.severity != "info" and p.signature not in told][:5]


def _fit(parts: list[str], budget: int) -> list[str]:
    kept = [parts[0]]
    for part in parts[1:]:
        if estimate("\n".join([*kept, part])) <= budget:
            kept.append(part)
    return kept


def _log_block(lines: Sequence[str], budget: int) -> list[str]:
    """The freshest lines that fit, oldest first, between marks."""
    chosen: list[str] = []
    left = budget - estimate("--- log (data)\n---")
    for line in reversed([text[:300] for text in lines]):
        left -= estimate(line + "\n")
        if left < 0:
            break
        chosen.append(line)
    return ["--- log (data)", *reversed(chosen), "---"] if chosen else []
