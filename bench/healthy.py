"""False alarms on logs of trainings that went well, and incidents found when one is put into each.

`python bench/healthy.py GIT_REPOSITORY [--pattern .txt,.log] [--min-bytes 1000] [--check]`: every text file of the
newest commit whose name ends so is a log, as in the records of github.com/KellerJordan/modded-nanogpt (about 1,500
successful runs; the logs stay there). Each is read in bulk, once as it is and once with the
example of one signature put in at a random line. Prints how many logs have a critical problem, and how many
incidents were not found; with --check ends with 1 when more than one has, or one was not.
"""

import argparse
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator

from overnight import catalog
from overnight.core.model import Problem
from overnight.core.observe import Catalog, LogReader
from overnight.core.recognizers import Recognizers
from overnight.core.signatures import Signature

_PIECE = 1 << 16
_BULK = 1 << 12
"""Read in bulk from there on: 250 MB twice, in minutes."""


def main() -> int:
    """0, or 1 with `--check` when it is not good enough."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("repository")
    parser.add_argument("--pattern", default=".txt,.log", help="ends of the names of logs")
    parser.add_argument("--min-bytes", type=int, default=1000)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    known, chance = catalog.load(), random.Random(7)
    incidents = [s for s in known.signatures if s.severity != "info"]
    alarms: Counter[str] = Counter()
    minors: Counter[str] = Counter()
    lost, files, size, begin = [], 0, 0, time.perf_counter()
    for name, log in logs(options.repository, tuple(options.pattern.split(",")), options.min_bytes):
        files, size = files + 1, size + len(log)
        found = problems(known, log)
        for problem in found:
            if problem.severity == "critical":
                alarms[name] += 1
                print(f"alarm {name}: {problem.signature}, line {problem.first_line}: {problem.text[:100]}")
            elif problem.severity == "minor":
                minors[problem.signature] += 1
        incident = chance.choice(incidents)
        if not is_found(incident, problems(known, with_incident(log, incident, chance)), found):
            lost.append(name)
            print(f"lost  {name}: {incident.id}")
    seconds = time.perf_counter() - begin
    print(f"{files} logs, {size / 1e6:.1f} MB, read twice in {seconds:.0f} s")
    print(f"logs with a critical problem: {len(alarms)}; minor ones: {dict(minors)}")
    print(f"incidents found: {files - len(lost)} of {files}")
    return int(options.check and (len(alarms) > 1 or bool(lost)))


def problems(known: Catalog, log: bytes) -> list[Problem]:
    """What the reader finds in the log."""
    reader = LogReader(known, Recognizers(), bulk_bytes=_BULK)
    for start in range(0, len(log), _PIECE):
        reader.feed(log[start : start + _PIECE], None)
    reader.flush(None)
    return reader.problems.list()


def with_incident(log: bytes, incident: Signature, chance: random.Random) -> bytes:
    """The log with an example of the incident as a line of its own."""
    lines = log.split(b"\n")
    lines.insert(chance.randrange(len(lines)), chance.choice(incident.examples).encode())
    return b"\n".join(lines)


def is_found(incident: Signature, after: list[Problem], before: list[Problem]) -> bool:
    """Whether there is one more, at least as severe as a minor one."""
    counts = {p.signature: p.count for p in before}
    return any(p.count > counts.get(p.signature, 0) and p.severity != "info" for p in after) or (
        incident.cls == "user_interrupt"
    )


def logs(repository: str, ends: tuple[str, ...], min_bytes: int) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each log, read from git without a work tree."""
    git = ["git", "-C", repository]
    tree = subprocess.run(
        [*git, "ls-tree", "-r", "--long", "HEAD"], capture_output=True, check=True, text=True
    )
    reader = subprocess.Popen([*git, "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert reader.stdin is not None
    assert reader.stdout is not None
    for line in tree.stdout.splitlines():
        meta, name = line.split("\t", 1)
        _mode, kind, sha, length = meta.split()
        if kind != "blob" or not name.endswith(ends) or not length.isdigit() or int(length) < min_bytes:
            continue
        reader.stdin.write(f"{sha}\n".encode())
        reader.stdin.flush()
        reader.stdout.readline()
        data = reader.stdout.read(int(length) + 1)
        yield name, data[:-1]
    reader.stdin.close()
    reader.wait()


if __name__ == "__main__":
    sys.exit(main())
