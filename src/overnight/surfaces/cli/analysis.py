"""A finished log in words: its line of a table, and its page.

Rules: as for a status (`facts`): everything quoted goes through `printable`, what is not known is not shown,
what needs the reader comes first. The outcome, then the cause with the lines around it and what followed from
it, then how far it came.
"""

from overnight.core.analyze import Analysis, Curve, Failure
from overnight.core.digest import progress_words
from overnight.core.explain import Reason
from overnight.core.humane import number, size
from overnight.core.model import Problem, Quote
from overnight.surfaces.cli import out
from overnight.surfaces.cli.facts import Fact, best_words, problem_fact
from overnight.surfaces.cli.spark import BLOCKS, sparkline
from overnight.surfaces.safe import printable

HEAD = ("file", "outcome", "class", "line", "progress", "best")

_PROBLEMS_SHOWN, _METRICS_SHOWN, _LAST_SHOWN = 5, 8, 5
_NAME_WIDTH = 28
_QUOTED = 300


def row(name: str, told: Analysis | None) -> tuple[str, ...]:
    """The log's line of the table, as in `HEAD`; None: it could not be read."""
    if told is None:
        return (printable(name), "unreadable", "", "", "", "")
    failure = told.failure
    done = progress_words(told.progress[0]) if told.progress else ""
    best = f"{printable(told.best.name, _NAME_WIDTH)} {number(told.best.value)}" if told.best else ""
    cause = (failure.cls, str(failure.line)) if failure is not None else ("", "")
    return (printable(name), told.outcome, *cause, printable(done, 40), best)


def head(name: str, told: Analysis) -> str:
    """`train.log · failure · 12034 lines, 3.1 MB`."""
    return f"{printable(name)} · {told.outcome} · {_lines(told.lines)}, {size(told.size_bytes)}"


def facts(told: Analysis, *, explain: bool, compared: bool) -> list[Fact]:
    """The page below its head. `compared`: there was a baseline."""
    found = [Fact("note", [printable(told.note)], "minor")] if told.note else []
    found += _failure(told.failure, told.problems) if told.failure is not None else []
    found += _new_lines(told.new_lines) if compared else []
    if told.progress:
        found.append(Fact("progress", [printable(progress_words(p)) for p in told.progress]))
    if told.best is not None:
        found.append(Fact("best", [best_words(told.best)], "good"))
    found += _metrics(told)
    found += _problems(told)
    if explain:
        found += _why(told)
    return found + _last(told)


def _failure(failure: Failure, problems: list[Problem]) -> list[Fact]:
    said = [
        f"{failure.cls}, line {failure.line}: {printable(failure.text, _QUOTED)}",
        printable(failure.cause),
    ]
    said += [f"→ {printable(failure.advice)}"] if failure.advice else []
    found = [Fact("failure", said, "critical"), Fact("", _excerpt(failure), verbatim=True)]
    by_id = {problem.signature: problem for problem in problems}
    followed = [_brief(by_id[id_]) for id_ in failure.follows]
    return [*found, Fact("follows", followed)] if followed else found


def _excerpt(failure: Failure) -> list[str]:
    """The lines around the cause with their numbers, the cause's marked; without, what was remembered."""
    if not failure.excerpt:
        return [f"  {printable(line, _QUOTED)}" for line in failure.context]
    width = len(str(failure.excerpt[-1].line))
    return [
        f"{'>' if quote.line == failure.line else ' '} {quote.line:>{width}} {printable(quote.text, _QUOTED)}"
        for quote in failure.excerpt
    ]


def _brief(problem: Problem) -> str:
    times = f" ×{problem.count}" if problem.count > 1 else ""
    return f"{problem.signature}{times}, line {problem.first_line}: {printable(problem.text, 160)}"


def _new_lines(quotes: list[Quote] | None) -> list[Fact]:
    if quotes is None:
        return [Fact("new lines", ["cannot be told: the lines vary too much"], "quiet")]
    if not quotes:
        return [Fact("new lines", ["none"], "quiet")]
    width = len(str(quotes[-1].line))
    lines = [f"{quote.line:>{width}} {printable(quote.text, _QUOTED)}" for quote in quotes]
    return [Fact("new lines", lines, verbatim=True)]


def _metrics(told: Analysis) -> list[Fact]:
    """The best's metric first; each with its lowest, its last, and its curve."""
    best = told.best.name if told.best is not None else ""
    names = sorted(told.curves, key=lambda name: name != best)
    if not names:
        return []
    blocks = out.can_show(BLOCKS)
    rows = [
        _metric(name, told.curves[name], told.metrics.get(name), blocks) for name in names[:_METRICS_SHOWN]
    ]
    lines = out.table(("", "min", "last", ""), rows).split("\n")
    more = len(told.metrics.keys() | told.curves.keys()) - len(rows)
    if more > 0:
        lines.append(f"and {more} more (--json has them)")
    return [Fact("metrics", lines, verbatim=True)]


def _metric(name: str, curve: Curve, last: float | None, blocks: bool) -> tuple[str, ...]:
    drawn = sparkline(curve.values, blocks=blocks) if len(curve.values) > 1 else ""
    return (
        printable(name, _NAME_WIDTH),
        number(curve.low),
        number(last) if last is not None else "not finite",
        drawn,
    )


def _problems(told: Analysis) -> list[Fact]:
    """What was not said yet, the worst in full, the number of the others."""
    said = {told.failure.signature, *told.failure.follows} if told.failure is not None else set()
    others = [p for p in told.problems if p.signature not in said and p.severity != "info"]
    found = [problem_fact(p) for p in others[:_PROBLEMS_SHOWN]]
    more = len(others) - len(found)
    return [*found, Fact("", [f"and {more} more (--json has them)"], "quiet")] if more > 0 else found


def _last(told: Analysis) -> list[Fact]:
    """The last lines of a log that did not end well, unless the lines around the cause are the last."""
    quoted = told.failure.excerpt[-1].line if told.failure is not None and told.failure.excerpt else 0
    if told.outcome == "success" or quoted >= told.lines:
        return []
    last = [printable(line, _QUOTED) for line in told.last_lines[-_LAST_SHOWN:]]
    return [Fact("last", last, "quiet", verbatim=True)] if last else []


def _why(told: Analysis) -> list[Fact]:
    found = [Fact("why", [f"{told.outcome}: {told.rule}"])]
    return found + [Fact("" if n else "because", _reason(r)) for n, r in enumerate(told.reasons)]


def _reason(reason: Reason) -> list[str]:
    verdict = "is the title" if reason.title else "is not the title"
    source = f"found by {printable(reason.pattern, 200)} of {printable(reason.origin)}"
    if not reason.pattern:
        by_traceback = reason.signature.startswith("py.")
        source = (
            "found by the last line of its traceback"
            if by_traceback
            else "found by a detector over many lines"
        )
    return [f"{reason.signature}, line {reason.line}, {verdict}: {printable(reason.why)}", f"  {source}"]


def _lines(count: int) -> str:
    return f"{count} line{'s' if count != 1 else ''}"
