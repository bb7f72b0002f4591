"""All that somebody needs to act on a failure, a question or an end, without reading the log.

Rules:
- In the order in which it is needed: how it stands, the root cause with its lines, what to call, what came of it, what
  happened before it, resources, what is different from the last good run, the last lines.
- The budget is kept by leaving out whole blocks, the least worth first; the cause and the calls always stand.
- Log text is data: fenced, or quoted inside a sentence (see `fence`).
"""

import shlex
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from overnight.core import fence
from overnight.core.calls import Calls
from overnight.core.digest import best_words, headline, problem_line, question_lines, results
from overnight.core.humane import duration, number, size
from overnight.core.model import Event, EventKind, Problem, Record, Sample, Status, Telling
from overnight.core.news import TOLD
from overnight.core.tokens import estimate

BRIEFING_TOKENS = 1200
QUESTION_TOKENS = 400
_CASCADES, _BEFORE, _LAST, _ODD = 3, 5, 6, 4
_COMMAND = 300


EVIDENCE: frozenset[EventKind] = TOLD | {"notification", "sample", "note"}
"""The kinds of events that a briefing reads."""


class Evidence(NamedTuple):
    """What the run directory says besides the status.

    `events`: in order. `changed`: lines on what is different from the last good run. `last`: the last lines of the log,
    `saved`: the last of them that says that a checkpoint was saved. `odd`: lines that sound like trouble and came once.
    """

    events: Sequence[Event] = ()
    changed: Sequence[str] = ()
    last: Sequence[str] = ()
    saved: str = ""
    odd: Sequence[str] = ()


def gathered(events: Iterable[Event]) -> list[Event]:
    """What a briefing tells of these, in order: the last notes, and of the samples the one with the most memory.
    Of both there may be a million."""
    kept: list[tuple[int, Event]] = []
    notes: deque[tuple[int, Event]] = deque(maxlen=_BEFORE)
    peak: tuple[int, Event] | None = None
    for row in enumerate(events):
        event = row[1]
        if event.kind == "note":
            notes += [row] if event.data.get("text") else []
        elif event.kind != "sample":
            kept.append(row)
        elif peak is None or _memory(event) > _memory(peak[1]):
            peak = row
    rows = [*kept, *notes, *([peak] if peak is not None else [])]
    return [event for _number, event in sorted(rows, key=lambda row: row[0])]


def _memory(sample: Event) -> int:
    return msgspec.convert(sample.data, Sample, strict=False).rss_bytes or 0


def briefing(status: Status, evidence: Evidence, calls: Calls, budget_tokens: int = BRIEFING_TOKENS) -> str:
    """The text, within `budget_tokens`."""
    cause, cascades = _cause(status, evidence.events)
    first = [f"{headline(status)} · {fence.quoted(status.name, 40)}"]
    first += _asked(status, calls) if status.question is not None else _why(status, cause)
    first += _next(status, cause, calls)
    blocks = [
        results(status, metrics=True),
        [f"last checkpoint: {fence.quoted(evidence.saved)}"] if evidence.saved else [],
        _around(cause),
        [f"{'then' if cause else 'seen'}: {problem_line(p)}" for p in cascades],
        _before(evidence.events, [cause, *cascades], status.elapsed_s),
        _resources(evidence.events, status.sample),
        [f"changed: {line}" for line in evidence.changed],
        _command(status),
        _odd(evidence, cause),
        _last(evidence.last, cause),
    ]
    return "\n".join(_fitted(first, blocks, budget_tokens))


def _fitted(first: list[str], blocks: Iterable[list[str]], budget: int) -> list[str]:
    said = first
    for block in blocks:
        if estimate("\n".join([*said, *block])) <= budget:
            said = said + block
    return said


# ---------------------------------------------------------------- the cause


def _cause(status: Status, events: Sequence[Event]) -> tuple[Problem | None, list[Problem]]:
    """The root cause as people were told it, else the worst that is known; and what else was wrong."""
    known = [p for p in status.problems if p.severity != "info"]
    cause = next((p for p in known if p.severity == "critical" and p.role == "root"), None)
    told = [e for e in events if e.kind == "notification" and e.data.get("kind") == "failure"]
    if told and status.state in ("failed", "lost"):
        cause = msgspec.convert(told[-1].data, Telling, strict=False).problem or cause
    if status.question is not None:
        cause = status.question.problems[0]
    if cause is None:
        return None, sorted(status.problems, key=lambda p: p.severity == "info")[:_CASCADES]
    others = [p for p in known if p.signature != cause.signature]
    latest = next((p for p in known if p.signature == cause.signature), cause)
    return latest, sorted(others, key=lambda p: p.severity != "critical")[:_CASCADES]


def _asked(status: Status, calls: Calls) -> list[str]:
    assert status.question is not None
    lines = question_lines(status.run, status.question, calls)
    cause = status.question.problems[0].cause
    return [lines[0], lines[1], *([f"why: {cause}"] if cause else []), lines[2]]


def _why(status: Status, cause: Problem | None) -> list[str]:
    if cause is None:
        failed = status.state in ("failed", "lost")
        return ["cause: nothing in the log or the exit says why"] if failed else []
    lines = [f"cause: {problem_line(cause, advice=False)}"]
    lines += [f"why: {cause.cause}"] if cause.cause else []
    lines += [f"do: {cause.advice}"] if cause.advice else []
    return lines + ([f"start again: {cause.relaunch}"] if cause.relaunch else [])


def _next(status: Status, cause: Problem | None, calls: Calls) -> list[str]:
    """The calls that may follow, ready to be made."""
    line = cause.first_line if cause is not None else 0
    words = {"run": status.run, "lines": f'"{max(1, line - 20)}-{line + 20}"' if line else "200"}
    ended = status.state != "running"
    templates = [*([calls.relaunch] if ended else []), calls.log, *([calls.report] if ended else [])]
    return ["next: " + " | ".join(template.format(**words) for template in templates)]


def _around(cause: Problem | None) -> list[str]:
    """The lines around it; one line that the cause quotes already says nothing more."""
    lines = [line for line in cause.context if line.strip()] if cause is not None else []
    return fence.fenced(lines) if len(lines) > 1 else []


def _odd(evidence: Evidence, cause: Problem | None) -> list[str]:
    """What came once and is told nowhere else."""
    told = {*(cause.context if cause is not None else ()), *evidence.last[-_LAST:], evidence.saved}
    lines = [line for line in evidence.odd if line not in told]
    return ["said once:", *fence.fenced(lines[-_ODD:])] if lines else []


def _last(lines: Sequence[str], cause: Problem | None) -> list[str]:
    """How the log ends, without what stands around the cause already."""
    told = set(cause.context) if cause is not None else set()
    return fence.fenced([line for line in fence.informative(lines)[-_LAST:] if line not in told])


def _command(status: Status) -> list[str]:
    words = fence.harmless(shlex.join(status.command), _COMMAND)
    lines = [f"command: {words} (in {fence.harmless(status.cwd, 120)})"] if status.command else []
    changed = ", ".join(fence.harmless(change, 80) for change in status.changed)
    return lines + ([f"replaces {status.replaces}: {changed}"] if status.replaces else [])


# ---------------------------------------------------------------- what was


def _before(events: Sequence[Event], told: Sequence[Problem | None], now: float) -> list[str]:
    """What else mattered, the latest last, each with how long ago it was."""
    known = {problem.signature for problem in told if problem is not None}
    lines = []
    for event in events:
        words = _happened(event, known)
        lines += [f"{duration(max(0.0, now - event.t))} before: {words}"] if words else []
    return lines[-_BEFORE:]


def _happened(event: Event, known: set[str]) -> str:
    if event.kind == "record":
        best = msgspec.convert(event.data, Record, strict=False).best
        return f"record {best_words(best)}"
    if event.kind == "problem":
        problem = msgspec.convert(event.data, Problem, strict=False)
        if problem.severity == "info" or problem.signature in known:
            return ""
        return problem_line(problem, advice=False)
    if event.kind == "answer":
        return f"answered {event.data['choice']} by {fence.harmless(str(event.data['by']), 40)}"
    if event.kind == "note":
        return fence.harmless(str(event.data.get("text", "")), 160)
    return ""


def _resources(events: Sequence[Event], latest: Sample | None) -> list[str]:
    """The last sample, with the most memory that was seen."""
    if latest is None:
        return []
    samples = [msgspec.convert(e.data, Sample, strict=False) for e in events if e.kind == "sample"]
    peak = max((s.rss_bytes or 0 for s in [*samples, latest]), default=0)
    facts = [f"CPU {latest.cpu_percent:.0f} %"] if latest.cpu_percent is not None else []
    if latest.rss_bytes is not None:
        facts.append(f"memory {size(latest.rss_bytes)} (peak {size(peak)})")
    if latest.memory_free_bytes is not None:
        facts.append(f"free {size(latest.memory_free_bytes)}")
    if latest.disk_free_bytes is not None:
        facts.append(f"disk free {size(latest.disk_free_bytes)}")
    if latest.gpu_percent is not None:
        facts.append(f"GPU {latest.gpu_percent:.0f} %")
    if latest.gpu_memory_bytes is not None:
        facts.append(f"GPU memory {size(latest.gpu_memory_bytes)}")
    facts += [f"{number(latest.processes)} processes"] if latest.processes else []
    return [f"resources at {duration(latest.t)}: {', '.join(facts)}"] if facts else []
