"""`python -m overnight.report RUN_DIR`: the report in a process of its own.

Rules: the watchman runs it, so that charts, templates and their memory never enter its loop. Prints the paths
as one line of JSON, with a `problem` when only the results file could not be updated; on a failure one
sentence on the error output.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from overnight.errors import OvernightError
from overnight.report.build import ResultsError, build
from overnight.settings import load
from overnight.store.rundir import RunDir


def main(argv: list[str] | None = None) -> int:
    """Exit code 0, or the error's own."""
    parser = argparse.ArgumentParser(
        prog="python -m overnight.report", description="Write the report of a run."
    )
    parser.add_argument("run_dir", type=Path, help="the run's directory")
    parser.add_argument("--lang", help="en or fr; the settings' language otherwise")
    parser.add_argument("--results", type=Path, help="a file whose block about this run is updated")
    options = parser.parse_args(argv)
    try:
        run_dir = RunDir(options.run_dir)
        results = options.results or _wanted(run_dir)
        paths, problem = build(run_dir, lang=options.lang or load().lang, results=results), ""
    except ResultsError as error:
        paths, problem = error.paths, str(error)
    except OvernightError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    named = {name: str(path) for name, path in paths._asdict().items() if path is not None}
    if problem:
        named["problem"] = problem
    sys.stdout.write(json.dumps(named) + "\n")
    return 0


def _wanted(run_dir: RunDir) -> Path | None:
    results = run_dir.spec().results
    return Path(results) if results else None


if __name__ == "__main__":
    os.nice(10)  # the experiments that still run come first
    sys.exit(main())
