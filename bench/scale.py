"""Many runs at once, each writing a line per second, under one watchman.

`python bench/scale.py [--runs 10,100,1000] [--seconds 600] [--check]`: for each number of runs, from when all are on
for SETTLE_S: the watchman's share of a core, its memory, and how long a line takes from its writing until it is
understood. With --check ends with 1 when the last row has 25 % of a core, 300 MB or a p99 of 1 s.
"""

import argparse
import array
import os
import select
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from house import house

SETTLE_S = 20.0
LIMIT_SHARE, LIMIT_BYTES, LIMIT_S = 0.25, 300e6, 1.0
WRITER = (
    # A second without a process of its own for it: a read that nobody answers.
    "exec {none}<> <(:); for ((n = 1; ; n++)); do "
    'echo "step $n/100000 loss=0.$((RANDOM % 900 + 100)) at $EPOCHREALTIME"; read -t 1 -u $none; done'
)


class Row(NamedTuple):
    """What a number of runs took: `share` of a core; bytes (PSS now, RSS at its `peak`); latencies in seconds."""

    runs: int
    share: float
    memory: int
    peak: int
    lines: int
    p50: float
    p99: float
    most: float


def main() -> int:
    """0, or 1 with `--check` when a limit is reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", default="10,100,1000")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    print("runs   of a core   memory (peak)        lines    p50       p99       max", flush=True)
    for runs in map(int, options.runs.split(",")):
        row = measured(runs, options.seconds)
        print(
            f"{row.runs:<6} {row.share:8.1%}   {row.memory / 1e6:6.0f} MB ({row.peak / 1e6:.0f})"
            f"  {row.lines:>8}  {row.p50 * 1000:6.0f} ms {row.p99 * 1000:6.0f} ms {row.most * 1000:6.0f} ms",
            flush=True,
        )
    good = row.share < LIMIT_SHARE and row.peak < LIMIT_BYTES and row.p99 < LIMIT_S
    return int(options.check and not good)


def measured(runs: int, seconds: float) -> Row:
    """One row."""
    with tempfile.NamedTemporaryFile() as latencies, house() as env:
        hooks = str(Path(__file__).with_name("hooks"))
        path = os.pathsep.join(filter(None, [hooks, env.get("PYTHONPATH")]))
        os.environ |= {
            "OVERNIGHT_HOME": env["OVERNIGHT_HOME"],
            "LATENCIES": latencies.name,
            "PYTHONPATH": path,
        }
        from overnight import app
        from overnight.watchman.start import watchman_pid

        started = [app.launch(["bash", "-c", WRITER], name=f"writer {n}") for n in range(runs)]
        pid = watchman_pid(env["OVERNIGHT_HOME"])
        assert pid is not None
        try:
            passed(SETTLE_S)
            before, cpu, since = latencies.seek(0, os.SEEK_END), cpu_s(pid), time.monotonic()
            passed(seconds)
            share = (cpu_s(pid) - cpu) / (time.monotonic() - since)
            memory, peak = memory_of(pid)
            latencies.seek(before)
            ages = array.array("d", latencies.read())
        finally:
            for run in started:
                killed(run.path)
        return Row(runs, share, memory, peak, len(ages), *quantiles(ages))


def quantiles(ages: array.array) -> tuple[float, float, float]:
    """The middle, the 99th percentile and the largest."""
    inorder = sorted(ages)
    return inorder[len(inorder) // 2], inorder[len(inorder) * 99 // 100], inorder[-1]


def passed(seconds: float) -> None:
    """Return when so much time has passed: the bench measures what others do meanwhile."""
    select.select([], [], [], seconds)


def cpu_s(pid: int) -> float:
    """Seconds of a core that the process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid: int) -> tuple[int, int]:
    """Bytes: its proportional share, and the most that was resident at once."""

    def of(file: str, name: str) -> int:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))

    return of("smaps_rollup", "Pss:"), of("status", "VmHWM:")


def killed(folder: str) -> None:
    """End a run's command; its keepers end with it."""
    from overnight.keeper.records import read_start

    start = read_start(folder)
    if start is not None:
        os.kill(int(start["pid"]), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
