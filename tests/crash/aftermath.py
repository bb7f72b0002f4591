"""What must be true of a batch of a storm once all is quiet: each run by `judging`, and what its hits may have cost.

Rules:
- Strict where it can be known: a code is unknown only if both keepers died and no watchman held on to the command
  from before its end until the record.
- A run that did not start is honest only when it was hit while starting, and its command line, unless killed, said so.
"""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from drawing import STARTING
from ground import LINES, family
from helpers import TooLate, processes_of, wait_for_end
from judging import Allowed, count, faults, leftovers, rows, told
from storming import Batch, Hit, Running

from overnight.keeper.tree import Look
from overnight.store.home import CLOSED
from overnight.store.rundir import RunDir
from overnight.watchman.start import watchman_pid

_NOT_BEGUN = {"keeper A", "keeper B", "both keepers", "command line", "command", "all but the command"}
_RESENDS = {"watchman", "notifier", "all but the command"}
_STOP = "import sys; from overnight import app\nfor run in sys.argv[1:]: app.stop(run, 1.0)"


def judge(batch: Batch) -> Iterator[str]:
    """A sentence per fault, beginning with the run's name."""
    if batch.late:
        yield from (f"{name}: never over ({run.phase})" for name, run in batch.runs.items() if not run.over)
    present = {RunDir(path).spec().name: RunDir(path) for path in (batch.home / "runs").glob("[!.]*")}
    for name, run in batch.runs.items():
        hits = [hit for hit in batch.hits if hit.run == name]
        of_it = _began(batch, run, present[name], hits) if name in present else _absent(run, hits)
        yield from (f"{name}: {fault}" for fault in of_it)
    yield from _sent_again(batch)
    yield from _left(batch, list(present.values()))


# ---------------------------------------------------------------- a run that is not there


def _absent(run: Running, hits: list[Hit]) -> Iterator[str]:
    if (run.work / "copies").exists():
        yield "its command was started, and its folder is gone"
    if not any(hit.phase == STARTING and hit.victim in _NOT_BEGUN for hit in hits):
        yield f"there is no such run, and nobody was hit at its start: {_said(run)}"
    if not _cli_killed(hits) and (run.cli.returncode != 1 or "not started" not in _said(run)):
        yield f"there is no such run, and its command line said {run.cli.returncode}: {_said(run)}"


def _cli_killed(hits: list[Hit]) -> bool:
    return any("command line" in hit.dead for hit in hits)


def _said(run: Running) -> str:
    return run.said.read_text() if run.said.exists() else ""


# ---------------------------------------------------------------- a run that is there


def _began(batch: Batch, run: Running, folder: RunDir, hits: list[Hit]) -> Iterator[str]:
    allowed = Allowed(tuple(_ends(batch, run, folder, hits)), _resends(batch))
    yield from faults(folder, run.work, LINES, allowed)
    yield from told(folder, batch.place / "told.log", batch.place / "received", allowed)
    wanted = [event for event in folder.events()[0] if event.kind == "notification"]
    if len(wanted) != 1:
        yield f"{len(wanted)} messages were recorded"
    if not os.path.exists(folder.file(CLOSED)):
        yield "it was not closed"
    yield from _answered(run, folder, hits)


def _answered(run: Running, folder: RunDir, hits: list[Hit]) -> Iterator[str]:
    """What its command line made of it, unless it was killed."""
    end = folder.exit()
    if _cli_killed(hits) or end is None:
        return
    ended = 1 if end.code is None else end.code
    wanted = 0 if not run.life.attached else ended if end.signal is None else 128 + end.signal
    if run.cli.returncode != wanted:
        yield f"its command line ended with {run.cli.returncode} instead of {wanted}: {_said(run)}"


def _ends(batch: Batch, run: Running, folder: RunDir, hits: list[Hit]) -> set[tuple[int | None, int | None]]:
    own, killed, unknown = (run.life.code, None), (None, 9), (None, None)
    struck = any("command" in hit.dead for hit in hits)
    if not (run.work / "copies").exists():
        hit = any(hit.phase == STARTING and hit.victim in _NOT_BEGUN for hit in hits)
        return {killed} if struck and folder.start() else {killed, unknown} if hit else {own}
    wrote_all = count(run.work / "written") == len(LINES)
    ends = {killed, own} if struck and wrote_all else {killed} if struck else {own}
    return ends | {unknown} if _unwitnessed(batch, run, folder, hits) else ends


def _unwitnessed(batch: Batch, run: Running, folder: RunDir, hits: list[Hit]) -> bool:
    """Whether both keepers died and no one watchman was there from before the end until the record."""
    start, end = folder.start(), folder.exit()
    dead = {pid for hit in hits for pid in hit.dead.values()}
    if start is None or end is None or not {pid for pid, _ in start.keepers} <= dead:
        return False
    last = run.work / ("written" if (run.work / "written").exists() else "copies")
    struck = [hit.at for hit in hits if "command" in hit.dead]
    ended = min([last.stat().st_mtime, *struck])
    follows = [e.at for e in folder.events()[0] if e.kind in ("started", "adopted") and e.at <= ended]
    watchers = [hit.at for hit in batch.hits if "watchman" in hit.dead]
    return not any(all(not since < at < end.at for at in watchers) for since in follows)


# ---------------------------------------------------------------- the batch


def _resends(batch: Batch) -> int:
    return sum(1 for hit in batch.hits if hit.victim in _RESENDS)


def _sent_again(batch: Batch) -> Iterator[str]:
    """A crash between send and mark repeats one message, whichever run it is about."""
    keys = Counter(str(row.get("key")) for row in rows(batch.place / "received"))
    more = sum(keys.values()) - len(keys)
    if more > _resends(batch):
        yield f"the service got {more} messages again after {_resends(batch)} crashes"


def _left(batch: Batch, present: list[RunDir]) -> Iterator[str]:
    """Who is there after a stop of whatever left somebody behind."""
    look = Look()
    left = [run.id for run in present if run.start() is not None and leftovers(run, look)]
    if left:
        stop = [sys.executable, "-c", _STOP, *left]
        done = subprocess.run(stop, env=batch.environment, capture_output=True, text=True)
        if done.returncode:
            yield f"a stop failed: {done.stderr}"
    look = Look()
    for run in present:
        start = run.start()
        yield from (f"{run.id}: left after a stop: {name}" for name in (start and leftovers(run, look)) or [])
        yield from _keepers_left(run.id)
    known = {watchman_pid(str(batch.home)), batch.service and batch.service.pid}
    yield from (f"left: {pid} {_words(pid)}" for pid in processes_of(batch.home) if pid not in known)


def _keepers_left(run: str) -> Iterator[str]:
    for name, pid in family(run).items():
        try:
            wait_for_end(pid)
        except TooLate:
            yield f"{run}: {name} is left"


def _words(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return "gone"
