"""What must be true of a run after whatever was killed: the one list of all that may have been lost or doubled.

Rules:
- Looked at from outside: the run's folder, the pipes and counts of the command itself, what the services got.
- A sentence per fault; none is the goal. What a crash may honestly cost is the caller's to say (`Allowed`).
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from overnight.app.knowing import status_of
from overnight.core.model import Exit
from overnight.keeper.tree import Look, Tree
from overnight.store.rundir import RunDir


class Allowed(NamedTuple):
    """What this case may cost. `ends`: the (code, signal) pairs that are right. `repeats`: messages that a service
    without memory may get once more, with the same key."""

    ends: tuple[tuple[int | None, int | None], ...]
    repeats: int = 0


def faults(run: RunDir, work: Path, lines: list[str], allowed: Allowed) -> Iterator[str]:
    """All that is wrong with the run that wrote `lines` and counted in `work`."""
    end = run.exit()
    if end is None:
        yield "no exit.json"
        return
    if (end.code, end.signal) not in allowed.ends:
        yield f"exit {end.code}, signal {end.signal} instead of {allowed.ends}"
    yield from _log(run, work, lines, end)
    yield from _history(run, end)
    yield from _copies(work)


def _log(run: RunDir, work: Path, lines: list[str], end: Exit) -> Iterator[str]:
    """Complete if the command came to its end, else at least what it knew to be written."""
    log = Path(run.log_path).read_text().splitlines() if os.path.exists(run.log_path) else []
    written = count(work / "written")
    if log != lines[: len(log)] or len(log) < written:
        yield f"{written} lines were written, the log has {len(log)}"
    if end.code is not None and end.code != 127 and len(log) != len(lines):
        yield f"the command came to its end, the log has {len(log)} of {len(lines)} lines"


def _history(run: RunDir, end: Exit) -> Iterator[str]:
    events, _ = run.events()
    keys = Counter(event.key for event in events)
    yield from (f"event {key} is there {count} times" for key, count in keys.items() if count > 1)
    kinds = Counter(event.kind for event in events)
    if kinds["ended"] != 1 or kinds["started"] > 1:
        yield f"started {kinds['started']} times, ended {kinds['ended']} times"
    if run.torn_events():
        yield "a torn line in events.jsonl"
    status = status_of(run)
    if status.state == "running" or (status.exit_code, status.signal) != (end.code, end.signal):
        yield f"the status says {status.state}, {status.exit_code}, {status.signal}"


def _copies(work: Path) -> Iterator[str]:
    started = count(work / "copies")
    if started > 1:
        yield f"the command was started {started} times"


def told(run: RunDir, file: Path, service: Path, allowed: Allowed) -> Iterator[str]:
    """Whether each recorded message came once: to the file, and to the service but for what a crash may repeat."""
    wanted = Counter(str(e.data["key"]) for e in run.events()[0] if e.kind == "notification")
    if sum(key.startswith(f"{run.id}:") for key in wanted) != len(wanted) or not wanted:
        yield f"messages recorded: {dict(wanted)}"
    for name, got in (("the file", rows(file)), ("the service", rows(service))):
        keys = Counter(str(row.get("key")) for row in got if str(row.get("key")).startswith(f"{run.id}:"))
        lost, more = wanted - keys, keys - wanted
        if lost:
            yield f"{name} never got {dict(lost)}"
        if sum(more.values()) > (allowed.repeats if name == "the service" else 0):
            yield f"{name} got {dict(more)} too often"


def leftovers(run: RunDir, look: Look | None = None) -> list[str]:
    """The processes of the run that live in the look (default: now)."""
    token = run.spec().token
    start = json.loads(Path(run.file("start.json")).read_text())
    return [f"{stat.name} ({stat.pid})" for stat in Tree(start, token).members(look)]


def rows(path: Path) -> list[dict[str, Any]]:
    """The messages that a file of a service holds."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines() if line.startswith("{")]


def count(path: Path) -> int:
    """How many lines the command counted there."""
    return len(path.read_text().splitlines()) if path.exists() else 0
