"""The TaskStatus as a page of Markdown: what `status.md` holds.

Rules:
- Short, the same layout every time: a reader that opens it again sees what changed.
- Nothing of the run is trusted: one line stays one line, Markdown and control characters are made harmless,
  secrets are masked.
- English: it is the machine-side text; people get theirs from the notifications and the report.
"""

from collections.abc import Iterator

from overnight.core.humane import duration, number, rate, size
from overnight.core.mask import harmless, mask_words
from overnight.core.model import Problem, Progress, Status

_LINE = 300
_MOST_PROBLEMS = 10
_MOST_METRICS = 20


def markdown(status: Status) -> str:
    """`status` as Markdown."""
    lines = [f"# {_text(status.name)} ({status.run})", ""]
    lines += [f"- {label}: {words}" for label, words in _facts(status)]
    if status.question is not None:
        choices = ", ".join(status.question.choices)
        found = _text(status.question.problems[0].text) if status.question.problems else "a problem"
        lines += ["", "## Question", "", f"I detected: {found}", "Fix and relaunch, or continue?", ""]
        lines.append(f"Answer with `overnight answer {status.run} CHOICE` ({choices}).")
    if status.problems:
        lines += ["", "## Problems", ""]
        lines += [_problem(problem) for problem in status.problems[:_MOST_PROBLEMS]]
    return "\n".join(lines) + "\n"


def _facts(status: Status) -> Iterator[tuple[str, str]]:
    yield "state", status.state + _ending(status)
    yield "phase", status.phase
    yield "verdict", status.verdict
    yield "elapsed", duration(status.elapsed_s)
    yield from (("progress", _progress(progress)) for progress in status.progress)
    if status.best is not None:
        at = f" at {_text(status.best.at)}" if status.best.at else ""
        yield "best", f"{_text(status.best.name)} {number(status.best.value)}{at}"
    if status.metrics:
        shown = list(status.metrics.items())[:_MOST_METRICS]
        yield "metrics", ", ".join(f"{_text(name)} {number(value)}" for name, value in shown)
    if status.trials:
        yield "trials", ", ".join(f"{count} {state}" for state, count in status.trials.items())
    if status.sample is not None and status.sample.rss_bytes is not None:
        yield "memory", size(status.sample.rss_bytes)
    if status.next_check_in_s is not None:
        yield "next check-in", f"in {duration(status.next_check_in_s)}"
    yield "check-ins", str(status.check_ins)
    yield "first lines", status.first_logs
    yield "command", _text(" ".join(mask_words(status.command)))
    yield "log", _text(status.log)
    if status.report:
        yield "report", _text(status.report)
    if status.note:
        yield "note", _text(status.note)


def _ending(status: Status) -> str:
    if status.signal is not None:
        return f" (signal {status.signal})"
    return f" (exit code {status.exit_code})" if status.exit_code is not None else ""


def _progress(progress: Progress) -> str:
    of = f"/{number(progress.total)}" if progress.total else ""
    words = f"{progress.unit} {number(progress.reached)}{of}"
    if progress.percent is not None:
        words += f" ({progress.percent:.0f} %)"
    if progress.rate_per_s:
        words += f", {rate(progress.rate_per_s, progress.unit)}"
    return words + (f", {duration(progress.eta_s)} left" if progress.eta_s is not None else "")


def _problem(problem: Problem) -> str:
    times = f" ({problem.count} times)" if problem.count > 1 else ""
    head = f"- **{problem.severity}** line {problem.first_line}{times}: {_text(problem.text)}"
    return f"{head}\n  {_text(problem.cause)} {_text(problem.advice)}".rstrip()


def _text(text: str) -> str:
    """One harmless line of Markdown."""
    return "".join("\\" + char if char in "\\`*<>[]|" else char for char in harmless(text, _LINE))
