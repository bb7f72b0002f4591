"""Two watchmen where one should be: by force, and by an upgrade while one is at work. Nothing is lost or told twice."""

import asyncio
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from helpers import kill, wait_for_end, wait_in
from night import Nights, Puppet, tellings

import overnight
from overnight import app
from overnight.core.model import Event
from overnight.keeper.identity import is_held
from overnight.store.home import WATCH_LOCK
from overnight.watchman import lock
from overnight.watchman.journal import Journal, OvertakenError
from overnight.watchman.recorded import Recorded
from overnight.watchman.start import LOG, ensure, holder, watchman_pid
from overnight.watchman.threads import Threads

PACKAGE = Path(overnight.__file__).parent


def everything_once(nights: Nights, puppet: Puppet, code: int) -> None:
    """End the run: all that was recorded and told of it is there once."""
    puppet.end(code)
    puppet.night.closed()
    keys = Counter(event.key for event in puppet.night.events())
    assert [key for key, count in keys.items() if count > 1] == []
    numbers = [event.data["number"] for event in puppet.night.events("check_in")]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [event.data["exit"]["code"] for event in puppet.night.events("ended")] == [code]
    assert len({row["key"] for row in tellings(nights.home)}) == len(tellings(nights.home)) == 1


@pytest.mark.rule("W0.2")
def test_a_watchman_whose_lock_was_removed_takes_it_again(nights: Nights) -> None:
    puppet = nights.puppet()
    puppet.night.until("check_in")
    pid = nights.watchman
    (nights.home.path / WATCH_LOCK).unlink()
    wait_in(nights.home.path, lambda: watchman_pid(str(nights.home.path)) is not None)
    assert nights.watchman == pid
    everything_once(nights, puppet, 7)


@pytest.mark.rule("W0.2", "W4.2")
def test_of_two_watchmen_one_gives_way(nights: Nights) -> None:
    """The first one hangs, somebody removes its lock, a second one takes over, and the first one comes back."""
    puppet = nights.puppet()
    puppet.night.status(
        lambda status: status.check_ins == 1
    )  # nothing in its hands, and the next one soon due
    first = nights.watchman
    os.kill(first, signal.SIGSTOP)
    (nights.home.path / WATCH_LOCK).unlink()
    app.status(puppet.night.id)
    second = nights.watchman
    assert second != first
    puppet.night.until("adopted")
    puppet.progress(2)
    puppet.night.until("check_in", 2)  # the first one is late for it
    os.kill(first, signal.SIGCONT)
    wait_for_end(first)
    assert nights.watchman == second
    everything_once(nights, puppet, 7)


def version_at_work(nights: Nights, place: Path, version: str) -> int:
    """Start a watchman of another version; its pid."""
    code = place / "other"
    shutil.copytree(PACKAGE, code / "overnight", ignore=shutil.ignore_patterns("__pycache__"))
    init = code / "overnight" / "__init__.py"
    text = init.read_text()
    assert f'__version__ = "{overnight.__version__}"' in text
    init.write_text(text.replace(f'"{overnight.__version__}"', f'"{version}"'))
    script = "import sys; from overnight.watchman.start import ensure; ensure(sys.argv[1])"
    words = [sys.executable, "-c", script, str(nights.home.path)]
    subprocess.run(words, env={**os.environ, "PYTHONPATH": str(code)}, check=True, timeout=30)
    pid = nights.watchman
    found = holder(str(nights.home.path))
    assert found is not None
    assert (found.pid, found.version) == (pid, version)
    return pid


@pytest.mark.rule("W0.2", "W4.2")
def test_a_watchman_of_an_older_version_is_replaced_at_the_next_look(nights: Nights, tmp_path: Path) -> None:
    """In the middle of a run, of which it has recorded and told."""
    puppet = nights.puppet()
    puppet.night.until("check_in")
    nights.kill_watchman()
    older = version_at_work(nights, tmp_path, "0.0.9")
    puppet.night.until("adopted")
    app.status(puppet.night.id)
    wait_for_end(older)
    puppet.night.until("adopted", 2)
    found = holder(str(nights.home.path))
    assert found is not None
    assert (found.pid, found.version) == (nights.watchman, overnight.__version__)
    assert "SIGTERM" in (nights.home.path / LOG).read_text()
    everything_once(nights, puppet, 7)


@pytest.mark.rule("W0.2")
def test_an_older_one_that_hangs_is_killed(
    nights: Nights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = version_at_work(nights, tmp_path, "0.0.9")
    os.kill(older, signal.SIGSTOP)
    monkeypatch.setattr(lock, "_GO_S", 0.2)
    held = lock.take_over(str(nights.home.path))
    assert held is not None
    wait_for_end(older)
    held.release()


@pytest.mark.rule("W0.2")
def test_a_watchman_of_a_newer_version_is_left_at_work(nights: Nights, tmp_path: Path) -> None:
    newer = version_at_work(nights, tmp_path, "99.1")
    puppet = nights.puppet()
    puppet.night.until("check_in")
    assert not ensure(str(nights.home.path))
    assert nights.watchman == newer
    everything_once(nights, puppet, 7)


@pytest.fixture
def let_go(nights: Nights) -> Iterator[Callable[[], None]]:
    """A watchman killed between fork and exec: its child holds the home's lock until this is called."""
    ensure(str(nights.home.path))
    pid = nights.watchman
    kill(pid)
    with (nights.home.path / WATCH_LOCK).open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[held.fileno()])

    def go() -> None:
        child.communicate(timeout=30)

    yield go
    go()


@pytest.mark.rule("W0.2")
def test_a_lock_that_a_killed_one_left_to_its_child_is_nobodys(
    nights: Nights, let_go: Callable[[], None]
) -> None:
    assert is_held(str(nights.home.path / WATCH_LOCK))
    assert watchman_pid(str(nights.home.path)) is None
    assert ensure(str(nights.home.path))
    let_go()
    puppet = nights.puppet()
    puppet.night.until("check_in")
    everything_once(nights, puppet, 7)


@pytest.mark.rule("W0.2")
def test_it_is_waited_for_and_no_longer_than_a_child_may_take(
    nights: Nights, let_go: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = lock._outwaited
    with monkeypatch.context() as short:
        short.setattr(lock, "_LEFT_S", 0.1)
        assert lock.take(str(nights.home.path)) is None

    def waits_while_it_goes(fd: int) -> int | None:
        going = threading.Timer(0.05, let_go)
        going.start()
        try:
            return waits(fd)
        finally:
            going.join()

    monkeypatch.setattr(lock, "_outwaited", waits_while_it_goes)
    held = lock.take(str(nights.home.path))
    assert held is not None
    held.release()


@pytest.mark.rule("W0.2", "W4.2")
def test_who_was_replaced_while_it_hung_records_nothing(nights: Nights) -> None:
    place, night = str(nights.home.path), nights.start("true")
    night.closed()
    nights.kill_watchman()
    hung = lock.take(place)
    assert hung is not None
    assert hung.keeps_others_away()
    (nights.home.path / WATCH_LOCK).unlink()
    other = lock.take(place)
    assert other is not None
    assert other.keeps_others_away()
    known = night.events()

    async def record(held: lock.HomeLock) -> None:
        threads = Threads()
        journal = Journal(night.run, Recorded(night.run), threads, held.keeps_others_away)
        try:
            await journal.record([Event(t=1.0, kind="note", key="late", data={"text": "late"})])
        finally:
            threads.close()

    with pytest.raises(OvertakenError):
        asyncio.run(record(hung))
    assert night.events() == known
    asyncio.run(record(other))
    assert [event.key for event in night.events()[len(known) :]] == ["late"]
    for held in (hung, other):
        held.release()
