"""What is told of one run: what it was given by name is hidden wherever it is printed."""

import pickle

import msgspec
import pytest

from overnight.core.model import Best, Problem, Question, Spec
from overnight.core.veil import Veil

PROBLEM = Problem(
    signature="py.ValueError", cls="hunter22", severity="critical", count=1, first_line=1, last_line=1,
    text="got hunter22", cause="hunter22!", advice="look at hunter22", context=["a", "hunter22", "b"],
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("DB_PASSWORD", "hunter22", "*** x"),
        ("DB_PASSWORD", "pw4u", "*** x"),
        ("SOME_TOKEN", "plain-words", "*** x"),
        ("SERVICE_AUTH", "user:pass1", "*** x"),
        ("MY_SECRET", 'quote"s and \\', "*** x"),
        ("STORE", "redis://:hunter22@h/0", "redis://:***@h/0 x"),
    ],
)
def test_a_variable_whose_name_is_secret_is_hidden_anywhere(name: str, value: str, told: str) -> None:
    veil = Veil(env={name: value})
    assert veil.text(f"{value} x") == told
    assert veil.lines(["a", value], 40)[1] + " x" == told


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BATCH", "16"),
        ("TOKENIZERS_PARALLELISM", "false"),
        ("MAX_TOKENS", "4096"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/home/me/key.json"),
        ("SORT_KEY", "validation_loss"),
        ("DB_PASSWORD", "abc"),
        ("DB_PASSWORD", ""),
        ("PYTHONPATH", "/data/src:/data/lib"),
        ("HF_HOME", "/data/hf"),
    ],
)
def test_a_variable_that_is_none_is_not(name: str, value: str) -> None:
    assert Veil(env={name: value}).text(f"see {value} here") == f"see {value} here"


def test_the_words_of_the_command_are_hidden_too() -> None:
    argv = ["tune.py", "--db-password", "two words", "--api-key=abcdef12", "--lr", "0.1"]
    veil = Veil(argv)
    assert veil.words(argv) == ["tune.py", "--db-password", "***", "--api-key=***", "--lr", "0.1"]
    assert veil.text("login two words with abcdef12") == "login *** with ***"


def test_a_short_value_is_hidden_as_a_word_only() -> None:
    assert Veil(env={"DB_PASSWORD": "loss"}).text("loss=1 losses=2 glossy") == "***=1 losses=2 glossy"


def test_a_value_over_several_lines_is_hidden_line_by_line() -> None:
    veil = Veil(env={"MY_SECRET": "first-line-of-the-secret\nsecond-line-of-it"})
    assert veil.lines(["x first-line-of-the-secret", "second-line-of-it y"]) == ["x ***", "*** y"]


def test_only_free_texts_of_a_record_are_changed() -> None:
    told = Veil(env={"DB_PASSWORD": "hunter22", "MY_SECRET": "critical"}).record(PROBLEM)
    assert (told.text, told.cause, told.advice) == ("got ***", "***!", "look at ***")
    assert told.context == ["a", "***", "b"]
    assert (told.cls, told.severity, told.signature) == ("hunter22", "critical", "py.ValueError")


def test_records_in_records_and_names_of_values() -> None:
    veil = Veil(env={"DB_PASSWORD": "hunter22"})
    best = Best(
        name="hunter22",
        value=1.0,
        at="trial 1",
        direction="minimize",
        params={"api_key": "abcdef", "lr": "1"},
    )
    assert veil.record(best) == msgspec.structs.replace(
        best, name="***", params={"api_key": "***", "lr": "1"}
    )
    assert veil.record(Question(id="q", t=1.0, problems=[PROBLEM])).problems[0].text == "got ***"
    assert veil.facts({"metrics": {"hunter22": 0.5}, "key": "hunter22"}) == {
        "metrics": {"***": 0.5},
        "key": "hunter22",
    }


def test_a_veil_survives_its_watchman() -> None:
    spec = Spec(run="r", argv=["x"], cwd="/", token="t", created_at=0.0, env={"DB_PASSWORD": "hunter22"})
    assert pickle.loads(pickle.dumps(Veil.of(spec))).text("hunter22") == "***"
