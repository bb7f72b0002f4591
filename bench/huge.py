"""A log of ten gigabytes and a million events: one run that writes as fast as it can, watched, then looked at.

`python bench/huge.py [--gb 10] [--events 1000000] [--check]`: how long until all is understood and told, what calls
take, also of a run with a million events, and how long a new watchman needs to take over one that lives; with the most
memory that each had. With --check ends with 1 when any of them had 300 MB, a call took a second (`wait` two), `report`
a minute or the new watchman half a minute; the watching and `analyze` take what they take. Needs twice that room in
the temporary folder.
"""

import argparse
import os
import select
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from house import house
from scale import killed, memory_of

LIMIT_BYTES, LIMIT_S = 300e6, 1.0
LONGER_S = {
    "watched": float("inf"),
    "analyze": float("inf"),
    "wait": 2.0,  # of one who was told nothing yet: all events are looked through once
    "report": 60.0,
    "taken over": 30.0,
}
LINES = 100_000
GB = 1 << 30
OF_LOG = (["status", "last"], ["logs", "last"], ["analyze"])
OF_EVENTS = (["status", "last"], ["ls"], ["wait", "last", "--timeout", "0"], ["report", "last"])


class Cost(NamedTuple):
    """What something took: seconds of wall time, and the most bytes."""

    what: str
    seconds: float
    peak: int

    @property
    def good(self) -> bool:
        """Whether it is within its limits."""
        return self.peak < LIMIT_BYTES and self.seconds < LONGER_S.get(self.what, LIMIT_S)


def main() -> int:
    """0, or 1 with `--check` when a limit is reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--gb", type=float, default=10.0)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    size = int(options.gb * GB)
    if shutil.disk_usage(tempfile.gettempdir()).free < 2 * size:
        sys.stderr.write(f"{tempfile.gettempdir()} has no room for {2 * size} bytes\n")
        return 2
    overnight = str(Path(sys.executable).with_name("overnight"))
    with house() as env, tempfile.TemporaryDirectory() as folder:
        os.environ["OVERNIGHT_HOME"] = env["OVERNIGHT_HOME"]
        first, run = watched(size, Path(folder) / "lines")
        costs = [first]
        for words in OF_LOG:
            log = [str(run / "output.log")] if words == ["analyze"] else []
            costs.append(shown(timed([overnight, *words, *log], env)))
        print(f"{options.events} events")
        extended(run / "events.jsonl", options.events)
        costs += [shown(timed([overnight, *words], env)) for words in OF_EVENTS]
        costs.append(shown(taken_over(options.events)))
    return int(options.check and not all(cost.good for cost in costs))


def shown(cost: Cost) -> Cost:
    """One row."""
    mark = "" if cost.good else "   over its limit"
    print(f"{cost.what:<20} {cost.seconds:8.2f} s   {cost.peak / 1e6:4.0f} MB{mark}")
    return cost


def watched(size: int, lines: Path) -> tuple[Cost, Path]:
    """Run what writes `size` bytes; what it took the watchman, and the run's folder."""
    from overnight import app
    from overnight.watchman.start import watchman_pid

    lines.write_text(
        "".join(f"step {n}/{LINES} loss={1 + 1000 / (n + 1):.4f} lr=1e-4\n" for n in range(LINES))
    )
    begun = time.monotonic()
    script = f"while cat {lines}; do :; done | head -c {size}; echo; echo done"
    run = app.launch(["bash", "-c", script], name="huge")
    with app.follow(run.id) as changes:
        while (status := changes.status()).state == "running" or status.note is not None:
            changes.wait()  # a note says that its log was not read to the end
        took = time.monotonic() - begun
        while changes.status().report is None and changes.wait(600):
            continue  # it is made beside, and would take the time of what is measured next
    pid = watchman_pid(os.environ["OVERNIGHT_HOME"])
    assert pid is not None
    print(f"{size / GB:g} GB")
    return shown(Cost("watched", took, memory_of(pid)[1])), Path(run.path)


def taken_over(events: int) -> Cost:
    """A run that lives and has so many events loses its watchman: until the next one has noted that it took over."""
    from overnight import app
    from overnight.store.rundir import EVENTS, RunDir
    from overnight.watchman.start import ensure, watchman_pid

    run = RunDir(app.launch(["sleep", "3600"], name="alive").path)
    extended(Path(run.file(EVENTS)), events)
    place = run.told_until()
    begun = time.monotonic()
    killed_hard(watchman_pid(run.home))
    ensure(run.home)
    with app.follow(run.id) as changes:
        while not any(event and event.kind == "adopted" for event, _after in run.each_event(place)):
            changes.wait(LONGER_S["taken over"])
    took, pid = time.monotonic() - begun, watchman_pid(run.home)
    assert pid is not None
    peak = memory_of(pid)[1]
    killed(run.path)
    return Cost("taken over", took, peak)


def killed_hard(pid: int | None) -> None:
    """Kill the process and wait until it is gone."""
    assert pid is not None
    pidfd = os.pidfd_open(pid)
    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    select.select([pidfd], [], [])
    os.close(pidfd)


def extended(path: Path, events: int) -> None:
    """So many more events of one kind, as a flood leaves them."""
    row = '{"t":1.0,"kind":"note","key":"note:%d","offset":0,"at":1.0,"data":{"text":"a line that says nothing"}}\n'
    with path.open("a") as file:
        file.writelines(row % number for number in range(events))


def timed(call: list[str], env: dict[str, str]) -> Cost:
    """What a call takes that goes well, or finds something."""
    begun = time.monotonic()
    pid = os.posix_spawn(
        call[0], call, env, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    )
    _pid, status, usage = os.wait4(pid, 0)
    assert os.waitstatus_to_exitcode(status) in (0, 1), call
    return Cost(call[1], time.monotonic() - begun, usage.ru_maxrss * 1024)


if __name__ == "__main__":
    sys.exit(main())
