"""What watching a run that says nothing costs: the watchman's share of a core, and the memory of the two keepers.

`python bench/idle.py [--seconds 300] [--check]`: from SETTLE_S after the start of one quiet run. With --check ends
with 1 when the watchman takes 0.1 % of a core or the keepers 10 MB.
"""

import argparse
import os
import sys
from pathlib import Path

from house import house
from scale import cpu_s, killed, memory_of, passed

SETTLE_S = 10.0
LIMIT_SHARE, LIMIT_BYTES = 0.001, 10e6
QUIET = "exec {none}<> <(:); read -u $none"


def main() -> int:
    """0, or 1 with `--check` when a limit is reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    with house() as env:
        os.environ["OVERNIGHT_HOME"] = env["OVERNIGHT_HOME"]
        from overnight import app
        from overnight.keeper.linux import OWN_PREFIX
        from overnight.watchman.start import watchman_pid

        run = app.launch(["bash", "-c", QUIET], name="quiet")
        try:
            passed(SETTLE_S)
            pid = watchman_pid(env["OVERNIGHT_HOME"])
            assert pid is not None
            before = cpu_s(pid)
            passed(options.seconds)
            share = (cpu_s(pid) - before) / options.seconds
            keepers = sum(memory_of(keeper)[0] for keeper in named(OWN_PREFIX + run.id))
            watchman = memory_of(pid)[0]
        finally:
            killed(run.path)
    print(
        f"watchman of a quiet run  {share:7.3%} of a core in {options.seconds:g} s  (limit {LIMIT_SHARE:.1%})"
    )
    print(f"both keepers             {keepers / 1e6:7.1f} MB  (limit {LIMIT_BYTES / 1e6:g} MB)")
    print(f"the watchman             {watchman / 1e6:7.1f} MB")
    return int(options.check and not (share < LIMIT_SHARE and keepers < LIMIT_BYTES))


def named(name: str) -> list[int]:
    """The processes of that name."""
    found = []
    for comm in Path("/proc").glob("[0-9]*/comm"):
        try:
            if comm.read_text().strip() == name:
                found.append(int(comm.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


if __name__ == "__main__":
    sys.exit(main())
