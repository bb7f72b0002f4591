"""How right the reader is on logs of real runs, by field and by framework; every miss is listed.

`python bench/corpus.py FOLDER [--check]`: the folder holds `labels.jsonl` (one object a line: id, framework, outcome,
failure_class, failure_line, progress, best_metric) and `logs/<id>.log`. Rules of counting:
- Only what a label says is counted; a null label asks nothing.
- The failure's line is right within 3 lines. A best value is right within 1e-4 of its size.
- The last progress is right when the number that the label gives for its first unit was found for that unit.
- A critical in a log of a success that has no earlier failed launch is a false alarm.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from overnight import catalog
from overnight.core.analyze import Analysis, analyze

LIMITS = {"outcome": 0.97, "failure class": 0.90, "failure line": 0.85, "last progress": 0.90, "best": 0.85}
_OUTCOMES = {"running/truncated": "unfinished"}
_LINES = 3
_PIECE = 1 << 16


def main() -> int:
    """0, or 1 with `--check` when a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check", action="store_true", help="end with 1 when a limit is missed")
    options = parser.parse_args()
    score: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    alarms = 0
    known = catalog.load()
    for label in map(json.loads, (options.folder / "labels.jsonl").read_text("utf-8").splitlines()):
        found = analyze(_pieces(options.folder / "logs" / f"{label['id']}.log"), known)
        for field, right, wanted, got in judged(label, found):
            score[field][label["framework"].split()[0].lower()].append(right)
            if not right:
                print(f"miss  {label['id']:26} {field:14} wanted {wanted}, found {got}")
        if label["outcome"] == "success":
            for problem in found.problems:
                if problem.severity == "critical":
                    alarms += 1
                    sure = "certain" if problem.certain else "uncertain"
                    where = f"{problem.signature}, line {problem.first_line}: {problem.text[:80]}"
                    print(f"alarm {label['id']:26} {sure} {where}")
    return int(_print(score, alarms) and options.check)


def _print(score: dict[str, dict[str, list[bool]]], alarms: int) -> bool:
    missed = False
    for field, by_framework in score.items():
        every = [right for rights in by_framework.values() for right in rights]
        share, limit = sum(every) / len(every), LIMITS[field]
        missed = missed or share < limit
        print(f"{field:14} {sum(every):3} of {len(every):3}  {share:6.1%}  (limit {limit:.0%})")
        worst = sorted((sum(r) / len(r), name, len(r)) for name, r in by_framework.items() if not all(r))
        print("               " + ", ".join(f"{name} {part:.0%} of {n}" for part, name, n in worst))
    print(f"criticals in logs of successes: {alarms}")
    return missed or alarms > 0


def judged(label: dict[str, Any], found: Analysis) -> Iterator[tuple[str, bool, Any, Any]]:
    """Field, whether it is right, what was wanted, what was found."""
    if label["outcome"]:
        wanted = _OUTCOMES.get(label["outcome"], label["outcome"])
        yield "outcome", found.outcome == wanted, wanted, found.outcome
    failure = found.failure
    if label["failure_class"]:
        got = failure.cls if failure else None
        yield "failure class", got == label["failure_class"], label["failure_class"], got
    if label["failure_line"]:
        line = failure.line if failure else None
        near = line is not None and abs(line - label["failure_line"]) <= _LINES
        yield "failure line", near, label["failure_line"], line
    if label["progress"] and label["progress"][0]["last_current"] is not None:
        yield _progress(label["progress"][0], found)
    if label["best_metric"]:
        yield _best(label["best_metric"], found)


def _progress(wanted: dict[str, Any], found: Analysis) -> tuple[str, bool, Any, Any]:
    got = {p.unit: p.current for p in found.progress}
    right = wanted["last_current"] in (
        got.get(wanted["unit"]),
        *([] if wanted["unit"] in got else got.values()),
    )
    return "last progress", right, f"{wanted['unit']} {wanted['last_current']}", got


def _best(wanted: dict[str, Any], found: Analysis) -> tuple[str, bool, Any, Any]:
    best, value = found.best, wanted["value"]
    right = best is not None and abs(best.value - value) <= 1e-4 * max(abs(value), 1e-9)
    return "best", right, f"{wanted['name']} {value}", best and f"{best.name} {best.value}"


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while data := file.read(_PIECE):
            yield data


if __name__ == "__main__":
    raise SystemExit(main())
