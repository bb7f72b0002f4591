"""Reading a log that somebody else renames, cuts and deletes: every byte once, whatever happens between two reads."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from overnight.keeper.stranger import file_id
from overnight.watchman.foreign import ForeignTail, Place


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "train.log"
    path.write_bytes(b"one\n")
    return path


@pytest.fixture
def tail(log: Path) -> Iterator[ForeignTail]:
    made = ForeignTail(str(log), None, Place(file_id(log.stat()), 0), 0)
    yield made
    made.close()


def everything(tail: ForeignTail) -> bytes:
    """What there is to read now, through turns."""
    found = b""
    while True:
        turns = tail.cut
        data = tail.read()
        found += data
        if not data and tail.cut == turns:
            return found


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_what_was_written_before_and_after_a_rename_is_read_once(log: Path, tail: ForeignTail) -> None:
    assert everything(tail) == b"one\n"
    append(log, b"two\n")
    log.rename(log.with_suffix(".1"))
    log.touch()
    append(log.with_suffix(".1"), b"three\n")
    assert everything(tail) == b"two\nthree\n"
    assert tail.cut == 0
    append(log.with_suffix(".1"), b"four\n")
    append(log, b"five\n")
    assert everything(tail) == b"four\nfive\n"
    assert (tail.cut, tail.place.base, tail.position) == (1, 19, 5)


def test_a_cut_log_is_read_from_its_start(log: Path, tail: ForeignTail) -> None:
    everything(tail)
    os.truncate(log, 0)
    assert everything(tail) == b""
    append(log, b"x\n")
    assert everything(tail) == b"x\n"
    assert (tail.cut, tail.place.base) == (1, 4)


def test_one_that_was_cut_and_grew_beyond_is_known_by_what_stood_there(log: Path, tail: ForeignTail) -> None:
    everything(tail)
    log.write_bytes(b"another beginning, longer than before\n")
    assert everything(tail) == b"another beginning, longer than before\n"
    assert tail.cut == 1


def test_several_renames_between_two_looks_lose_only_what_had_no_name_left(
    log: Path, tail: ForeignTail
) -> None:
    everything(tail)
    append(log, b"two\n")
    for number in (1, 2):
        log.rename(log.with_suffix(f".{number}"))
        log.write_bytes(b"file %d\n" % number)
    assert everything(tail) == b"two\nfile 2\n"


def test_after_a_restart_the_renamed_file_is_found_in_its_folder(log: Path) -> None:
    place = Place(file_id(log.stat()), 0)
    append(log, b"two\n")
    log.rename(log.with_suffix(".1"))
    log.write_bytes(b"three\n")
    again = ForeignTail(str(log), None, place, 4)
    assert again.holds(4)
    assert everything(again) == b"two\nthree\n"
    again.close()


def test_after_a_restart_a_file_that_is_gone_makes_a_turn(log: Path) -> None:
    keeper = log.open("rb")  # so that its number is not given out again
    place = Place(file_id(log.stat()), 0)
    log.unlink()
    log.write_bytes(b"new\n")
    again = ForeignTail(str(log), None, place, 4)
    assert not again.holds(4)
    assert list(again.past()) == []
    assert everything(again) == b"new\n"
    assert (again.cut, again.place.base) == (1, 4)
    again.close()
    keeper.close()


def test_a_log_that_is_no_file_any_more_is_not_waited_for(log: Path, tail: ForeignTail) -> None:
    everything(tail)
    log.unlink()
    os.mkfifo(log)
    assert everything(tail) == b""


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_done_between_two_reads_nothing_is_doubled_and_the_order_stays(
    log: Path, tail: ForeignTail, seed: int
) -> None:
    chance = random.Random(seed)
    written = [b"one\n"]
    read, old = b"", log
    for number in range(200):
        act = chance.choice(("write", "write", "rename", "read", "late"))
        line = b"%d of %d\n" % (number, seed)
        if act == "rename" and log.exists():
            read += everything(tail)
            old = log.rename(log.with_suffix(f".{number}"))
        elif act == "late" and not log.exists():
            append(old, line)
            written.append(line)
        elif act == "write":
            append(log, line)
            written.append(line)
        elif act == "read":
            read += everything(tail)
    read += everything(tail)
    assert read == b"".join(written)
