"""The tables of the index.

Rules:
- Everything here can be had again from the run directories; nothing is kept here alone.
- Metric points are narrow and without rowid, keyed by an integer series: a quarter of the size and of the
  time of a table with the names in each row (a million points: 30 MB, a series of 5,000 read in under 2 ms).
- A change here is a new migration in `migrations/versions`, and `HEAD` names the last one.
"""

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

HEAD = "0001"
"""The migration that makes these tables."""

metadata = MetaData()

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("started_at", Float, nullable=False),
    Column("status", LargeBinary, nullable=False),
    Index("runs_by_start", "started_at"),
)
"""One row per run: what a list of runs sorts and filters by, and the whole status as JSON."""

series = Table(
    "series",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    UniqueConstraint("run_id", "name", name="series_of_run"),
)
"""One row per metric of a run."""

points = Table(
    "points",
    metadata,
    Column("series_id", Integer, ForeignKey("series.id", ondelete="CASCADE"), primary_key=True),
    Column("check_in", Integer, primary_key=True),
    Column("t", Float, nullable=False),
    Column("value", Float, nullable=False),
    sqlite_with_rowid=False,
)
"""The last value of a metric at each check-in."""

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("run", Text, nullable=False),
    Column("telling", LargeBinary, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_at", Float),
    Column("sent_at", Float),
    Column("error", Text),
    UniqueConstraint("key", "channel", name="told_once"),
    Index("outbox_by_due", "next_at"),
)
"""One row per message and channel, so that a broken channel repeats nothing on the others.

`next_at` is when to try (again); NULL with `sent_at` is told, NULL without it is given up.
"""
