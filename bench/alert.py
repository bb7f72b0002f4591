"""From the write of a fatal line to the message in the outbox, 200 times, under one watchman.

Each try is a real command that writes a line no run survives and notes the time of the write; the outbox row's
own time is read back from the run's events. Prints p50, p99 and the largest; exits 1 when p99 reaches one second.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

TRIES = 200
LIMIT_S = 1.0
QUIET: dict = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
PROGRAM = (
    "import sys,time;print('RuntimeError: CUDA error: device-side assert triggered', flush=True);"
    "open(sys.argv[1],'w').write(repr(time.time()));time.sleep(30)"
)


def main() -> int:
    overnight = str(Path(sys.executable).with_name("overnight"))
    delays = []
    with tempfile.TemporaryDirectory() as home:
        env = os.environ | {"OVERNIGHT_HOME": home}
        for n in range(TRIES):
            note = Path(home) / f"written-{n}"
            command = [
                overnight,
                "run",
                "-d",
                "--name",
                f"try{n}",
                "--",
                sys.executable,
                "-S",
                "-c",
                PROGRAM,
                str(note),
            ]
            subprocess.run(command, check=True, env=env, stdout=subprocess.DEVNULL)
            subprocess.run(
                [overnight, "wait", f"try{n}", "--until", "end"],
                env=env,
                stdout=subprocess.DEVNULL,
                check=False,
            )
            delays.append(told_at(Path(home), f"try{n}") - float(note.read_text()))
    delays.sort()
    p50, p99 = delays[len(delays) // 2], delays[int(len(delays) * 0.99) - 1]
    print(f"fatal line to outbox, {TRIES} tries, in ms (limit for p99: {LIMIT_S * 1000:.0f})")
    print(f"p50 {p50 * 1000:.0f}   p99 {p99 * 1000:.0f}   max {delays[-1] * 1000:.0f}")
    return 0 if p99 < LIMIT_S else 1


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
