"""What a telling quotes, made short: causes, evidence, and titles that fit.

Rules: everything of the run goes through `harmless`; what is cut ends in `…`, and a title loses its name's
end first, then its cause's, before it loses what comes last.
"""

import re
from gettext import NullTranslations

from overnight.core.exits import signal_name
from overnight.core.mask import harmless
from overnight.core.model import Problem, Telling

TITLE = 64
"""Characters of a title: what every service shows whole."""
LINE = 160
NAME = 40
_SHORTEST = {"name": 8, "cause": 16, "problem": 16}
_EVIDENCE_LINES = 5
_EXIT = "exit."
_MODULE = re.compile(r"^(?:[A-Za-z_]\w*\.)+(?=[A-Z]\w*)")
_EXCEPTION = re.compile(r"^[A-Z]\w*(?:Error|Exception): (?=\S)")


def title(pattern: str, **facts: str) -> str:
    """`pattern` filled in, in at most 64 characters."""
    for fact, shortest in _SHORTEST.items():
        over = len(pattern.format(**facts)) - TITLE
        if over > 0 and fact in facts:
            facts[fact] = cut(facts[fact], max(shortest, len(facts[fact]) - over))
    return cut(pattern.format(**facts), TITLE)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def line(text: str) -> str:
    """One harmless line."""
    return harmless(text, LINE)


def name_of(telling: Telling) -> str:
    """The run's name, harmless and not long."""
    return harmless(telling.name, NAME) or telling.run


def cause(telling: Telling, words: NullTranslations) -> str:
    """What it died of, in a few words: the log's own where it says so, else the end's."""
    problem = telling.problem
    if problem is None or problem.signature.startswith(_EXIT):
        return _end(telling, problem, words)
    return found(problem)


def found(problem: Problem) -> str:
    """A problem in a few words: its first sentence, without the exception's module and kind."""
    first = _MODULE.sub("", line(problem.text)).partition(". ")[0].rstrip(".")
    return _EXCEPTION.sub("", first) or first


def evidence(problem: Problem) -> str:
    """The last useful lines around it, as they were printed."""
    kept = [shown for text in problem.context if (shown := line(text))]
    return "\n".join(f"│ {shown}" for shown in kept[-_EVIDENCE_LINES:])


def ending(telling: Telling, words: NullTranslations) -> str:
    """`(exit code 3)`, `(killed by SIGSEGV)`; empty while nothing is known of the end."""
    if telling.signal is not None:
        return words.gettext("({signal})").format(signal=signal_name(telling.signal))
    if telling.exit_code is not None:
        return words.gettext("(exit code {code})").format(code=telling.exit_code)
    return ""


def _end(telling: Telling, problem: Problem | None, words: NullTranslations) -> str:
    _ = words.gettext
    if problem is not None and problem.cls == "host_oom":
        return _("out of memory")
    if telling.signal is not None:
        return _("killed by {signal}").format(signal=signal_name(telling.signal))
    if telling.exit_code is not None:
        return _("exit code {code}").format(code=telling.exit_code)
    return _("nobody saw how")
