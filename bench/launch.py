"""What `overnight run -d -- true` costs beside `python -c pass`, in the same run, by the same interpreter.

Prints the medians of 20 pairs and their ratio; with --check, exits 1 when the ratio reaches 6.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from house import house

PAIRS = 20
LIMIT = 6.0


def wall(argv: list[str], env: dict[str, str]) -> float:
    begin = time.perf_counter()
    subprocess.run(argv, check=True, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begin


def main() -> int:
    overnight = str(Path(sys.executable).with_name("overnight"))
    with house() as env:
        ours_call, bare_call = [overnight, "run", "-d", "--", "true"], [sys.executable, "-c", "pass"]
        wall(ours_call, env)
        wall(bare_call, env)
        ours, bare = [], []
        for _ in range(PAIRS):
            bare.append(wall(bare_call, env))
            ours.append(wall(ours_call, env))
    a, b = statistics.median(ours), statistics.median(bare)
    print(f"overnight run -d -- true   {a * 1000:6.1f} ms")
    print(f"python -c pass             {b * 1000:6.1f} ms")
    print(f"ratio                      {a / b:6.2f}   (limit {LIMIT:g})")
    within = a / b < LIMIT
    return 0 if within or "--check" not in sys.argv else 1


if __name__ == "__main__":
    sys.exit(main())
