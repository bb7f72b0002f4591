"""The index anew from the run directories.

Rules:
- In one transaction where the file is sound, so that readers see the old index or the new one; a damaged file
  is removed first.
- A message that was recorded and not told becomes pending again, unless it is older than a day: nobody wants
  last month's night.
- A damaged run directory is passed over and named; it does not hide the others.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, delete

from overnight.core.model import Event, Status, Telling
from overnight.core.veil import Veil
from overnight.errors import Unreadable
from overnight.store import database
from overnight.store.codec import DamagedError, decode, encode
from overnight.store.database import Database
from overnight.store.index import put_message, put_points, put_run
from overnight.store.rundir import RunDir
from overnight.store.runs import all_runs
from overnight.store.schema import outbox, points, runs, series

STALE_S = 86_400.0
_LONGEST = 200


class Rebuilt(NamedTuple):
    """What came of it: runs indexed, messages pending again, and a sentence per thing that was damaged."""

    runs: int
    pending: int
    damaged: list[str]


def rebuild(home: str, addresses: Sequence[str], now: float) -> Rebuilt:
    """Make the index of `home` anew; messages go to `addresses`. `now`: seconds since the epoch.

    Raises HomeUnusable.
    """
    try:
        return _fill(_sound(home), addresses, now)
    except Unreadable:  # damaged, or of a newer program: what it holds is in the run directories too
        database.remove(home)
        return _fill(Database(home), addresses, now)


def _sound(home: str) -> Database:
    file = Database(home)
    with file.reading() as connection:
        said = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if said != "ok":
        raise Unreadable(f"{file.path} is damaged: {said}", code="index_damaged")
    return file


def _fill(file: Database, addresses: Sequence[str], now: float) -> Rebuilt:
    total, pending = 0, 0
    damaged: list[str] = []
    with file.writing() as connection:
        for table in (points, series, runs, outbox):
            connection.execute(delete(table))
        for run in reversed(list(all_runs(file.home))):
            try:
                with connection.begin_nested():
                    damaged += _take_run(connection, run)
                    pending += _take_messages(connection, run, addresses, now)
                total += 1
            except Unreadable as error:
                damaged.append(str(error))
            except (ValueError, OverflowError) as error:  # a name or a number that no column takes
                damaged.append(f"Run {run.id} cannot be indexed: {' '.join(str(error).split())[:_LONGEST]}")
    return Rebuilt(total, pending, damaged)


def _take_run(connection: Connection, run: RunDir) -> list[str]:
    """Index the run; a sentence per thing of it that is damaged."""
    damaged = _torn(run)
    try:
        status = run.status() or _status_without_watch(run, run.events_of("ended"))
    except Unreadable as error:
        damaged.append(str(error))
        status = _status_without_watch(run, run.events_of("ended"))
    run_id = put_run(connection, status)
    for event in run.events_of("check_in"):
        put_points(connection, run_id, *_values(event))
    return damaged


def _status_without_watch(run: RunDir, events: Iterable[Event]) -> Status:
    """What the run directory says by itself, where no status can be read."""
    spec, start, exit_ = run.spec(), run.start(), run.exit()
    end = next((event for event in events if event.kind == "ended"), None)
    began = start.at if start else spec.created_at
    elapsed_s = max(0.0, exit_.at - began) if exit_ else 0.0
    status = Status(
        run=run.id,
        name=spec.name or (spec.argv or [run.id])[0],
        state=end.data.get("state", "lost") if end else "lost" if exit_ else "running",
        exit_code=exit_.code if exit_ else None,
        signal=exit_.signal if exit_ else None,
        phase="ended" if exit_ else "starting",
        verdict="finished" if exit_ else "ok",
        elapsed_s=elapsed_s,
        progress=[],
        best=None,
        metrics={},
        problems=[],
        question=None,
        next_check_in_s=None,
        log=run.log_path,
        command=spec.argv,
        cwd=spec.cwd,
        tags=spec.tags,
        replaces=spec.replaces,
        changed=spec.changed,
        updated_at=began + elapsed_s,
    )
    return Veil.of(spec).record(status)


def _values(event: Event) -> tuple[int, float, dict[str, float]]:
    try:
        values = msgspec.convert(event.data.get("metrics", {}), dict[str, float], strict=False)
        return msgspec.convert(event.data.get("number", 0), int), event.t, values
    except ValueError:
        return 0, event.t, {}


def _take_messages(connection: Connection, run: RunDir, addresses: Sequence[str], now: float) -> int:
    """Put the run's messages into the outbox, the told ones as told; how many are to be sent."""
    told: dict[str, dict[str, float]] = {}
    for event in run.events_of("told"):
        told.setdefault(str(event.data.get("key")), {})[str(event.data.get("channel"))] = event.at
    pending = 0
    for event in run.events_of("notification"):
        telling = _telling(event)
        if telling is None:
            continue
        for channel, at in told.get(telling.key, {}).items():
            put_message(connection, telling, "", channel=channel, next_at=None, sent_at=at)
        if now - event.at < STALE_S:
            pending += sum(put_message(connection, telling, address, next_at=now) for address in addresses)
    return pending


def _telling(event: Event) -> Telling | None:
    if event.kind != "notification":
        return None
    try:
        return decode(encode(event.data), Telling)
    except DamagedError:
        return None


def _torn(run: RunDir) -> list[str]:
    torn = run.torn_events()
    return [f"Run {run.id}: {torn} torn line(s) of events.jsonl were passed over."] if torn else []
