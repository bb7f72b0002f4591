"""What the command line does to text from outside, and what it takes out of commands."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.surfaces.notices import notice
from overnight.surfaces.safe import printable, printable_lines, quoted


@given(st.text(alphabet=st.characters()))
def test_nothing_printable_acts_on_a_terminal(text: str) -> None:
    shown = printable(text)
    shown.encode("utf-8")
    assert not [char for char in shown if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]


@given(st.text(alphabet=st.characters(codec="latin-1"), max_size=50), st.integers(1, 20))
def test_a_limit_is_kept(text: str, limit: int) -> None:
    assert len(printable(text.replace("\t", " "), limit)) <= limit


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[2Jgone", "␛[2Jgone"),
        ("a\rb", "a␍b"),
        ("bell\x07", "bell␇"),
        ("\x9b31m", "␦31m"),
        ("user\u202egpj.exe", "user␦gpj.exe"),
        ("lone \udcff byte", "lone ? byte"),
        ("[bold]markup[/bold]", "[bold]markup[/bold]"),
        ("Größe 42 ° 漢字", "Größe 42 ° 漢字"),
        ("\ttab", "    tab"),
    ],
)
def test_control_characters_become_pictures(hostile: str, shown: str) -> None:
    assert printable(hostile) == shown


def test_line_ends_of_our_own_stay() -> None:
    assert printable_lines("one\ntwo\x1b") == "one\ntwo␛"


def test_a_command_is_shown_as_it_would_be_typed() -> None:
    assert quoted(["sh", "-c", "exit 3"]) == "sh -c 'exit 3'"
    assert quoted(["echo", "\x1b]0;title\x07"]) == "echo '␛]0;title␇'"


@pytest.mark.rule("W1.1")
@pytest.mark.parametrize(
    ("typed", "run", "word"),
    [
        (["nohup", "python", "t.py"], ["python", "t.py"], "nohup"),
        (["/usr/bin/nohup", "setsid", "./t.sh", "&"], ["./t.sh"], "setsid"),
        (["python", "t.py", "&"], ["python", "t.py"], "&"),
        (["tmux", "new", "-d", "python t.py"], ["tmux", "new", "-d", "python t.py"], "tmux"),
        (["screen", "-dm", "./t.sh"], ["screen", "-dm", "./t.sh"], "screen"),
        (["sh", "-c", "python t.py &"], ["sh", "-c", "python t.py &"], "&"),
    ],
)
def test_needless_words_are_noticed_and_explained(typed: list[str], run: list[str], word: str) -> None:
    command, sentences = notice(typed)
    assert command == run
    assert any(f"'{word}'" in sentence and "not needed" in sentence for sentence in sentences)


@pytest.mark.rule("W1.1")
@pytest.mark.parametrize(
    "typed",
    [
        ["python", "t.py"],
        ["sh", "-c", "a && b"],
        ["sh", "-c", "a & b; wait"],
        ["echo", "nohup"],
        ["nohup"],
        ["nohup", "--version"],
        ["setsid", "--wait", "./t.sh"],
        ["&"],
        [],
    ],
)
def test_what_is_meant_stays_as_it_was_written(typed: list[str]) -> None:
    assert notice(typed) == (typed, [])
