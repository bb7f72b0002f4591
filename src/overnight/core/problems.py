"""Lines with signatures, grouped into problems.

Rules:
- One traceback is one problem, with its chain; it is named by its last line, which is the exception nobody caught.
- One signature is one problem, with an exact count, its first and last line and the ranks that said it.
- What a worker raised is told by its own traceback, which stands under that of who waited for it.
- A signature inside a traceback's last line names the traceback: it is more specific than the exception's class.
- A program that prints its own source is not failing: a hit on a line that reads as code is no hit, unless a
  traceback is open.
"""

import re
from collections import deque
from collections.abc import Sequence
from typing import Any

from overnight.core.lines import Line
from overnight.core.model import Problem, ProblemSeen
from overnight.core.scan import Matcher
from overnight.core.signatures import Signature
from overnight.core.veil import Veil

_RANK = re.compile(r"^\s*(?:\[?(?:default|rank)\s?(\d{1,5})\]?:\s?|\([^)]{1,80}pid=\d+[^)]*\)\s|(?:\|\s?)+)")
_START = "Traceback (most recent call last):"
_EXCEPTION = re.compile(r"^(?:\x20{0,3}\|?\s?)((?:[A-Za-z_][\w]*\.)*([A-Za-z_]\w*))(?:: .*|:)?$")
_EXCEPTION_WORD = re.compile(
    r"(?:Error|Exception|Interrupt|Exit|Warning|Stop\w*|Failure|Timeout|Killed\w*|Abort\w*|NotFound\w*)$"
)
_HANDED_ON = re.compile(r": Caught \w+ in (?:replica|DataLoader worker|pin memory)")
"""An exception of a worker, raised again: the original comes right after it."""
_CHAIN = ("During handling of the above exception", "The above exception was the direct cause")
_CODE = re.compile(
    r"^\s*(?:raise|except|assert|print\(|return|def|class|if|elif|else:|for|while|try:"
    r"|import|from|with|#|//|@|logg\w*\.|self\.|\w+ = |\w+\()"
    r"|[({]f?['\"].*\{\w"
)
_STRONG_CODE = re.compile(
    r"^\s*(?:raise \w+\(|except\b.*:\s*$|assert |print\(|def \w+\(|return |#|logg\w*\.\w+\(|\w+\(.*\)\s*$)"
)
CONTEXT = 6
"""Lines before a problem that are kept with it."""
_MOST_CONTEXT = 12
_MOST_TRACEBACK = 400
_LOOKED_AT = 4096
"""Characters of a line that are looked at for secrets: they are hidden before it is cut to what is kept."""
_KEPT, _SAID = 300, 500


class _Traceback:
    """A traceback that is being printed."""

    def __init__(self, line: int) -> None:
        self.first_line = line
        self.lines: deque[str] = deque(maxlen=_MOST_CONTEXT)
        self.seen = 0


class ProblemBook:
    """All problems of one log."""

    def __init__(self, matcher: Matcher, veil: Veil) -> None:
        self._matcher = matcher
        self._veil = veil
        self._problems: dict[str, Problem] = {}
        self._open: _Traceback | None = None
        self._closed: Problem | None = None
        self._exception_line = -99
        self._before: deque[str] = deque(maxlen=CONTEXT)

    def see(self, line: Line, now: float | None) -> ProblemSeen | None:
        """What the line adds; None for most lines."""
        text, rank = _without_rank(line.text)
        if text.startswith(_START) or text.lstrip().startswith(
            (_START, "+ Exception Group Traceback", "Exception Group Traceback")
        ):
            return self._begin(line)
        seen = (
            self._inside(line, text, rank, now)
            if self._open is not None
            else self._outside(line, text, rank, now)
        )
        if text:
            self._before.append(text[:_LOOKED_AT])
        return seen

    def __getstate__(self) -> dict[str, Any]:
        """All but the matcher."""
        return {name: value for name, value in vars(self).items() if name != "_matcher"}

    def attach(self, matcher: Matcher) -> None:
        """Go on with this matcher."""
        self._matcher = matcher

    @property
    def is_open(self) -> bool:
        """Whether a traceback is being printed: then its lines belong together."""
        return self._open is not None

    def pass_by(self, texts: Sequence[str]) -> None:
        """Lines that hold nothing went by; `texts` are the last of them, `CONTEXT` being enough."""
        self._before.extend(_without_rank(text)[0][:_LOOKED_AT] for text in texts)

    def judges_digits(self, text: str) -> bool:
        """Whether lines that differ from `text` only in their digits may be other problems, or none."""
        return self._matcher.judges_digits(text)

    def more(self, signature: str, count: int, line: int, now: float | None) -> ProblemSeen:
        """A known problem came `count` times more, up to `line`."""
        known = self._problems[signature]
        self._problems[signature] = _again(known, line, now, known.ranks, count)
        return ProblemSeen(problem=self._problems[signature], new=False, by=count, line=line, text=known.text)

    def flush(self, now: float | None) -> ProblemSeen | None:
        """A traceback that the end of the log cut is a problem too."""
        if self._open is None:
            return None
        opened, self._open = self._open, None
        last = next((t for t in reversed(opened.lines) if t.strip()), _START)
        return self._add(
            _plain("py.traceback", "traceback", self._quoted(last)),
            Line(opened.first_line + opened.seen, 0, last),
            None,
            now,
            opened,
        )

    def list(self) -> list[Problem]:
        """Roots first, worst first, then by line."""
        rank = {"critical": 0, "minor": 1, "info": 2}
        return sorted(
            self._problems.values(), key=lambda p: (p.role != "root", rank[p.severity], p.first_line)
        )

    def root(self) -> Problem | None:
        """The earliest critical that is no consequence of another."""
        critical = [p for p in self._problems.values() if p.severity == "critical"]
        roots = [p for p in critical if p.role == "root"] or critical
        return min(roots, key=lambda p: p.first_line, default=None)

    # ------------------------------------------------------------ tracebacks

    def _begin(self, line: Line) -> ProblemSeen | None:
        self._open = _Traceback(line.number)
        return None

    def _inside(self, line: Line, text: str, rank: int | None, now: float | None) -> ProblemSeen | None:
        opened = self._open
        assert opened is not None
        opened.seen += 1
        opened.lines.append(text[:_LOOKED_AT])
        bare = text.lstrip(" |+-")
        if text[:1] in (" ", "\t", "|", "+") and not (
            text.lstrip().startswith("|") and _names_exception(bare)
        ):
            if opened.seen > _MOST_TRACEBACK:
                self._open = None
            return None
        if not bare or text.startswith(_CHAIN):
            return None
        self._open = None
        if _HANDED_ON.search(bare):
            return None
        if not _names_exception(bare):
            return self._outside(line, text, rank, now)
        self._exception_line = line.number
        if bare.endswith(_START):  # a message that holds another traceback
            self._open = _Traceback(line.number)
        return self._exception(opened, line, bare, rank, now)

    def _exception(
        self, opened: _Traceback, line: Line, text: str, rank: int | None, now: float | None
    ) -> ProblemSeen:
        name = text.split(":", 1)[0].rsplit(".", 1)[-1]
        hits = [s for s in self._matcher.match(text) if not s.generic]
        if hits:
            return self._add(hits[0], line, rank, now, opened, text)
        if name in ("KeyboardInterrupt", "SystemExit"):
            cls = "user_interrupt" if name == "KeyboardInterrupt" else "exit"
            return self._add(_plain(f"py.{name}", cls, text), line, rank, now, opened)
        bug = _plain(f"py.{name}", f"code_bug_{name}", self._quoted(text))
        return self._add(bug, line, rank, now, opened)

    def _quoted(self, text: str) -> str:
        return self._veil.text(text.strip()[:_LOOKED_AT])[:_SAID]

    # ------------------------------------------------------------ other lines

    def _outside(self, line: Line, text: str, rank: int | None, now: float | None) -> ProblemSeen | None:
        hits = self._matcher.match(text)
        if not hits or self._echoes_source(text):
            return None
        hit = hits[0]
        if hit.generic and line.number - self._exception_line <= 3:
            return None  # the word "error" right under a traceback is that traceback's own
        return self._add(hit, line, rank, now, None, text)

    def _echoes_source(self, text: str) -> bool:
        if _STRONG_CODE.search(text) and (text[:1] in " \t" or 'f"' in text or "f'" in text):
            return True
        around = [before[:_KEPT] for before in self._before]
        code = sum(1 for t in around if _CODE.search(t))
        return len(around) >= 4 and code * 2 >= len(around) and bool(_CODE.search(text))

    def _add(
        self,
        signature: Signature,
        line: Line,
        rank: int | None,
        now: float | None,
        opened: _Traceback | None,
        text: str | None = None,
    ) -> ProblemSeen:
        known = self._problems.get(signature.id)
        said = self._quoted(text or line.text)
        if known is not None:
            ranks = (
                known.ranks
                if rank is None or rank in known.ranks or len(known.ranks) > 64
                else [*known.ranks, rank]
            )
            problem = _again(known, line.number, now, ranks)
        else:
            context = list(opened.lines) if opened is not None else [*self._before, line.text[:_LOOKED_AT]]
            shown = self._veil.lines(context[-_MOST_CONTEXT:], _KEPT)
            problem = _first(signature, line.number, now, said, shown, rank)
        self._problems[signature.id] = problem
        return ProblemSeen(problem=problem, new=known is None, line=line.number, text=said)


def _first(
    s: Signature, line: int, now: float | None, text: str, context: list[str], rank: int | None
) -> Problem:
    return Problem(
        signature=s.id,
        cls=s.cls,
        severity=s.severity,
        count=1,
        first_line=line,
        last_line=line,
        text=text,
        cause=s.cause,
        advice=s.advice,
        relaunch=s.relaunch,
        role=s.role,
        certain=s.certain,
        on_exit_only=s.on_exit_only,
        first_t=now,
        last_t=now,
        context=context,
        ranks=[] if rank is None else [rank],
    )


def _again(p: Problem, line: int, now: float | None, ranks: list[int], by: int = 1) -> Problem:
    return Problem(
        signature=p.signature,
        cls=p.cls,
        severity=p.severity,
        count=p.count + by,
        first_line=p.first_line,
        last_line=line,
        text=p.text,
        cause=p.cause,
        advice=p.advice,
        relaunch=p.relaunch,
        role=p.role,
        certain=p.certain,
        on_exit_only=p.on_exit_only,
        first_t=p.first_t,
        last_t=now,
        context=p.context,
        ranks=ranks,
    )


def _plain(id_: str, cls: str, text: str) -> Signature:
    """A signature for an exception that no entry knows."""
    interrupted = cls in ("user_interrupt", "exit")
    return Signature(
        id=id_,
        cls=cls,
        severity="info" if interrupted else "critical",
        pattern=[],
        cause="somebody or something interrupted it"
        if interrupted
        else f"the program raised it and nothing caught it: {text[:160]}",
        advice="Relaunch when ready."
        if interrupted
        else "Read the traceback from its last line up to the first frame in your own code.",
        examples=[],
        on_exit_only=True,
    )


def _names_exception(text: str) -> bool:
    match = _EXCEPTION.match(text)
    if match is None:
        return False
    return (
        bool(_EXCEPTION_WORD.search(match.group(2)))
        or ("." in match.group(1) and ":" in text)
        or text.startswith(match.group(2) + ":")
    )


def _without_rank(text: str) -> tuple[str, int | None]:
    match = _RANK.match(text)
    if match is None:
        return text, None
    return text[match.end() :], int(match.group(1)) if match.group(1) else None
