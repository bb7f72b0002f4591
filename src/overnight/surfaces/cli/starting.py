"""What `run` and `relaunch` show after the start: the live view, or a short wait and the next call to make.

Rules: a command that ended while we looked gives back its own exit code, 128 + N when signal N killed it; a
remark is never mixed into what a script reads as JSON.
"""

import sys
from typing import Any

import msgspec

from overnight.core.humane import duration
from overnight.core.model import Status
from overnight.surfaces.cli import out
from overnight.surfaces.cli.facts import Fact, facts, headline
from overnight.surfaces.cli.following import come_back, ended, follow, last_lines, needs_someone, statuses
from overnight.surfaces.cli.registry import INTERRUPTED, SIGNALLED
from overnight.surfaces.safe import printable

_EARLY_WAIT_S = 10.0
_TAIL_LINES = 10


def see_through(run_id: str, early_wait: float | None, as_json: bool) -> int:
    """Show the start (or, on a terminal, all) of a run; the exit code of this call."""
    if sys.stdout.isatty() and early_wait is None and not as_json:
        return _live(run_id)
    wait_s = _EARLY_WAIT_S if early_wait is None else early_wait
    try:
        *_, status = statuses(run_id, needs_someone, wait_s)
    except KeyboardInterrupt:
        out.note(come_back(run_id))
        return INTERRUPTED
    if as_json:
        out.say_json(_with_next(status))
    else:
        _say(status)
    return exit_code(status) if ended(status) else 0


def exit_code(status: Status) -> int:
    """What a shell would have seen of the command; 1 when nobody knows."""
    if status.signal is not None:
        return SIGNALLED + status.signal
    return 1 if status.exit_code is None else status.exit_code


def next_call(status: Status) -> str:
    """The one call that makes sense now."""
    if ended(status):
        return f"overnight report {status.run}"
    if status.question is not None:
        return f"overnight answer {status.run} {'|'.join(status.question.choices)}"
    return f"overnight wait {status.run}"


def _live(run_id: str) -> int:
    try:
        status = follow(run_id, ended)
    except KeyboardInterrupt:
        out.note(come_back(run_id))
        return INTERRUPTED
    return exit_code(status)


def _with_next(status: Status) -> dict[str, Any]:
    return {**msgspec.to_builtins(status), "next": next_call(status)}


def _say(status: Status) -> None:
    wanted = ("question", "critical", "minor", "progress", "best")
    found = [fact for fact in facts(status) if fact.label in wanted]
    tail = last_lines(status.run, _TAIL_LINES)
    if not ended(status):
        found.insert(0, Fact("start", [_start_words(status)]))
        tail = tail[-3:]
    if tail:
        found.append(Fact("log", [printable(line, 300) for line in tail], "quiet"))
    found.append(Fact("next", [next_call(status)], "call"))
    out.say(out.page(headline(status), found))


def _start_words(status: Status) -> str:
    seen = {
        "valid": "first lines look valid",
        "invalid": "first lines look wrong",
        "none yet": "no lines yet",
    }
    return f"the process is alive, {seen[status.first_logs]} after {duration(status.elapsed_s)}"
