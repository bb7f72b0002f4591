"""What a new watchman takes up of the recorded events: enough for the same watch, and little for each of a million."""

import tracemalloc
from pathlib import Path

import pytest
from store_facts import event, new_run

from overnight import catalog
from overnight.core.model import Event, Exit, Telling
from overnight.core.replay import replay, simulate
from overnight.core.watch import RECALLED, Watch
from overnight.store.codec import encode
from overnight.store.rundir import RunDir
from overnight.watchman.recorded import Recorded

KNOWN = catalog.load()
LOG = [(20.0 * n, b"Epoch %d/9 - loss: %.3f\n" % (n, 1 / n)) for n in range(1, 10)]


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return new_run(tmp_path / "home", name="night")


def night(run: RunDir) -> list[Event]:
    """A whole night, its flood of notes beside the check-ins, the last of them after the end."""
    watch = Watch(run.spec(), KNOWN)
    events = simulate(watch, LOG, Exit(code=0), 200.0)
    notes = [event("note", f"note:{n}", {"text": "x"}) for n in range(50)]
    return [*events[:3], *notes, *events[3:], event("adopted", "adopted:1")]


def test_the_watch_is_the_one_that_all_events_make(run: RunDir) -> None:
    events = night(run)
    run.append(events)
    recorded = Recorded(run)
    log = [b"".join(data for _t, data in LOG)]
    before = events[: [e.kind for e in events].index("ended")]
    whole = replay(run.spec(), before, log, KNOWN)
    again = replay(run.spec(), recorded.after(0), log, KNOWN)
    assert encode(again.status(200.0)) == encode(whole.status(200.0))
    assert (recorded.before_end, recorded.offset) == (len(before), before[-1].offset)
    assert [(e.t, e.offset) for e in recorded.after(7)] == [(e.t, e.offset) for e in before[7:]]
    assert [recorded.time(done) for done in (0, 1, 9)] == [0.0, before[0].t, before[8].t]
    assert [e for e in recorded.after(0) if e.kind in RECALLED] == [e for e in before if e.kind in RECALLED]


def test_what_is_known_and_what_is_to_be_finished_is_of_all_events(run: RunDir) -> None:
    empty = Recorded(run)
    assert (empty.before_end, empty.last_t, empty.adopted, empty.to_finish) == (0, 0.0, False, [])
    telling = Telling(key="k:x", kind="success", run=run.id, name="n", command="c", elapsed_s=1.0)
    last = event("notification", "late", telling)
    events = [*night(run), last]
    run.append(events[:-1])
    recorded = Recorded(run)
    recorded.add([last])
    assert recorded.keys == {hash(e.key) for e in events}
    assert recorded.to_finish == [e for e in events if e.kind == "notification"]
    assert (recorded.last_t, recorded.last_at) == (max(e.t for e in events), last.at)
    assert recorded.adopted


def test_the_last_turn_of_a_log_is_found(run: RunDir) -> None:
    turns = [event("note", f"n:{n}", {"text": "x", "log_file": f"1:{n}", "log_base": n}) for n in (10, 30)]
    run.append([event("attached", "attached"), *turns, event("note", "other", {"text": "x"})])
    assert Recorded(run).place == ("1:30", 30)


def test_a_flood_leaves_little_of_each_event(run: RunDir) -> None:
    run.append([event("note", f"note:{n}", {"text": "x" * 200}) for n in range(20_000)])
    tracemalloc.start()
    recorded = Recorded(run)
    held, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert recorded.before_end == 20_000
    assert held < 20_000 * 200
