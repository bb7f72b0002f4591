"""Play the crash matrix and print its table: `python tests/crash/run.py [--workers 4]`. 1: something was lost.

Rules: each cell is its own case, so several are played side by side; faults are listed below the table.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import starmap

from matrix import POINTS, VICTIMS, Cell, cells, run_cell


def table(played: list[Cell]) -> str:
    """The cells as Markdown, a row per victim."""
    found = {(cell.victim, cell.point): cell for cell in played}
    rows = [["killed with -9", *POINTS], ["---"] * (1 + len(POINTS))]
    rows += [[victim, *(_words(found.get((victim, point))) for point in POINTS)] for victim in VICTIMS]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _words(cell: Cell | None) -> str:
    if cell is None:
        return "–"
    return f"{cell.outcome} {'✗' if cell.wrong else '✓'}"


def main() -> int:
    """0 when nothing was lost or doubled in any cell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=4)
    with ProcessPoolExecutor(parser.parse_args().workers) as pool:
        waiting = list(starmap(lambda victim, point: pool.submit(run_cell, victim, point), cells()))
        played = [one.result() for one in waiting]
    wrong = [f"{cell.victim}, {cell.point}: {fault}" for cell in played for fault in cell.wrong]
    sys.stdout.write(table(played) + f"\n\n{len(played)} cells, {len(wrong)} faults\n")
    sys.stdout.writelines(f"- {fault}\n" for fault in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
