"""A status in words: labelled lines that the plain page and the live view both show.

Rules: pure; every text that comes from a log, a command or a person has gone through `printable`; what is not
known is not shown; what needs the reader comes before what is nice to know.
"""

from typing import Literal, NamedTuple

from msgspec.structs import replace

from overnight.core.digest import progress_words
from overnight.core.exits import signal_name
from overnight.core.humane import duration, number, size
from overnight.core.model import Best, Problem, Progress, Question, Sample, Status
from overnight.surfaces.safe import printable, quoted

Tone = Literal["plain", "good", "minor", "critical", "quiet", "call"]
_PROBLEMS_SHOWN = 3
_RUNNING = {"ok": "running, all well", "minor": "running, a minor problem"}


class Fact(NamedTuple):
    """One labelled thing to know, one or more lines of it. `verbatim`: lines whose blanks and columns mean
    something; they are cut where others are wrapped."""

    label: str
    lines: list[str]
    tone: Tone = "plain"
    verbatim: bool = False


def headline(status: Status) -> str:
    """`k3f9 sweep-A · running, all well · 12 min`."""
    name = printable(status.name, 40)
    return f"{status.run} {name} · {state_words(status)} · {duration(status.elapsed_s)}"


def state_words(status: Status) -> str:
    """What the run is doing, in at most five words."""
    if status.state == "running":
        if status.question is not None:
            return "running, needs an answer"
        return _RUNNING.get(status.verdict, "running, in trouble")
    return f"{status.state}{exit_words(status)}"


def exit_words(status: Status) -> str:
    """` (exit code 3)`, ` (SIGKILL)`; a lost run's end is unknown and called so."""
    if status.signal is not None:
        return f" ({signal_name(status.signal)})"
    if status.exit_code is not None:
        return f" (exit code {status.exit_code})" if status.exit_code or status.state == "failed" else ""
    return " (exit code unknown)" if status.state != "running" else ""


def tone(status: Status) -> Tone:
    """The colour of the whole."""
    if status.question is not None or status.verdict == "minor" or status.state == "stopped":
        return "minor"
    if status.state in ("failed", "lost") or status.verdict == "critical":
        return "critical"
    return "good"


def facts(status: Status) -> list[Fact]:
    """Everything about a run that is known and worth a line."""
    found = [Fact("command", [quoted(status.command, 200)], "quiet")] if status.command else []
    found += _origin(status)
    if status.question is not None:
        found.append(question_fact(status.run, status.question))
    found += [problem_fact(p) for p in shown_problems(status)]
    if status.progress:
        found.append(Fact("progress", [printable(progress_words(row)) for row in progress(status)]))
    found += [Fact("best", [best_words(status.best)], "good")] if status.best is not None else []
    found += _figures(status)
    if status.next_check_in_s is not None:
        found.append(Fact("next", [f"check-in in {duration(status.next_check_in_s)}"], "quiet"))
    if status.note:
        found.append(Fact("note", [printable(status.note)], "quiet"))
    if status.report:
        found.append(Fact("report", [printable(status.report)]))
    found.append(Fact("log", [printable(status.log)], "quiet"))
    return found


def progress(status: Status) -> list[Progress]:
    """The progress; how fast and how long still is no question any more when the run is over."""
    if status.state == "running":
        return status.progress
    return [replace(row, rate_per_s=None, eta_s=None) for row in status.progress]


def shown_problems(status: Status) -> list[Problem]:
    """The few problems worth a line, the worst first; those of an open question are in the question."""
    asked = {p.signature for p in status.question.problems} if status.question is not None else set()
    worth = [p for p in status.problems if p.severity != "info" and p.signature not in asked]
    return worth[:_PROBLEMS_SHOWN]


def problem_fact(problem: Problem) -> Fact:
    """What happened, where, what to do about it."""
    times = f" ×{problem.count}" if problem.count > 1 else ""
    lines = [printable(problem.text, 200), *_why(problem, times)]
    return Fact(problem.severity, lines, "critical" if problem.severity == "critical" else "minor")


def _why(problem: Problem, times: str = "") -> list[str]:
    where = f"{printable(problem.signature)}{times}, line {problem.first_line}"
    return [f"{where}: {printable(problem.cause)}"] + (
        [f"→ {printable(problem.advice)}"] if problem.advice else []
    )


def question_fact(run: str, question: Question) -> Fact:
    """The question, why, and the calls that answer it."""
    problem = question.problems[0]
    lines = [
        f'I detected "{printable(problem.text, 160)}". Fix and relaunch, or continue?',
        *_why(problem),
        f"overnight answer {run} {'|'.join(question.choices)}",
    ]
    if question.default is not None and question.default_t is not None:
        after = duration(question.default_t - question.t)
        lines.append(f"without an answer it is '{question.default}' {after} after the question")
    return Fact("question", lines, "minor")


def best_words(best: Best) -> str:
    """`value 0.9818 at trial 37 (maximize)`."""
    at = f" at {printable(best.at)}" if best.at else ""
    return f"{printable(best.name)} {number(best.value)}{at} ({best.direction})"


def sample_words(sample: Sample) -> str:
    """`cpu 180 % · memory 1.2 GB · 5 processes · disk free 61.8 GB`; what could not be read is left out."""
    processes = f"{sample.processes} process{'es' if sample.processes != 1 else ''}"
    words = [
        f"cpu {sample.cpu_percent:.0f} %" if sample.cpu_percent is not None else "",
        f"memory {size(sample.rss_bytes)}" if sample.rss_bytes is not None else "",
        processes if sample.processes is not None else "",
        f"gpu {sample.gpu_percent:.0f} %" if sample.gpu_percent is not None else "",
        f"gpu memory {size(sample.gpu_memory_bytes)}" if sample.gpu_memory_bytes is not None else "",
        f"disk free {size(sample.disk_free_bytes)}" if sample.disk_free_bytes is not None else "",
    ]
    return " · ".join(word for word in words if word)


def trials_words(trials: dict[str, int]) -> str:
    """`40 complete · 3 pruned · 1 failed`."""
    return " · ".join(f"{count} {printable(state)}" for state, count in trials.items() if count)


def _origin(status: Status) -> list[Fact]:
    if status.replaces is None:
        return []
    changed = f" ({', '.join(printable(c) for c in status.changed)})" if status.changed else ""
    return [Fact("replaces", [f"{printable(status.replaces)}{changed}"], "quiet")]


def _figures(status: Status) -> list[Fact]:
    found = []
    if words := trials_words(status.trials):
        found.append(Fact("trials", [words]))
    metrics = {n: v for n, v in status.metrics.items() if status.best is None or n != status.best.name}
    if metrics:
        shown = list(metrics.items())[:6]
        found.append(Fact("metrics", [" · ".join(f"{printable(n, 40)} {number(v)}" for n, v in shown)]))
    if status.sample is not None and status.state == "running" and (words := sample_words(status.sample)):
        found.append(Fact("resources", [words], "quiet"))
    return found
