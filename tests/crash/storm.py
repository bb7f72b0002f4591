"""A storm: kill -9 at random moments, until enough have hit. `python tests/crash/storm.py --kills 2000 --seed 1`

Rules: a seed reproduces the draw; batches are played side by side, each a home of its own; the folder of a batch with
a fault is kept and told of. 1: something was lost, doubled or left.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import NamedTuple

from aftermath import judge
from drawing import PHASES, VICTIMS, draw
from storming import Batch, Hit

from overnight.errors import OvernightError


class Played(NamedTuple):
    """One batch: what was hit, a sentence per fault, and with faults the place that was kept."""

    batch: int
    runs: int
    hits: list[Hit]
    wrong: list[str]
    kept: str = ""


def play(seed: int, number: int) -> Played:
    """One batch from its draw to its judgement."""
    place = Path(tempfile.mkdtemp(prefix=f"overnight-storm-{seed}-{number}-"))
    batch = Batch(place, draw(seed, number))
    try:
        try:
            batch.play()
            wrong = list(judge(batch))
        except (AssertionError, OSError, OvernightError) as error:
            wrong = [f"it cannot be judged: {error!r}"]
        evidence = "\n".join([*wrong, "", *map(str, batch.hits), "", *_listing(batch)]) if wrong else ""
    finally:
        batch.close()
    if wrong:
        (place / "faults.txt").write_text(evidence)
        return Played(number, len(batch.runs), batch.hits, wrong, str(place))
    shutil.rmtree(place)
    return Played(number, len(batch.runs), batch.hits, wrong)


def _listing(batch: Batch) -> Iterator[str]:
    """Each run's folder, as it was found."""
    for path in sorted((batch.home / "runs").iterdir()):
        yield path.name
        for file in sorted(path.iterdir()):
            yield f"  {file.name} {file.stat().st_size} {file.stat().st_mtime}"
        yield from (
            f"  {(path / name).read_text()}" for name in ("spec.json", "exit.json") if (path / name).exists()
        )


def storm(seed: int, kills: int, workers: int) -> Iterator[Played]:
    """Batches until so many strikes have hit, as they come."""
    with ProcessPoolExecutor(workers) as pool:
        hit, number = 0, 0
        under_way: set[Future[Played]] = set()
        while hit < kills or under_way:
            while len(under_way) < workers and hit + 10 * len(under_way) < kills:
                under_way.add(pool.submit(play, seed, number))
                number += 1
            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            for one in done:
                played = one.result()
                hit += len(played.hits)
                yield played


def table(batches: list[Played]) -> str:
    """Kills by victim and phase as Markdown."""
    found = Counter((hit.victim, hit.phase) for played in batches for hit in played.hits)
    rows = [["killed with -9", *PHASES, "kills"], ["---"] + ["---:"] * (len(PHASES) + 1)]
    for victim in VICTIMS:
        row = [found[victim, phase] for phase in PHASES]
        rows.append([victim, *(str(kills or "–") for kills in row), str(sum(row))])
    sums = [sum(found[victim, phase] for victim in VICTIMS) for phase in PHASES]
    rows.append(["all", *map(str, sums), str(sum(sums))])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> int:
    """0 when nothing was lost, doubled or left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--workers", type=int, default=2 * (os.cpu_count() or 1))
    parser.add_argument("--batch", type=int, help="that batch alone")
    asked = parser.parse_args()
    since = time.monotonic()
    if asked.batch is not None:
        batches = [play(asked.seed, asked.batch)]
    else:
        batches = list(storm(asked.seed, asked.kills, asked.workers))
    wrong = [f"batch {played.batch}: {fault} ({played.kept})" for played in batches for fault in played.wrong]
    kills, runs = sum(len(played.hits) for played in batches), sum(played.runs for played in batches)
    took = f"{time.monotonic() - since:.0f} s"
    sys.stdout.write(
        f"{table(batches)}\n\nseed {asked.seed}: {kills} kills, {runs} runs, {len(wrong)} faults, {took}\n"
    )
    sys.stdout.writelines(f"- {fault}\n" for fault in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
