"""What agents may do: patterns that cannot be got around, and whose answer counts."""

import pytest

from overnight.core.guard import check_pattern, may, may_start, may_touch, outranks
from overnight.core.model import Answer, Policy

ALLOWED = ["python *", "make", "make test-? *", "uv run *"]


@pytest.mark.parametrize(
    "argv",
    [
        ["python", "train.py", "--lr", "0.1; x"],
        ["python"],
        ["make"],
        ["make", "test-1", "-j", "2"],
        ["uv", "run", "python", "-m", "x"],
    ],
)
def test_what_a_pattern_allows(argv: list[str]) -> None:
    assert may_start(argv, "/", ALLOWED, []) is None


@pytest.mark.parametrize(
    "argv",
    [
        ["bash", "-c", "python train.py"],
        ["python;rm"],
        ["python;rm -rf /"],
        ["python train.py"],
        ["/tmp/python", "train.py"],
        ["python3", "train.py"],
        ["env", "python", "train.py"],
        ["make", "clean"],
        ["make", "test-1x"],
        ["make", "test-\n"[:5], "x"],
        ["uv", "pip"],
        ["Python", "x"],
        [" python", "x"],
        [""],
    ],
)
def test_what_goes_around_a_pattern_is_refused(argv: list[str]) -> None:
    why = may_start(argv, "/", ALLOWED, [])
    assert why is not None
    assert "agents.commands" in why
    assert "\x1b" not in (may_start(["\x1b[31m\n"], "/", ALLOWED, []) or "")


def test_folders_hold_what_is_in_them_and_nothing_beside() -> None:
    folders = ["/home/ann/projects", "/data/"]
    for cwd in ("/home/ann/projects", "/home/ann/projects/a/b", "/data/x"):
        assert may_start(["x"], cwd, [], folders) is None
    for cwd in ("/home/ann", "/home/ann/projects2", "/", "/database"):
        assert "agents.folders" in (may_start(["x"], cwd, [], folders) or "")
    assert may_start(["x"], "/anywhere", [], []) is None
    assert may_start(["x"], "/anywhere", [], ["/"]) is None


@pytest.mark.parametrize("pattern", ["", "  ", "'open"])
def test_a_pattern_without_words_is_none(pattern: str) -> None:
    with pytest.raises(ValueError):
        check_pattern(pattern)
    assert may_start(["open"], "/", [pattern], []) is not None


def test_acts_and_owners() -> None:
    assert may("stop", Policy()) is None
    assert "policy.agent_may" in (may("stop", Policy(agent_may=("answer",))) or "")
    assert may_touch(None, "a") is None
    assert may_touch("a", "a") is None
    assert "'a'" in (may_touch("a", "b") or "")


def test_only_a_person_outranks_only_an_agents_continue() -> None:
    def given(choice: str, by: str = "x", agent: bool = False) -> Answer:
        return Answer(question="q", choice=choice, by=by, at=0.0, agent=agent)  # type: ignore[arg-type]

    agents = given("continue", agent=True)
    assert outranks(given("stop"), agents)
    assert outranks(given("fix"), agents)
    assert not outranks(given("continue"), agents)
    assert not outranks(given("stop", agent=True), agents)
    assert not outranks(given("stop", by="default"), agents)
    assert not outranks(given("stop"), given("stop", agent=True))
    assert not outranks(given("stop"), given("continue"))
