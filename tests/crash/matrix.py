"""The crash matrix: each process killed (-9) at each named point of a run's life.

Rules:
- A cell is a case of its own: home, watchman, command line, service. `expected` says what it may honestly cost.
- The command's own code is 57; `null` is honest only where nobody was left to be told it.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from case import CODE, LINES, Case
from judging import Allowed, faults, leftovers, told
from pausing import BEFORE_EXEC, BEFORE_EXIT, BEFORE_MARK, BEFORE_START, BEFORE_STORE

from overnight.app.checkup.kernel import ended_child
from overnight.store.rundir import RunDir

RUNNING = "running"
POINTS = (BEFORE_START, BEFORE_EXEC, RUNNING, BEFORE_EXIT, BEFORE_STORE, BEFORE_MARK)
VICTIMS = {
    "keeper A": ("keeper A",),
    "keeper B": ("keeper B",),
    "both keepers": ("keeper A", "keeper B"),
    "watchman": ("watchman",),
    "command line": ("CLI",),
    "notifier": ("notifier",),
    "command": ("command",),
    "grandchild": ("grandchild",),
    "all but the command": ("CLI", "notifier", "watchman", "keeper A", "keeper B"),
}
_EARLY = (BEFORE_START, BEFORE_EXEC)
_KNOWN, _KILLED, _UNKNOWN = (CODE, None), (None, 9), (None, None)


class Cell(NamedTuple):
    """One victim at one point; `outcome` in words, `wrong`: a sentence per fault."""

    victim: str
    point: str
    outcome: str
    wrong: list[str]


def cells() -> Iterator[tuple[str, str]]:
    """All (victim, point) that there can be."""
    for victim in VICTIMS:
        for point in POINTS:
            if victim == "grandchild" and point in _EARLY:
                continue  # there is none yet
            if point in (BEFORE_STORE, BEFORE_MARK) and victim in ("keeper B", "both keepers", "command"):
                continue  # they have ended by then; A stays for the grandchild alone
            yield victim, point


def expected(victim: str, point: str) -> Allowed:
    """What this cell may cost."""
    repeats = 1 if point == BEFORE_MARK and victim in ("watchman", "all but the command") else 0
    if victim == "command" and point != BEFORE_EXIT:
        return Allowed((_KILLED,), repeats)
    if victim == "all but the command" and point not in (BEFORE_STORE, BEFORE_MARK):
        return Allowed((_UNKNOWN, _KNOWN), repeats)  # known if a new watchman comes before init has reaped it
    if victim == "both keepers" and ended_child().told is None:
        return Allowed((_UNKNOWN,), repeats)
    return Allowed((_KNOWN,), repeats)


def run_cell(victim: str, point: str) -> Cell:
    """Play it."""
    with tempfile.TemporaryDirectory(prefix="overnight-crash-") as folder:
        case = Case(Path(folder))
        try:
            _play(case, VICTIMS[victim], point)
            return Cell(victim, point, *_judge(case, expected(victim, point)))
        finally:
            case.close()


def _play(case: Case, victims: Sequence[str], point: str) -> None:
    case.watch()
    if point != RUNNING:
        case.pause_at(point)
    case.start()
    if point in _EARLY:
        case.paused()
    else:
        case.running()
        if point != RUNNING:
            case.let_end()
            case.paused()
    ended = point in (BEFORE_STORE, BEFORE_MARK)
    command = None if ended or "command" in victims else os.pidfd_open(case.pid("command"))
    case.kill(*(one for one in victims if not (ended and one == "keeper B")))
    case.let_go()
    case.let_end()
    if command is not None:  # what dies with nobody there shall really have nobody there
        case.ended(command)
    case.settle()


def _judge(case: Case, allowed: Allowed) -> tuple[str, list[str]]:
    if not any((case.home / "runs").glob("[!.]*")):
        said = (case.place / "cli.log").read_text()
        return "not started, and said so", [] if "not started" in said else [f"the command line said: {said}"]
    run = RunDir(case.folder)
    wrong = [*faults(run, case.work, LINES, allowed)]
    wrong += told(run, case.place / "told.log", case.place / "received", allowed)
    end = run.exit()
    outcome = "?" if end is None else str(end.code) if end.signal is None else f"signal {end.signal}"
    if run.start() is not None and leftovers(run):
        case.call("stop", run.id, "--grace", "1")
        wrong += [f"left after a stop: {name}" for name in leftovers(run)]
    return outcome.replace("None", "null"), wrong
