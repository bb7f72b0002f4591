"""The SQLite file under the index: opened, brought up to date, and its errors put in words.

Rules:
- WAL, so that readers never stop the writer; every writing transaction takes its lock at the start, so that
  none fails half-way; a locked file is waited for, up to 10 s.
- A connection per transaction (0.3 ms): safe in every thread, and a rebuilt file is noticed by all users.
- synchronous=NORMAL: a power cut may take the last transactions back; the run directories have them.
- A new file gets the present tables at once; Alembic, slow to import, is there for the older ones.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from overnight.errors import HomeUnusable, OvernightError, Unreadable
from overnight.store.home import prepare, unusable
from overnight.store.schema import HEAD, metadata

NAME = "index.db"
SIDE_FILES = ("", "-wal", "-shm", "-journal")
BUSY_S = 10.0

_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_ERROR)
_REFUSALS = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR)
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class Database:
    """The index file of one home, with the present tables.

    Raises HomeUnusable; Unreadable (`index_damaged`, `index_newer`), which says what to do.
    """

    def __init__(self, home: str) -> None:
        self.home = home
        self.path = os.path.join(home, NAME)
        prepare(home)
        self._create_private()
        self._engine = _engine(self.path)
        self._bring_up_to_date()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads: it stops nobody."""
        with self._told(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes: committed at the end, undone by an exception."""
        with self._told(), self._engine.execution_options(write=True).begin() as connection:
            yield connection

    def _create_private(self) -> None:
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except IsADirectoryError as error:
            raise _damaged(self.path, "a folder lies in its place") from error
        except OSError as error:
            raise unusable(self.path, error) from error

    def _bring_up_to_date(self) -> None:
        with self.reading() as connection:
            if _version(connection) == HEAD:
                return
        with self.writing() as connection:
            version = _version(connection)
            if version is None:
                _create(connection)
            elif version != HEAD:
                migrate(connection, self.path)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise _in_words(self.path, error.orig or error) from error
        except sqlite3.Error as error:  # while connecting, before SQLAlchemy wraps anything
            raise _in_words(self.path, error) from error


def remove(home: str) -> None:
    """Remove the index file and what belongs to it; a folder in its place, which is nobody's of ours, is moved aside.

    Raises HomeUnusable.
    """
    for side in SIDE_FILES:
        path = os.path.join(home, NAME + side)
        try:
            if os.path.isdir(path):
                os.rename(path, f"{path}.{time.time_ns()}")
            else:
                os.unlink(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise unusable(home, error) from error


def _engine(path: str) -> Engine:
    engine = create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(path, timeout=BUSY_S), poolclass=NullPool
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def _configure(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # sqlite3 begins no transaction by itself: `_begin` does
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _version(connection: Connection) -> str | None:
    known = connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'")
    if known.first() is None:
        return None
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    return str(row[0]) if row else None


def _create(connection: Connection) -> None:
    """The present tables in a new file, marked as what the migrations would have made."""
    metadata.create_all(connection)
    connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (HEAD,))


def migrate(connection: Connection, path: str) -> None:
    """From whatever tables there are to the present ones. Raises Unreadable (`index_newer`)."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option(
        "script_location", os.path.join(os.path.dirname(__file__), "migrations").replace("%", "%%")
    )
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise Unreadable(
            f"{path} was made by a newer overnight: update this one, or run `overnight rebuild`.",
            code="index_newer",
        ) from error


def _in_words(path: str, origin: BaseException) -> OvernightError:
    code = getattr(origin, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # without the extended part
    if code == sqlite3.SQLITE_FULL:
        return HomeUnusable(
            f"The disk of {path!r} is full: free some space, then try again.", code="disk_full"
        )
    if code in _BUSY:
        return OvernightError(
            f"{path} is in use by another program for over {BUSY_S:.0f} s.", code="index_busy"
        )
    if os.path.isdir(path):
        return _damaged(path, "a folder lies in its place")
    if code in _REFUSALS:
        return HomeUnusable(f"{path!r} cannot be used ({origin}).", code="home_unwritable")
    if code in _DAMAGE:
        return _damaged(path, origin)
    return OvernightError(f"{path}: {origin}", code="index_failed")


def _damaged(path: str, how: object) -> Unreadable:
    text = f"The index {path} is damaged ({how}): run `overnight rebuild`; the runs are safe."
    return Unreadable(text, code="index_damaged")
