"""kill -9 of every process at every named point of a run's life: nothing is lost, nothing doubled, nothing left.

Rules: a cell of the matrix is a test; `tests/crash/run.py` prints the same cells as a table.
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "crash"))
from matrix import cells, run_cell

pytestmark = pytest.mark.system


@pytest.mark.rule("W0.2")
@pytest.mark.parametrize(("victim", "point"), list(cells()))
def test_nothing_is_lost_when_killed(victim: str, point: str) -> None:
    assert run_cell(victim, point).wrong == []
