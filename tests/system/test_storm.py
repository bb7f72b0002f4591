"""kill -9 of anybody at random moments: the quick part of `make storm`, with the same judgement.

Rules:
- A test plays batches of its own seed until so many strikes have hit; the seeds together come to 200.
- The draw is the seed's, the moment that is hit is the machine's: a fault keeps its folder and names it.
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "crash"))
from storm import storm

pytestmark = pytest.mark.system
KILLS = 50


@pytest.mark.rule("W0.2")
@pytest.mark.timeout(300)  # a start that nobody is left to make is given a minute
@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_lost_in_a_storm(seed: int) -> None:
    batches = list(storm(seed, KILLS, workers=3))
    assert [f"{fault} ({played.kept})" for played in batches for fault in played.wrong] == []
    assert sum(len(played.hits) for played in batches) >= KILLS
