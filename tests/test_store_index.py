"""The index and the outbox."""

import multiprocessing
import os
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from store_facts import MAY_MOUNT, event, new_run, on_a_small_disk, status, telling

from overnight.errors import HomeUnusable, OvernightError, Unreadable
from overnight.store import database, migrations, schema
from overnight.store.index import Index, Point, channel_of
from overnight.store.rebuild import rebuild

WEB = "json://user:secret@localhost:1"
NOW = 1_795_385_640.0


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(str(tmp_path))


# ---------------------------------------------------------------- runs


def test_the_latest_status_counts_and_the_newest_run_comes_first(index: Index) -> None:
    index.put_status(status("old1", updated_at=NOW - 100))
    index.put_status(status("new1", updated_at=NOW))
    index.put_status(status("old1", updated_at=NOW + 500, elapsed_s=5000.0, check_ins=9))
    assert [(one.run, one.check_ins) for one in index.list_runs()] == [("new1", 4), ("old1", 9)]
    assert [one.run for one in index.list_runs(limit=1)] == ["new1"]


def test_runs_are_listed_by_their_state(index: Index) -> None:
    index.put_status(status("aaaa"))
    index.put_status(status("bbbb", state="failed"))
    assert [one.run for one in index.list_runs(state="failed")] == ["bbbb"]


def test_a_metric_has_one_value_per_check_in(index: Index) -> None:
    for check_in, value in ((1, 0.5), (2, float("nan")), (3, 0.3), (3, 0.2)):
        index.put_status(status(metrics={"loss": value}, check_ins=check_in, elapsed_s=10.0 * check_in))
    assert index.points("k3f9", "loss") == [Point(1, 10.0, 0.5), Point(3, 30.0, 0.2)]
    assert index.points("k3f9", "unknown") == index.points("nope", "loss") == []


def test_hostile_names_and_numbers_go_in_and_out(index: Index) -> None:
    odd = status(name="\udcff'; DROP TABLE runs; --", metrics={"\udcff": 1.0, "x": float("inf")})
    index.put_status(odd)
    (read,) = index.list_runs()
    assert (read.name, read.metrics) == (odd.name, odd.metrics)


def test_a_dropped_run_leaves_nothing(index: Index, tmp_path: Path) -> None:
    index.put_status(status())
    index.put_status(status("other"))
    index.enqueue(telling(), ["desktop"])
    index.drop_run("k3f9")
    assert [one.run for one in index.list_runs()] == ["other"]
    with sqlite3.connect(tmp_path / "index.db") as raw:
        counts = [raw.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("series", "points")]
    assert (counts, index.pending()) == ([1, 1], 0)


# ---------------------------------------------------------------- outbox


def test_a_message_is_due_once_for_each_channel(index: Index) -> None:
    assert index.enqueue(telling(), ["desktop", WEB], NOW) == 2
    assert index.enqueue(telling(elapsed_s=1.0), ["desktop", WEB], NOW) == 0
    assert index.due(NOW - 1) == []
    due = index.due(NOW)
    assert [(one.channel, one.address, one.tries) for one in due] == [
        ("desktop", "desktop", 0),
        (channel_of(WEB), WEB, 0),
    ]
    assert due[0].telling == telling()


def test_what_was_sent_is_not_due_and_not_taken_again(index: Index) -> None:
    index.enqueue(telling(), ["desktop", WEB], NOW)
    first, second = index.due(NOW)
    index.mark_sent(first.id, NOW)
    assert [one.id for one in index.due(NOW + 1e9)] == [second.id]
    assert index.enqueue(telling(), ["desktop"], NOW) == 0
    assert index.pending() == 1


def test_what_failed_is_due_later_with_its_reason(index: Index) -> None:
    index.enqueue(telling(), ["desktop"], NOW)
    (message,) = index.due(NOW)
    index.mark_failed(message.id, "no answer", NOW + 5)
    assert (index.due(NOW + 4), index.next_due()) == ([], NOW + 5)
    (later,) = index.due(NOW + 5)
    assert (later.tries, later.error, later.next_at) == (1, "no answer", NOW + 5)
    assert index.waiting() == [later]
    assert index.next_due(after=NOW + 5) is None


def test_what_was_given_up_is_no_longer_pending(index: Index) -> None:
    index.enqueue(telling(), ["desktop"], NOW)
    (message,) = index.due(NOW)
    index.mark_failed(message.id, "no such address", None)
    assert (index.pending(), index.next_due(), index.due(NOW + 1e9)) == (0, None, [])


def test_a_channel_is_named_without_its_secrets() -> None:
    assert channel_of("desktop") == "desktop"
    assert "secret" not in channel_of(WEB)
    assert channel_of(WEB) == channel_of(WEB) != channel_of(WEB + "2")


# ---------------------------------------------------------------- the file


def test_the_file_is_private_and_lets_readers_in_while_it_is_written(index: Index, tmp_path: Path) -> None:
    assert stat.S_IMODE(os.stat(tmp_path / "index.db").st_mode) == 0o600
    with sqlite3.connect(tmp_path / "index.db") as raw:
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    index.put_status(status())
    with index._database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM runs")
        assert len(index.list_runs()) == 1


def put(home: str, name: str, count: int) -> None:
    index = Index(home)
    for n in range(count):
        index.put_status(status(name, check_ins=n))


def test_many_processes_write_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    names = [f"run{n}" for n in range(4)]
    writers = [context.Process(target=put, args=(str(tmp_path), name, 25)) for name in names]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0, 0, 0]
    index = Index(str(tmp_path))
    assert sorted(one.run for one in index.list_runs()) == names
    assert all(len(index.points(name, "val_loss")) == 25 for name in names)


def test_the_migrations_make_the_tables_that_a_new_file_gets(tmp_path: Path, index: Index) -> None:
    with create_engine(f"sqlite:///{tmp_path / 'migrated.db'}").begin() as connection:
        database.migrate(connection, "migrated.db")
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
        made = set(connection.exec_driver_sql("SELECT type, name FROM sqlite_master"))
    with index._database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
        assert set(connection.exec_driver_sql("SELECT type, name FROM sqlite_master")) == made
    assert migrations.__file__ is not None
    assert ScriptDirectory(os.path.dirname(migrations.__file__)).get_heads() == [schema.HEAD]


def test_points_are_stored_without_rowid(tmp_path: Path, index: Index) -> None:
    with sqlite3.connect(tmp_path / "index.db") as raw:
        (made,) = raw.execute("SELECT sql FROM sqlite_master WHERE name = 'points'").fetchone()
    assert "WITHOUT ROWID" in made


def test_an_index_of_a_newer_program_is_left_alone(tmp_path: Path, index: Index) -> None:
    with sqlite3.connect(tmp_path / "index.db") as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Unreadable, match="made by a newer overnight") as caught:
        Index(str(tmp_path))
    assert caught.value.code == "index_newer"


@pytest.mark.parametrize("damage", ["garbage", "half", "tables", "row"])
def test_a_damaged_index_says_to_rebuild_it(tmp_path: Path, index: Index, damage: str) -> None:
    run = new_run(tmp_path, name="sweep-A")
    run.write_status(status(run.id))
    for n in range(50):
        index.put_status(status(f"r{n:03d}", note="x" * 2000))
    file = tmp_path / "index.db"
    if damage == "garbage":
        file.write_bytes(b"no database " * 1000)
    elif damage == "half":
        os.truncate(file, file.stat().st_size // 2)
    else:
        with sqlite3.connect(file) as raw:
            raw.execute("DROP TABLE runs" if damage == "tables" else "UPDATE runs SET status = x'7b'")
    with pytest.raises(Unreadable, match="run `overnight rebuild`") as caught:
        Index(str(tmp_path)).list_runs()
    assert caught.value.code == "index_damaged"
    assert rebuild(str(tmp_path), [], NOW).runs == 1
    assert [one.run for one in index.list_runs()] == [run.id]


def test_a_place_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "index.db").symlink_to("index.db")
    with pytest.raises(HomeUnusable) as caught:
        Index(str(tmp_path))
    assert caught.value.code == "home_unwritable"


def test_a_locked_index_is_waited_for_and_then_said(
    tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    raw = sqlite3.connect(tmp_path / "index.db", isolation_level=None)
    raw.execute("BEGIN IMMEDIATE")
    with pytest.raises(OvernightError, match="in use by another program") as caught:
        index.put_status(status())
    assert caught.value.code == "index_busy"
    raw.execute("ROLLBACK")
    raw.close()
    index.put_status(status())


FULL = """
import sys
sys.path.insert(0, sys.argv[2])
from store_facts import status
from overnight.errors import HomeUnusable
from overnight.store.index import Index
index = Index(sys.argv[1])
try:
    for n in range(1000):
        index.put_status(status(f"r{n}", note="x" * 3000))
except HomeUnusable as error:
    print(error.code, len(Index(sys.argv[1]).list_runs()) == n)
"""


@pytest.mark.skipif(not MAY_MOUNT, reason="a small disk of one's own needs a mount namespace")
def test_a_full_disk_is_said_and_undoes_nothing(tmp_path: Path) -> None:
    assert on_a_small_disk(tmp_path, 512, FULL, str(Path(__file__).parent)) == "disk_full True\n"


# ---------------------------------------------------------------- rebuilding


def test_the_index_is_rebuilt_from_the_run_directories(tmp_path: Path) -> None:
    home = str(tmp_path)
    index, run = Index(home), new_run(tmp_path, name="sweep-A", created_at=NOW - 690)
    final = status(run.id, state="succeeded")
    checks = [event("check_in", f"check_in:{n}", {"number": n, "metrics": {"loss": 1 / n}}) for n in (1, 2)]
    run.append(checks)
    run.write_status(final)
    for seen in checks:
        index.put_status(status(run.id, metrics=seen.data["metrics"], check_ins=seen.data["number"]))
    index.put_status(final)
    before = index.list_runs(), [point.value for point in index.points(run.id, "loss")]
    index.put_status(status("gone"))
    shutil.rmtree(tmp_path / "runs" / "gone", ignore_errors=True)
    assert rebuild(home, [], NOW) == (1, 0, [])
    assert (index.list_runs(), [point.value for point in index.points(run.id, "loss")]) == before


def test_a_message_that_was_not_told_is_pending_again(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    message = telling(run.id)
    run.append([event("notification", "notification:success", message, at=NOW - 60)])
    run.append([event("told", "told", {"key": message.key, "channel": "desktop"}, at=NOW - 50)])
    assert rebuild(str(tmp_path), ["desktop", WEB], NOW).pending == 1
    index = Index(str(tmp_path))
    assert [(one.address, one.telling) for one in index.due(NOW)] == [(WEB, message)]
    assert index.enqueue(message, ["desktop"], NOW) == 0


def test_old_news_is_not_told(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    run.append([event("notification", "notification:success", telling(run.id), at=NOW - 90_000)])
    assert rebuild(str(tmp_path), ["desktop"], NOW).pending == 0


def test_a_damaged_run_is_named_and_hides_no_other(tmp_path: Path) -> None:
    sound, no_intent, no_status, torn = (new_run(tmp_path, name=name) for name in ("a", "b", "c", "d"))
    Path(no_intent.file("spec.json")).write_text("{")
    Path(no_status.file("status.json")).write_text("{")
    no_status.append([event("ended", "ended", {"state": "failed"})])
    Path(no_status.file("exit.json")).write_text('{"code": 3, "at": 1}')
    Path(torn.file("events.jsonl")).write_text('{"t": 1, "ki')
    done = rebuild(str(tmp_path), [], NOW)
    assert done.runs == 3
    assert len(done.damaged) == 3
    found = {one.run: one for one in Index(str(tmp_path)).list_runs()}
    assert set(found) == {sound.id, no_status.id, torn.id}
    assert (found[no_status.id].state, found[no_status.id].exit_code) == ("failed", 3)
