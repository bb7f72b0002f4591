"""What a reader who remembers nothing has to know: which runs there are, what it missed, what to do next.

Rules:
- What needs somebody comes first, then what ended unseen, then what goes on; the rest is counted.
- At most 150 tokens: it is asked for after every interruption.
"""

from collections.abc import Sequence
from typing import NamedTuple

from overnight.core import fence
from overnight.core.calls import Calls
from overnight.core.digest import headline
from overnight.core.model import Status
from overnight.core.news import News
from overnight.core.tokens import estimate

OVERVIEW_TOKENS = 150
_NAME = 24


class Missed(NamedTuple):
    """A run, the reader's news of it, and the place from which it goes on."""

    status: Status
    news: News
    since: str

    @property
    def is_told(self) -> bool:
        """Whether it is over and the reader knows."""
        return self.status.state != "running" and not self.news.ended


def overview(missed: Sequence[Missed], calls: Calls, budget_tokens: int = OVERVIEW_TOKENS) -> str:
    """The text, within `budget_tokens`."""
    told = sorted((one for one in missed if not one.is_told), key=_rank)
    if not told:
        return "nothing is running and nothing was missed"
    running = sum(one.status.state == "running" for one in told)
    head = f"{running} running" if running == len(told) else f"{running} running, {len(told) - running} ended"
    lines: list[str] = []
    last = _next(told[0], calls)
    for one in told:
        line = _line(one)
        if estimate("\n".join([head, *lines, line, last, "and 999 more"])) > budget_tokens:
            break
        lines.append(line)
    more = len(told) - len(lines)
    return "\n".join([head, *lines, *([f"and {more} more"] if more else []), last])


def _rank(one: Missed) -> int:
    """What needs somebody, what ended badly, what goes on, what ended well."""
    status = one.status
    if status.state == "running":
        return 0 if status.question is not None else 2
    return 3 if status.state == "succeeded" else 1


def _line(one: Missed) -> str:
    line = f"{headline(one.status)} · {fence.quoted(one.status.name, _NAME)}"
    news = one.news
    counts = [(len(news.records), "record"), (len(news.problems), "problem"), (len(news.answers), "answer")]
    said = ", ".join(f"{n} {word}{'s' if n > 1 else ''}" for n, word in counts if n)
    return f"{line}; missed {said}" if said else line


def _next(first: Missed, calls: Calls) -> str:
    status = first.status
    words = {"run": status.run, "since": first.since}
    if status.state != "running":
        return "next: " + calls.report.format(**words)
    if status.question is not None:
        return "next: " + calls.answer.format(choices="|".join(status.question.choices), **words)
    return "next: " + calls.status.format(**words)
