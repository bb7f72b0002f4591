"""From the write of a fatal line to the message in the outbox, 200 times, under one watchman.

`python bench/alert.py [--tries 200] [--check]`.

Each try is a real command that writes a line no run survives and notes the time of the write; the outbox row's
own time is read back from the run's events. Prints p50, p99 and the
largest; with --check, exits 1 when p99 reaches one second.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from house import house

LIMIT_S = 1.0
QUIET: dict = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
PROGRAM = (
    "import sys,time;print('RuntimeError: CUDA error: device-side assert triggered', flush=True);"
    "open(sys.argv[1],'w').write(repr(time.time()));time.sleep(30)"
)


def main() -> int:
    """0, or 1 with `--check` when the limit is reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tries", type=int, default=200)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    overnight = str(Path(sys.executable).with_name("overnight"))
    delays = []
    with house() as env:
        home = Path(env["OVERNIGHT_HOME"])
        for n in range(options.tries):
            name, note = f"try{n}", home / f"written-{n}"
            program = [sys.executable, "-S", "-c", PROGRAM, str(note)]
            subprocess.run(
                [overnight, "run", "-d", "--name", name, "--", *program], check=True, env=env, **QUIET
            )
            subprocess.run([overnight, "wait", name, "--until", "end"], check=False, env=env, **QUIET)
            delays.append(told_at(home, name) - float(note.read_text()))
    delays.sort()
    p50, p99 = delays[len(delays) // 2], delays[max(0, int(len(delays) * 0.99) - 1)]
    print(f"fatal line to outbox, {options.tries} tries, in ms (limit for p99: {LIMIT_S * 1000:.0f})")
    print(f"p50 {p50 * 1000:.0f}   p99 {p99 * 1000:.0f}   max {delays[-1] * 1000:.0f}")
    return int(options.check and p99 >= LIMIT_S)


def told_at(home: Path, name: str) -> float:
    for spec in home.glob("runs/*/spec.json"):
        if json.loads(spec.read_text()).get("name") == name:
            for row in (spec.parent / "events.jsonl").read_text().splitlines():
                event = json.loads(row)
                if event["kind"] == "notification":
                    return float(event["at"])
    raise SystemExit(f"{name} was never told")


if __name__ == "__main__":
    sys.exit(main())
