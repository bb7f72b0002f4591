"""How the options of the command line are read."""

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.core.model import Policy
from overnight.errors import UsageError
from overnight.surfaces.cli import words
from overnight.surfaces.cli.policy import read_policy

CTX, PARAM = click.Context(click.Command("run")), click.Option(["--x"])


@pytest.mark.rule("W2.1", "W2.2", "W2.3")
def test_a_schedule_is_read_in_seconds() -> None:
    assert words.schedule(CTX, PARAM, "30,90,300") == (30.0, 90.0, 300.0)
    assert words.schedule(CTX, PARAM, None) is None


@pytest.mark.parametrize("text", ["", "soon", "30,,90", "-5,30", "0", "nan", "inf", "90,30,300", "30,90,301"])
def test_a_schedule_that_cannot_be_kept_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match=r"30,90,300|300 s"):
        words.schedule(CTX, PARAM, text)


@pytest.mark.parametrize(
    ("text", "direction", "metric"),
    [
        ("maximize value", "maximize", "value"),
        ("min val_loss", "minimize", "val_loss"),
        ("MAXIMIZE", "maximize", None),
        ("maximize top 1 accuracy", "maximize", "top 1 accuracy"),
    ],
)
def test_a_goal_is_a_direction_and_maybe_a_metric(text: str, direction: str, metric: str | None) -> None:
    assert words.goal(CTX, PARAM, text) == {"direction": direction, "metric": metric}


@pytest.mark.parametrize("text", ["", "value", "better value"])
def test_a_goal_without_a_direction_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="maximize value"):
        words.goal(CTX, PARAM, text)


def test_expectations_are_in_the_singular() -> None:
    assert words.expectations(CTX, PARAM, ("trials=100", "epoch=3")) == {"trial": 100.0, "epoch": 3.0}


@pytest.mark.parametrize(
    "text", ["trials", "=5", "trials=", "trials=many", "trials=0", "trials=-1", "trials=inf"]
)
def test_an_expectation_without_a_count_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="trials=100"):
        words.expectations(CTX, PARAM, (text,))


@given(st.text(alphabet="ABC_", min_size=1), st.text(alphabet=st.characters(exclude_characters="\0")))
def test_an_assignment_keeps_its_value_to_the_letter(name: str, value: str) -> None:
    assert words.assignments(CTX, PARAM, (f"{name}={value}",)) == {name: value}


@pytest.mark.parametrize("text", ["NAME", "=value", "", "A=\0"])
def test_an_assignment_without_a_name_or_a_value_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="CUDA_VISIBLE_DEVICES=0"):
        words.assignments(CTX, PARAM, (text,))


def test_a_policy_file_sets_what_it_names(tmp_path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('stall = "interrupt"\ngrace_s = [5, 5]\n[signatures]\n"gpu.oom" = "ask"\n')
    fields = read_policy(str(file))
    assert fields == {"stall": "interrupt", "grace_s": [5, 5], "signatures": {"gpu.oom": "ask"}}
    assert set(fields) <= set(Policy.__struct_fields__)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"stall = ", "not TOML"),
        (b'stall = "maybe"', "stall"),
        (b"stale = 1", "Known fields"),
        (b"\xff\xfe", "not TOML"),
    ],
)
def test_a_policy_file_that_is_off_is_refused_with_its_name(tmp_path, content: bytes, said: str) -> None:
    file = tmp_path / "policy.toml"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=said) as refused:
        read_policy(str(file))
    assert str(file) in str(refused.value)


def test_a_policy_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_policy("/nowhere/policy.toml")
