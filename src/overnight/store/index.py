"""The index over all runs of a home, and the outbox.

Rules:
- An index: `store.rebuild` makes it anew from the run directories, which are the truth.
- The outbox has one row per message and channel. A row is marked after it was sent: a crash in between
  repeats a message, and none is lost. `enqueue` of a known key and channel changes nothing.
- Times are wall time, seconds since the epoch, and arguments: nothing here reads a clock.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Connection, bindparam, delete, func, select, update
from sqlalchemy.dialects.sqlite import Insert, insert

from overnight.core.model import RunState, Status, Telling
from overnight.errors import Unreadable
from overnight.store.codec import DamagedError, decode, encode
from overnight.store.database import Database
from overnight.store.schema import outbox, points, runs, series

FURTHEST_S = 3600.0
"""More than the longest delay before a message is tried again."""


class Due(NamedTuple):
    """One message to one channel. `channel` names the channel without its secrets, `address` opens it.

    `next_at`: when it is to be tried; `error`: why the last of its `tries` failed.
    """

    id: int
    telling: Telling
    channel: str
    address: str
    tries: int
    next_at: float
    error: str | None


class Point(NamedTuple):
    """The last value of a metric at one check-in, `t` seconds after the run's start."""

    check_in: int
    t: float
    value: float


def channel_of(address: str) -> str:
    """What an address is called where others read it: its scheme, and a mark to tell two of a kind apart."""
    scheme, found, rest = address.partition(":")
    return f"{scheme}:{hashlib.sha256(rest.encode()).hexdigest()[:6]}" if found else scheme


class Index:
    """The index of `home`. Raises HomeUnusable, and Unreadable when it needs `overnight rebuild`."""

    def __init__(self, home: str) -> None:
        self.home = home
        self._database = Database(home)

    # ------------------------------------------------------------ runs

    def put_status(self, *statuses: Status) -> None:
        """Take over statuses of runs, and the values their metrics have at this check-in."""
        with self._database.writing() as connection:
            for status in statuses:
                run_id = put_run(connection, status)
                put_points(connection, run_id, status.check_ins, status.elapsed_s, status.metrics)

    def list_runs(self, limit: int | None = None, state: RunState | None = None) -> list[Status]:
        """The latest status of the runs, newest first."""
        query = (
            select(runs.c.run, runs.c.status)
            .order_by(runs.c.started_at.desc(), runs.c.id.desc())
            .limit(limit)
        )
        if state is not None:
            query = query.where(runs.c.state == state)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [_status(row.run, row.status) for row in rows]

    def points(self, run: str, name: str) -> list[Point]:
        """The values of one metric of a run, one per check-in, in order."""
        query = (
            select(points.c.check_in, points.c.t, points.c.value)
            .join(series, series.c.id == points.c.series_id)
            .join(runs, runs.c.id == series.c.run_id)
            .where(runs.c.run == run, series.c.name == name)
            .order_by(points.c.check_in)
        )
        with self._database.reading() as connection:
            return [Point(*row) for row in connection.execute(query)]

    def drop_run(self, run: str) -> None:
        """Forget a run, its metrics and its messages."""
        with self._database.writing() as connection:
            connection.execute(delete(runs).where(runs.c.run == run))
            connection.execute(delete(outbox).where(outbox.c.run == run))

    # ------------------------------------------------------------ outbox

    def enqueue(self, telling: Telling, addresses: Iterable[str], now: float = 0.0) -> int:
        """Put a message into the outbox, due at `now`; how many channels had not had it yet."""
        with self._database.writing() as connection:
            return sum(put_message(connection, telling, address, next_at=now) for address in addresses)

    def due(self, now: float) -> list[Due]:
        """The messages to send at `now`, oldest first; a row further ahead than any delay means that the clock was put
        back since."""
        return self._messages((outbox.c.next_at <= now) | (outbox.c.next_at > now + FURTHEST_S))

    def waiting(self) -> list[Due]:
        """Every message that is still to be sent, the next one first."""
        return self._messages(outbox.c.next_at.is_not(None))

    def next_due(self, after: float = -1.0) -> float | None:
        """When the next message later than `after` is to be tried; None when there is none."""
        query = select(func.min(outbox.c.next_at)).where(outbox.c.next_at > after)
        with self._database.reading() as connection:
            return connection.execute(query).scalar()

    def pending(self) -> int:
        """How many messages are still to be sent."""
        with self._database.reading() as connection:
            query = select(func.count()).where(outbox.c.next_at.is_not(None))
            return connection.execute(query).scalar_one()

    def mark_sent(self, id_: int, now: float) -> None:
        """The message is out."""
        values = {"sent_at": now, "next_at": None, "error": None, "tries": outbox.c.tries + 1}
        self._mark(id_, values)

    def mark_failed(self, id_: int, error: str, next_try: float | None) -> None:
        """The message is not out: try again at `next_try`, or give up when that is None."""
        self._mark(id_, {"next_at": next_try, "error": error, "tries": outbox.c.tries + 1})

    def _messages(self, which: ColumnElement[bool]) -> list[Due]:
        query = select(outbox).where(which).order_by(outbox.c.next_at, outbox.c.id)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [_due(row) for row in rows]

    def _mark(self, id_: int, values: Mapping[str, Any]) -> None:
        with self._database.writing() as connection:
            connection.execute(update(outbox).where(outbox.c.id == id_).values(values))


# ---------------------------------------------------------------- rows, also for the rebuild


def _or_replace(row: Insert, keys: list[Column[Any]], *names: str) -> Insert:
    """The row, or these columns of the one that has its keys already."""
    return row.on_conflict_do_update(index_elements=keys, set_={name: row.excluded[name] for name in names})


# Built once: each check-in of each run uses them, and building takes longer than executing.
_PUT_RUN = _or_replace(insert(runs), [runs.c.run], "name", "state", "status").returning(runs.c.id)
_PUT_POINT = _or_replace(insert(points), [points.c.series_id, points.c.check_in], "t", "value")
_PUT_SERIES = insert(series).returning(series.c.id)
_SERIES = select(series.c.id).where(
    series.c.run_id == bindparam("run_id"), series.c.name == bindparam("name")
)


def put_run(connection: Connection, status: Status) -> int:
    """Insert or update the row of a run; its id."""
    row = {
        "run": status.run,
        "started_at": status.updated_at - status.elapsed_s,
        "name": status.name.encode("utf-8", "replace").decode(),
        "state": status.state,
        "status": encode(status),
    }
    run_id: int = connection.execute(_PUT_RUN, row).scalar_one()
    return run_id


def put_points(
    connection: Connection, run_id: int, check_in: int, t: float, values: Mapping[str, float]
) -> None:
    """Keep the finite ones of these values; a second look at a check-in replaces the first."""
    found = [
        {"series_id": _series(connection, run_id, name), "check_in": check_in, "t": t, "value": value}
        for name, value in values.items()
        if abs(value) < float("inf")
    ]
    if found:
        connection.execute(_PUT_POINT, found)


def put_message(
    connection: Connection,
    telling: Telling,
    address: str,
    *,
    next_at: float | None,
    sent_at: float | None = None,
    channel: str | None = None,
) -> int:
    """Insert a message to one channel; 0 when that channel has it already."""
    row = insert(outbox).values(
        key=telling.key,
        channel=channel or channel_of(address),
        address=address,
        run=telling.run,
        telling=encode(telling),
        next_at=next_at,
        sent_at=sent_at,
    )
    return connection.execute(row.on_conflict_do_nothing()).rowcount


def _series(connection: Connection, run_id: int, name: str) -> int:
    row = {"run_id": run_id, "name": name.encode("utf-8", "replace").decode()}
    found = connection.execute(_SERIES, row).scalar()
    if found is None:
        found = connection.execute(_PUT_SERIES, row).scalar_one()
    return int(found)


def _status(run: str, data: bytes) -> Status:
    try:
        return decode(data, Status)
    except DamagedError as error:
        raise _damaged(f"the status of run {run}") from error


def _due(row: Any) -> Due:
    try:
        telling = decode(row.telling, Telling)
    except DamagedError as error:
        raise _damaged(f"message {row.id}") from error
    return Due(row.id, telling, row.channel, row.address, row.tries, row.next_at, row.error)


def _damaged(what: str) -> Unreadable:
    return Unreadable(f"The index is damaged at {what}: run `overnight rebuild`.", code="index_damaged")
