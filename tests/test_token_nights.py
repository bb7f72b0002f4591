"""What agents are given on recorded nights: within the limits, with every fact, and estimated on the safe side."""

import pytest
from night_judge import MOST_ABOVE, QUIET_NIGHT, TOOLS, above, faults, measure, of_tools

pytestmark = pytest.mark.system


@pytest.mark.rule("W0.1", "W2.6", "W5.3")
@pytest.mark.parametrize(
    "name", ["quiet-optuna", "failing-sweep", "hang", "oom-kill", "traceback", "records"]
)
def test_a_night_costs_little_and_no_fact_is_missing(name: str) -> None:
    night = measure(name)
    assert faults(night) == []
    assert name != QUIET_NIGHT or above(night.texts) < MOST_ABOVE


def test_the_tools_cost_little() -> None:
    assert of_tools() <= TOOLS
