"""What a home with many ended runs costs those who look: `ls` and `status last` beside `python -c pass`.

`python bench/history.py [--runs 10000] [--check]`: one real run is made and watched to its end, then copied under other
ids. Prints medians of the wall time, what is over Python's own start, and the ratio; with --check ends with 1 when `ls`
takes 0.5 s or `status last` 0.3 s longer than Python's start.
"""

import argparse
import json
import os
import select
import statistics
import sys
from pathlib import Path

from house import house
from inotify_simple import INotify, flags
from launch import wall

TRIES = 11
DAY_S = 86_400.0
LIMITS_S = {("ls",): 0.5, ("status", "last"): 0.3}


def main() -> int:
    """0, or 1 with `--check` when a limit is reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    overnight = str(Path(sys.executable).with_name("overnight"))
    within = True
    with house() as env:
        copied(ended_run(overnight, env), options.runs - 1)
        bare = median([sys.executable, "-c", "pass"], env)
        print(f"{options.runs} ended runs        median   over Python    ratio")
        print(f"python -c pass        {bare * 1000:7.0f} ms")
        for words, limit in LIMITS_S.items():
            took = median([overnight, *words], env)
            within = within and took - bare < limit
            call = "overnight " + " ".join(words)
            figures = f"{took * 1000:7.0f} ms {(took - bare) * 1000:10.0f} ms {took / bare:8.1f}"
            print(f"{call:<21} {figures}   (limit {limit:g} s over)")
    return int(options.check and not within)


def median(call: list[str], env: dict[str, str]) -> float:
    """Seconds of wall time, after a first call that does not count."""
    wall(call, env)
    return statistics.median(wall(call, env) for _ in range(TRIES))


def ended_run(overnight: str, env: dict[str, str]) -> Path:
    """A run of that home to which nothing more will happen."""
    wall([overnight, "run", "--name", "history", "--", "sh", "-c", "echo epoch 1/1 loss=0.5"], env)
    run = next(Path(env["OVERNIGHT_HOME"], "runs").glob("[!.]*"))
    until_there(run / ".closed")
    return run


def until_there(path: Path) -> None:
    """Return when the file is there."""
    with INotify() as changes:
        changes.add_watch(str(path.parent), flags.CREATE)
        while not path.exists():
            select.select([changes], [], [], 60.0)
            changes.read(timeout=0)


def copied(run: Path, times: int) -> None:
    """The same run under other ids, one a day before the other."""
    files = {
        file.name: file.read_bytes()
        for file in run.iterdir()
        if file.suffix == ".json" or file.name == ".closed"
    }
    spec = json.loads(files.pop("spec.json"))
    for n in range(times):
        copy = run.with_name(f"r{n:05}")
        copy.mkdir(mode=0o700)
        for name, data in files.items():
            (copy / name).write_bytes(data.replace(run.name.encode(), copy.name.encode()))
        other = spec | {"run": copy.name, "created_at": spec["created_at"] - (n + 1) * DAY_S}
        (copy / "spec.json").write_text(json.dumps(other))
        os.utime(copy / "spec.json", (other["created_at"], other["created_at"]))  # as a run leaves it


if __name__ == "__main__":
    sys.exit(main())
