"""The contract of executors, on every registered place."""

import os

import pytest
from helpers import DEADLINE_S, Home, wait_for_file

from overnight.errors import CannotStart
from overnight.executors import EXECUTORS, Executor

pytestmark = pytest.mark.system


@pytest.fixture(params=sorted(EXECUTORS))
def executor(request: pytest.FixtureRequest) -> Executor:
    return EXECUTORS[request.param]()


def test_a_run_lives_is_stopped_and_has_an_end(executor: Executor, home: Home) -> None:
    folder = home.new_folder()
    assert not executor.alive(str(folder))
    assert executor.exit(str(folder)) is None
    executor.launch(str(folder), ["sleep", "1000"], "/", dict(os.environ))
    assert executor.alive(str(folder))
    report = executor.stop(str(folder), (DEADLINE_S, DEADLINE_S))
    assert (report.signals, report.survivors) == (["SIGINT"], [])
    assert not executor.alive(str(folder))
    assert executor.exit(str(folder))["signal"] == 2  # type: ignore[index]  # stopped above


def test_an_exit_code_comes_back(executor: Executor, home: Home) -> None:
    folder = home.new_folder()
    executor.launch(str(folder), ["sh", "-c", "exit 3"], "/", dict(os.environ))
    wait_for_file(folder / "exit.json")
    assert executor.exit(str(folder))["code"] == 3  # type: ignore[index]  # waited for above


def test_what_cannot_start_raises(executor: Executor, home: Home) -> None:
    folder = home.new_folder()
    with pytest.raises(CannotStart):
        executor.launch(str(folder), ["no-such-command-here"], "/", dict(os.environ))
    assert not executor.alive(str(folder))
