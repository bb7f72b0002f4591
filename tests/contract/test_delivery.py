"""From the outbox to the people: exactly once, whatever service, disk and process do in between."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from http_place import How, WebService

sys.path.insert(0, str(Path(__file__).parents[1]))  # the facts that the tests of the store use too
from store_facts import ENVIRONMENT, event, new_run, telling

from overnight.errors import HomeUnusable
from overnight.notify import outbox
from overnight.notify.channels import apprise
from overnight.notify.outbox import Sender
from overnight.settings import Settings
from overnight.store.index import Index, channel_of
from overnight.store.rebuild import rebuild
from overnight.store.rundir import RunDir


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same steps in less time."""
    monkeypatch.setattr(outbox, "FIRST_DELAY_S", 0.02)
    monkeypatch.setattr(outbox, "LONGEST_DELAY_S", 0.05)
    monkeypatch.setattr(outbox, "TROUBLE_DELAY_S", 0.05)
    monkeypatch.setattr(apprise, "_ANSWER_S", 0.5)


@pytest.fixture
def service() -> Iterator[WebService]:
    made = WebService()
    yield made
    made.close()


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return new_run(tmp_path)


class Marked(Index):
    """An index that says when a row was marked, so that tests can wait for it."""

    def __init__(self, home: str) -> None:
        super().__init__(home)
        self.marks: list[tuple[int, str]] = []
        self.changed = threading.Condition()

    def mark_sent(self, id_: int, now: float) -> None:
        super().mark_sent(id_, now)
        self._note(id_, "sent")

    def mark_failed(self, id_: int, error: str, next_try: float | None) -> None:
        super().mark_failed(id_, error, next_try)
        self._note(id_, "failed")

    def wait_for(self, what: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(what, 30), self.marks

    def _note(self, id_: int, what: str) -> None:
        with self.changed:
            self.marks.append((id_, what))
            self.changed.notify_all()


@pytest.fixture
def index(run: RunDir) -> Marked:
    return Marked(run.home)


@pytest.fixture
def sender(index: Marked) -> Iterator[Sender]:
    made = Sender(index, Settings(lang="en"))
    made.start()
    yield made
    made.stop()


def told(run: RunDir) -> list[tuple[str, str]]:
    return [(e.data["key"], e.data["channel"]) for e in run.events()[0] if e.kind == "told"]


def sent(index: Marked) -> int:
    return [what for _, what in index.marks].count("sent")


def test_a_message_goes_out_is_marked_and_written_into_the_history(
    run: RunDir, index: Marked, sender: Sender, service: WebService
) -> None:
    message = telling(run.id)
    index.enqueue(message, [service.address])
    sender.wake()
    sender.wake()
    index.wait_for(lambda: sent(index) == 1)
    sender.stop()
    assert [one["title"] for one in service.received] == [
        "✅ sweep-A finished after 7 h 42 — best 0.0312 (trial 87)"
    ]
    assert told(run) == [(message.key, channel_of(service.address))]
    assert (index.pending(), service.hits) == (0, 1)


def test_what_was_pending_before_the_start_goes_out_without_a_wake(
    run: RunDir, index: Marked, service: WebService
) -> None:
    index.enqueue(telling(run.id), [service.address])
    late = Sender(index, Settings(lang="fr"))
    late.start()
    index.wait_for(lambda: sent(index) == 1)
    late.stop()
    assert service.received[0]["title"].startswith("✅ sweep-A fini après")


@pytest.mark.parametrize("how", ["error", "limit", "drop", "hang", "slow"])
def test_a_service_that_fails_and_comes_back_is_told_exactly_once(
    run: RunDir, index: Marked, sender: Sender, service: WebService, how: How
) -> None:
    service.how = how
    index.enqueue(telling(run.id), [service.address])
    sender.wake()
    service.wait_for(lambda: service.hits >= (1 if how == "slow" else 2))
    service.how = "well"
    index.wait_for(lambda: sent(index) == 1)
    sender.wake()
    sender.stop()
    assert len(service.received) == 1
    assert (len(told(run)), index.pending()) == (1, 0)


def test_a_service_that_took_a_message_and_did_not_say_so_hears_it_again_under_its_key(
    run: RunDir, index: Marked, sender: Sender, service: WebService
) -> None:
    service.how = "deaf"
    index.enqueue(telling(run.id), [service.address])
    sender.wake()
    service.wait_for(lambda: service.hits >= 1)
    service.how = "well"
    index.wait_for(lambda: sent(index) == 1)
    sender.stop()
    assert {one["key"] for one in service.received} == {telling(run.id).key}
    assert (len(told(run)), index.pending()) == (1, 0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The sender's wall clock, with the delays it has in earnest; `ahead`: how far it was put on, in seconds."""
    moved = SimpleNamespace(ahead=0.0, time=lambda: time.time() + moved.ahead, monotonic=time.monotonic)
    monkeypatch.setattr(outbox, "time", moved)
    monkeypatch.setattr(outbox, "FIRST_DELAY_S", 5.0)
    monkeypatch.setattr(outbox, "LONGEST_DELAY_S", 900.0)
    return moved


def test_what_a_service_missed_in_the_hours_that_it_was_down_it_gets_once(
    run: RunDir, index: Marked, service: WebService, clock: SimpleNamespace, tmp_path: Path
) -> None:
    """The messages of two runs; the other channel gets them at once."""
    other, file = new_run(tmp_path), tmp_path / "told.log"
    sender = Sender(index, Settings(lang="en"))
    sender.start()
    service.how, hours, tries = "error", 0.0, 0
    for one in (run, other):
        index.enqueue(telling(one.id), [service.address, f"file:{file}"], clock.time())
    while hours < 6:
        sender.wake()
        tries += 2
        index.wait_for(lambda due=tries: [what for _, what in index.marks].count("failed") >= due)
        due = index.next_due()
        assert due is not None
        hours += (due - clock.time()) / 3600
        clock.ahead += due - clock.time() + 1
    assert 2 * 20 < service.hits < 2 * 60, "often at first, then every quarter of an hour"
    assert file.read_text().count('{"key"') == 2
    service.how = "well"
    sender.wake()
    index.wait_for(lambda: sent(index) == 4)
    sender.stop()
    assert sorted(one["key"] for one in service.received) == sorted(
        telling(one.id).key for one in (run, other)
    )
    assert (len(told(run)), len(told(other)), index.pending()) == (2, 2, 0)


@pytest.mark.parametrize("days", [-1, 1])
def test_a_message_that_waits_is_told_in_time_although_the_clock_is_put(
    run: RunDir, index: Marked, service: WebService, clock: SimpleNamespace, days: int
) -> None:
    service.how = "error"
    index.enqueue(telling(run.id), [service.address], clock.time())
    sender = Sender(index, Settings(lang="en"))
    sender.start()
    index.wait_for(lambda: len(index.marks) == 1)
    service.how = "well"
    clock.ahead = days * 86_400.0
    sender.wake()
    index.wait_for(lambda: sent(index) == 1)
    sender.stop()
    assert (len(service.received), index.pending()) == (1, 0)


def test_a_broken_channel_repeats_nothing_on_the_others(
    run: RunDir, index: Marked, sender: Sender, service: WebService, tmp_path: Path
) -> None:
    file = tmp_path / "told.log"
    service.how = "error"
    index.enqueue(telling(run.id), [service.address, f"file:{file}"])
    sender.wake()
    service.wait_for(lambda: service.hits >= 3)
    service.how = "well"
    index.wait_for(lambda: sent(index) == 2)
    sender.stop()
    assert file.read_text().count('{"key"') == len(service.received) == 1


def test_a_hanging_channel_holds_up_neither_the_others_nor_who_wakes(
    run: RunDir, index: Marked, sender: Sender, service: WebService, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(apprise, "_ANSWER_S", 60.0)
    service.how = "hang"
    file = tmp_path / "told.log"
    index.enqueue(telling(run.id), [service.address])
    sender.wake()
    service.wait_for(lambda: service.hits == 1)
    for n in range(3):
        index.enqueue(telling(run.id, key=f"{run.id}:{n}"), [service.address, f"file:{file}"])
        sender.wake()
    index.wait_for(lambda: sent(index) == 3)
    assert file.read_text().count('{"key"') == 3
    assert (service.hits, service.received) == (1, [])
    sender.stop(timeout_s=0.1)


def test_an_address_that_cannot_be_is_given_up_at_once(run: RunDir, index: Marked, sender: Sender) -> None:
    index.enqueue(telling(run.id), ["nonsense://x"])
    sender.wake()
    index.wait_for(lambda: len(index.marks) == 1)
    assert (index.pending(), told(run)) == (0, [])


def test_messages_of_one_channel_stay_in_order(
    run: RunDir, index: Marked, sender: Sender, service: WebService
) -> None:
    for n in range(5):
        index.enqueue(telling(run.id, key=str(n), name=f"sweep-{n}"), [service.address], float(n))
    sender.wake()
    index.wait_for(lambda: sent(index) == 5)
    names = [one["title"].split()[1] for one in service.received]
    assert names == [f"sweep-{n}" for n in range(5)]


class FullDisk(Marked):
    """An index that cannot be written for a while."""

    full = 3

    def mark_sent(self, id_: int, now: float) -> None:
        if self.full:
            self.full -= 1
            raise HomeUnusable("The disk is full.", code="disk_full")
        super().mark_sent(id_, now)


def test_what_was_sent_and_cannot_be_marked_is_not_sent_again(run: RunDir, service: WebService) -> None:
    index = FullDisk(run.home)
    index.enqueue(telling(run.id), [service.address])
    sender = Sender(index, Settings())
    sender.start()
    index.wait_for(lambda: sent(index) == 1)
    sender.stop()
    assert (len(service.received), service.hits, index.pending()) == (1, 1, 0)


def test_a_run_that_is_gone_stops_no_message(index: Marked, sender: Sender, service: WebService) -> None:
    index.enqueue(telling("gone"), [service.address])
    sender.wake()
    index.wait_for(lambda: sent(index) == 1)
    assert len(service.received) == 1


KILLED = """
import sys, threading
from overnight.notify.outbox import Sender
from overnight.settings import Settings
from overnight.store.index import Index
class Stuck(Index):
    def mark_sent(self, id_, now):
        print("sent", flush=True)
        threading.Event().wait()
sender = Sender(Stuck(sys.argv[1]), Settings(lang="en"))
sender.start()
threading.Event().wait()
"""


def test_a_kill_between_sending_and_marking_repeats_the_message_under_its_key(
    run: RunDir, index: Marked, service: WebService, tmp_path: Path
) -> None:
    file = tmp_path / "told.log"
    index.enqueue(telling(run.id), [service.address, f"file:{file}"])
    first = subprocess.Popen(
        [sys.executable, "-c", KILLED, run.home], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    )
    assert first.stdout is not None
    assert [first.stdout.readline() for _ in range(2)] == ["sent\n", "sent\n"]
    first.kill()
    first.wait(timeout=30)
    second = Sender(index, Settings(lang="en"))
    second.start()
    index.wait_for(lambda: sent(index) == 2)
    second.stop()
    assert len(service.received) == 2, "nothing is lost: a service without memory hears it twice"
    lines = [json.loads(line) for line in file.read_text().splitlines() if line.startswith("{")]
    assert [line["key"] for line in lines] == [telling(run.id).key], "one that knows keys hears it once"


def test_a_rebuilt_outbox_repeats_nothing_that_was_told(
    run: RunDir, index: Marked, service: WebService, tmp_path: Path
) -> None:
    message, now = telling(run.id), 1_795_385_640.0
    run.append([event("notification", "notification:success", message, at=now)])
    index.enqueue(message, [service.address])
    first = Sender(index, Settings())
    first.start()
    index.wait_for(lambda: sent(index) == 1)
    first.stop()
    os.truncate(tmp_path / "index.db", 100)
    assert rebuild(run.home, [service.address], now).pending == 0
    assert index.enqueue(message, [service.address]) == 0


def test_a_stopped_sender_sends_no_more(
    run: RunDir, index: Marked, sender: Sender, service: WebService
) -> None:
    sender.stop()
    index.enqueue(telling(run.id), [service.address])
    sender.wake()
    assert (index.pending(), service.hits) == (1, 0)
    assert "sender" not in [thread.name for thread in threading.enumerate()]
