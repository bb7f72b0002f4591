"""Which text a reader gets: a digest of its news, or a briefing where it has to act.

Rules:
- A failure and a question are told whole, with all that is needed to act; everything else in as few words as it takes.
- What is read for a text is bounded, however long the night.
- What only a briefing needs is loaded for one: the whole core takes longer than a digest.
"""

import os

from overnight.app.knowing import veil_of
from overnight.app.place import Place, seen_lines, whole
from overnight.core.briefing import BRIEFING_TOKENS, EVIDENCE, QUESTION_TOKENS, Evidence, briefing, gathered
from overnight.core.calls import Calls
from overnight.core.digest import ENDED_TOKENS, EVENTFUL_TOKENS, digest
from overnight.core.model import Status
from overnight.errors import Unreadable
from overnight.store.rundir import RunDir, open_log

_LAST_BYTES = 4 << 20
"""Of a log, what is looked through for a briefing: a few tens of milliseconds."""
_LAST_LINES = 500
_FAILED = ("failed", "lost")


def told(
    place: Place, status: Status, calls: Calls, *, since: str = "", budget_tokens: int = EVENTFUL_TOKENS
) -> str:
    """What the reader at `place` should know of the run, which stands as `status` says."""
    news = place.news()
    if status.state in _FAILED and (news.ended or news.first):
        return brief(place.run, status, calls)
    if status.question is not None and (news.asked is not None or news.first):
        return brief(place.run, status, calls, QUESTION_TOKENS)
    lines = [] if news.is_quiet and not news.first else place.lines_told()
    if status.state != "running" and not any(problem.severity != "info" for problem in status.problems):
        budget_tokens = min(budget_tokens, ENDED_TOKENS)
    return digest(status, news, lines=lines, calls=calls, since=since, budget_tokens=budget_tokens)


def brief(run: RunDir, status: Status, calls: Calls, budget_tokens: int = BRIEFING_TOKENS) -> str:
    """All that is needed to act on the run. Raises Unreadable."""
    from overnight.core.novelty import seldom
    from overnight.core.recognizers.phases import is_checkpoint
    from overnight.report.sincegood import since_good

    events = gathered(run.events_of(*EVIDENCE))
    everything = _last_lines(run)
    lines = veil_of(run).lines(everything[-_LAST_LINES:])
    odd = veil_of(run).lines(seldom(everything))
    changes = since_good(run) if status.state in _FAILED or status.question is not None else None
    changed = changes.lines() if changes is not None else ()
    saved = next((line for line in reversed(lines) if is_checkpoint(line)), "")
    return briefing(
        status, Evidence(events, changed=changed, last=lines, saved=saved, odd=odd), calls, budget_tokens
    )


def _last_lines(run: RunDir) -> list[str]:
    try:
        with open_log(run.log_path) as file:
            size = os.fstat(file.fileno()).st_size
            begin = max(0, size - _LAST_BYTES)
            file.seek(begin)
            return seen_lines(whole(file.read(), begin))
    except (FileNotFoundError, Unreadable):
        return []
