"""The keeper by itself: what a command gets, what its record says, how a start fails."""

import pytest
from helpers import Home

pytestmark = pytest.mark.system


@pytest.mark.rule("W1.1")
def test_exit_code_is_recorded(home: Home) -> None:
    record = home.sh("echo hello; exit 7").wait()
    assert (record["code"], record["signal"], record["by"]) == (7, None, "inner")
