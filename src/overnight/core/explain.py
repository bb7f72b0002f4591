"""Why a log was judged as it was: the rule of the outcome, and of each critical problem why it is the title or not.

Rules: nothing is decided here; what was decided is put in words, one reason per problem, the title first.
"""

from collections.abc import Sequence

from overnight.core.model import Problem, Struct


class Reason(Struct, frozen=True):
    """Why a problem is the title (`title`) or is not. `pattern` and `origin`: the expression that found it and
    the file it is from; empty for what no expression finds (an exception by its traceback, a curve)."""

    signature: str
    line: int
    title: bool
    why: str
    pattern: str = ""
    origin: str = ""


def rule(outcome: str, root: Problem | None, *, said_done: bool) -> str:
    """Which rule gave the outcome."""
    if outcome == "success":
        done = (
            "the log itself says that it is complete"
            if said_done
            else "its outermost counter is at its total"
        )
        return f"{done}, and no critical problem came after that"
    if outcome == "unfinished":
        return "no critical problem ended it, and neither a word of completion nor a full counter was seen"
    if root is not None and root.severity != "critical":
        return "it was interrupted, and the log says nothing of completion after that"
    return "a critical problem that no progress and no word of completion followed"


def reasons(
    title: Problem | None, fatal: Sequence[Problem], problems: Sequence[Problem], *, complete: bool
) -> list[Reason]:
    """The title, then every other critical. `fatal`: the criticals that no progress followed; `complete`: the
    outcome is a success, so that there is no title."""
    open_ = {p.signature for p in fatal}
    others = [
        p for p in problems if p.severity == "critical" and (title is None or p.signature != title.signature)
    ]
    first = [] if title is None else [_reason(title, _of_title(title, fatal), title=True)]
    rest = [_reason(p, _why_not(p, title, p.signature in open_, complete), title=False) for p in others]
    return first + rest


def _reason(problem: Problem, why: str, *, title: bool) -> Reason:
    return Reason(signature=problem.signature, line=problem.first_line, title=title, why=why)


def _of_title(title: Problem, fatal: Sequence[Problem]) -> str:
    if title.severity != "critical":
        return "it says who or what ended the run, and no critical problem was open"
    if title.role != "root":
        return f"nothing advanced after it; it is a {title.role}, but no root cause is known"
    rivals = sum(1 for p in fatal if p.role == "root") - 1
    return "nothing advanced after it" + (
        ", and it is the earliest root cause of those" if rivals > 0 else ""
    )


def _why_not(problem: Problem, title: Problem | None, is_open: bool, complete: bool) -> str:
    if not is_open:
        return f"the run advanced after it (last seen on line {problem.last_line})"
    if complete or title is None:
        return "the log says after it that the run was complete"
    if problem.role == "cascade":
        return "it follows from another problem"
    if problem.role == "confirmation":
        return "it confirms that something failed, and not what"
    if problem.role == "noise":
        return "it comes with any failure"
    return f"the root cause on line {title.first_line} came first"
