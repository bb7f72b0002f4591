"""Clocks that jump: the wall clock put by a day, a machine that slept. Time only goes on, and nothing looks stalled."""

import time
from itertools import pairwise
from types import SimpleNamespace

import pytest

from overnight import catalog
from overnight.core.model import Exit, Policy, Spec, Start
from overnight.core.watch import Watch
from overnight.keeper.identity import boot_id
from overnight.watchman import ending
from overnight.watchman.ending import RunClock

DAY_S = 86_400.0
HOUR_S = 3600.0


class Clocks:
    """The three clocks of a machine: of the wall, since boot with and without suspends."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.boot, self.awake = time.time(), 1000.0, 900.0
        fake = SimpleNamespace(time=lambda: self.wall, monotonic=lambda: self.awake)
        monkeypatch.setattr(ending, "time", fake)
        monkeypatch.setattr(ending, "boottime", lambda: self.boot)

    def go_on(self, seconds: float, asleep: bool = False) -> None:
        self.wall += seconds
        self.boot += seconds
        self.awake += 0.0 if asleep else seconds


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(monkeypatch)


def start(clocks: Clocks, pid: int = 4242) -> Start:
    return Start(pid=pid, ticks=1, boot_id=boot_id(), keepers=[], at=clocks.wall, boottime=clocks.boot)


@pytest.mark.rule("W2.1", "W2.2", "W2.3")
@pytest.mark.parametrize("jump", [-DAY_S, DAY_S])
@pytest.mark.parametrize("pid", [4242, 0], ids=["command", "log alone"])
def test_a_wall_clock_that_is_put_changes_no_time_of_a_run(clocks: Clocks, jump: float, pid: int) -> None:
    run = Watch(Spec(run="k3f9", argv=["x"], cwd="/", token="t", created_at=0.0), catalog.load())
    clock = RunClock(start(clocks, pid), 0.0)
    looks = []
    for second in range(1000):
        if second == 200:
            clocks.wall += jump
        clocks.go_on(1.0)
        due = run.due(clock.now())
        if due is not None and due <= clock.now():
            looks += [event.t for event in run.look(clock.now()) if event.kind == "check_in"]
    assert looks == [30.0, 90.0, 390.0, 690.0, 990.0]
    end = Exit(code=0, at=clocks.wall, boottime=clocks.boot)
    assert clock.of(end, "/no/log") == pytest.approx(1000.0)
    assert clock.slept() == 0.0


@pytest.mark.rule("W2.3", "W4.1")
@pytest.mark.parametrize("told", [True, False], ids=["known", "unknown"])
def test_a_suspend_is_no_stall_and_one_check_in_follows_it(clocks: Clocks, told: bool) -> None:
    run = Watch(
        Spec(run="k3f9", argv=["x"], cwd="/", token="t", created_at=0.0, policy=Policy()), catalog.load()
    )
    clock = RunClock(start(clocks), 0.0)
    events = []

    def advance(steps: range) -> None:
        for epoch in steps:
            clocks.go_on(10.0)
            events.extend(run.look(clock.now()) + run.read(b"Epoch %d/900\n" % epoch, clock.now()))

    advance(range(1, 40))
    before = sum(event.kind == "check_in" for event in events)
    clocks.go_on(8 * HOUR_S, asleep=True)
    assert clock.slept() == pytest.approx(8 * HOUR_S)
    if told:
        run.slept(8 * HOUR_S)
    events += run.look(clock.now())
    assert sum(event.kind == "check_in" for event in events) == before + 1
    stalls = [event for event in events if event.kind == "problem"]
    assert bool(stalls) is not told, "what the watch does not know looks like a stall"
    advance(range(40, 80))
    progress = run.status(clock.now()).progress[0]
    assert progress.eta_s is not None
    assert 0 < progress.eta_s < 4 * (900 - 79) * 10.0
    assert all(later.t >= earlier.t for earlier, later in pairwise(events))
