"""What a reader of lines is told of a run: check-ins, problems, records, questions, the end; each once. Pure."""

from collections.abc import Sequence

from overnight.core.model import Status
from overnight.surfaces.cli.facts import (
    Fact,
    best_words,
    facts,
    headline,
    problem_fact,
    question_fact,
    shown_problems,
)


def news(before: Status | None, status: Status) -> Sequence[str]:
    """What a reader of lines should be told now: check-ins, problems, records, questions, the end."""
    lines = []
    if before is None or before.check_ins != status.check_ins or before.state != status.state:
        lines.append(_line(status))
    known = {p.signature for p in before.problems} if before is not None else set()
    for problem in shown_problems(status):
        lines += [] if problem.signature in known else _block(problem_fact(problem))
    if before is not None and len(status.records) > len(before.records):
        lines.append(f"  record    {best_words(status.records[-1].best)}")
    if status.question is not None and (before is None or before.question != status.question):
        lines += _block(question_fact(status.run, status.question))
    return lines


def _line(status: Status) -> str:
    short = [fact.lines[0] for fact in facts(status) if fact.label in ("progress", "best")]
    return " · ".join([headline(status), *short])


def _block(fact: Fact) -> list[str]:
    return [f"  {fact.label if place == 0 else '':<10}{line}" for place, line in enumerate(fact.lines)]
