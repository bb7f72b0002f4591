"""A log of ten gigabytes and a million events: one run that writes as fast as it can, watched, then looked at.

`python bench/huge.py [--gb 10] [--events 1000000] [--check]`: how long until all is understood and told, the most
memory that the watchman and any call had, and what calls take. With --check ends with 1 when the watchman or one that
reads the log had 300 MB, or `status` or `logs` took a second. Needs twice that room in the temporary folder.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from house import house
from scale import memory_of

LIMIT_BYTES, LIMIT_S = 300e6, 1.0
LINES = 100_000
GB = 1 << 30


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
        peak, run = watched(size, Path(folder) / "lines")
        log = str(run / "output.log")
        reading = [
            timed([overnight, *words], env)
            for words in (["status", "last"], ["logs", "last"], ["analyze", log])
        ]
        extended(run / "events.jsonl", options.events)
        looking = [["status", "last"], ["ls"], ["wait", "last", "--timeout", "0"], ["report", "last"]]
        of_events = [timed([overnight, *words], env) for words in looking]
    for word, (seconds, memory) in zip(("status", "logs", "analyze"), reading, strict=True):
        print(f"overnight {word:<10} {seconds:8.2f} s   {memory / 1e6:4.0f} MB")
    print(f"{options.events} events")
    for words, (seconds, memory) in zip(looking, of_events, strict=True):
        print(f"overnight {words[0]:<10} {seconds:8.2f} s   {memory / 1e6:4.0f} MB")
    most = max(peak, *(memory for _seconds, memory in reading))
    good = most < LIMIT_BYTES and max(seconds for seconds, _memory in reading[:2]) < LIMIT_S
    return int(options.check and not good)


def watched(size: int, lines: Path) -> tuple[int, Path]:
    """Run what writes `size` bytes; the watchman's peak of memory, and the run's folder."""
    from overnight import app
    from overnight.watchman.start import watchman_pid

    lines.write_text(
        "".join(f"step {n}/{LINES} loss={1 + 1000 / (n + 1):.4f} lr=1e-4\n" for n in range(LINES))
    )
    begun = time.monotonic()
    script = f"while cat {lines}; do :; done | head -c {size}; echo; echo done"
    run = app.launch(["bash", "-c", script], name="huge")
    app.wait(run.id, until="end")
    took = time.monotonic() - begun
    pid = watchman_pid(os.environ["OVERNIGHT_HOME"])
    assert pid is not None
    peak = memory_of(pid)[1]
    print(f"{size / GB:g} GB watched       {took:8.1f} s   {peak / 1e6:4.0f} MB   (the watchman, to the end)")
    return peak, Path(run.path)


def extended(path: Path, events: int) -> None:
    """So many more events of one kind, as a flood leaves them."""
    row = '{"t":1.0,"kind":"note","key":"note:%d","offset":0,"at":1.0,"data":{"text":"a line that says nothing"}}\n'
    with path.open("a") as file:
        file.writelines(row % number for number in range(events))


def timed(call: list[str], env: dict[str, str]) -> tuple[float, int]:
    """Seconds of wall time and the most bytes of a call that goes well, or finds something."""
    begun = time.monotonic()
    pid = os.posix_spawn(
        call[0], call, env, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    )
    _pid, status, usage = os.wait4(pid, 0)
    assert os.waitstatus_to_exitcode(status) in (0, 1), call
    return time.monotonic() - begun, usage.ru_maxrss * 1024


if __name__ == "__main__":
    sys.exit(main())
