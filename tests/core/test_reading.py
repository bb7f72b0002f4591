"""Bytes to lines, lines to problems: any cut, any bytes, no false friends."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight import catalog
from overnight.core.lines import MAX_LINE_BYTES, LineSplitter, clean
from overnight.core.model import ProblemSeen
from overnight.core.observe import LogReader
from overnight.core.recognizers import Recognizers
from overnight.core.scan import Matcher
from overnight.core.signatures import parse

KNOWN = catalog.load()
MATCHER = Matcher(KNOWN.signatures)
SAMPLES = b"a\r\nb\rc\n\x1b[31mred\x1b[0m\n\xff\xfe latin\n12\x08\x083\n\n last"


def reader() -> LogReader:
    return LogReader(KNOWN, Recognizers())


def lines(*pieces: bytes) -> list[tuple[int, int, str, bool]]:
    splitter = LineSplitter()
    found = [line for piece in pieces for line in splitter.feed(piece)]
    return [tuple(line) for line in found + splitter.flush()]


def test_lines_are_what_a_terminal_shows() -> None:
    texts = [text for _, _, text, _ in lines(SAMPLES)]
    assert texts == ["a", "b", "c", "red", "ÿþ latin", "3", "", " last"]
    assert [n for n, *_ in lines(SAMPLES)] == [1, 2, 2, 3, 4, 5, 6, 7]


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=6))
def test_any_cut_gives_the_same_lines(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(c for c in cuts if c <= len(data)), len(data)]
    pieces = [data[a:b] for a, b in itertools.pairwise(edges)]
    assert lines(*pieces) == lines(data)


@given(st.binary(max_size=400))
def test_no_bytes_make_the_reader_raise(data: bytes) -> None:
    log = reader()
    log.feed(data, 0.0)
    log.flush(0.0)
    assert log.offset == len(data)


def test_a_line_of_200_megabytes_is_held_in_one() -> None:
    splitter = LineSplitter()
    piece = b"x" * (1 << 20)
    found = [line for _ in range(200) for line in splitter.feed(piece)]
    found += splitter.feed(b"\nnext\n")
    assert [line.number for line in found] == [1, 2]
    assert len(found[0].text) < MAX_LINE_BYTES + 20
    assert found[1].text == "next"


def test_utf_16_with_its_mark_is_read() -> None:
    assert [t for _, _, t, _ in lines("Epoch 1/3\né\n".encode("utf-16"))] == ["Epoch 1/3", "é"]


def test_control_characters_never_reach_a_reader() -> None:
    assert clean(b"a\x1b]0;title\x07b\x00c\x1b[2Jd") == "abcd"


@pytest.mark.rule("W2.7")
@pytest.mark.parametrize("signature", KNOWN.signatures, ids=lambda s: s.id)
def test_each_signature_knows_its_examples_and_its_false_friends(signature: object) -> None:
    for example in signature.examples:  # type: ignore[attr-defined]  # a Signature
        assert signature in MATCHER.match(example)
    for harmless in signature.near_misses:  # type: ignore[attr-defined]
        assert signature not in MATCHER.match(harmless)


def test_there_are_enough_signatures_and_each_says_what_to_do() -> None:
    assert len(KNOWN.signatures) >= 60
    assert [s.id for s in KNOWN.signatures if s.severity != "info" and not s.advice] == []


@pytest.mark.rule("W2.7")
@pytest.mark.parametrize(
    "harmless",
    [
        "Summary: 0 errors, 3 warnings", "12 passed, 0 failed in 3.2s", "no errors found", "error: 0.0234",
        "val_error: 0.0234 train_error: 0.0188", "mean_squared_error: 0.0123", "Word error rate: 12.3",
        "decode(errors='ignore')", "Nancy, France", "test_error_handling PASSED", "NaN count: 0",
        "    raise ValueError(f\"Unknown optim type: {optim}\")", "Killed 0 stale workers",
        "Segmentation model loaded", "fatal_errors: 0", "HTTP/1.1 200 OK 500 bytes",
    ],
)  # fmt: skip
def test_a_word_is_not_an_error(harmless: str) -> None:
    log = reader()
    log.feed(harmless.encode() + b"\n", 0.0)
    assert [p for p in log.problems.list() if p.severity != "info"] == []


def test_a_traceback_is_one_problem_named_by_its_last_line() -> None:
    log = reader()
    log.feed(
        b"start\nTraceback (most recent call last):\n  File \"a.py\", line 3, in f\n    g()\nKeyError: 'x'\n\n"
        b"During handling of the above exception, another exception occurred:\n\n"
        b'Traceback (most recent call last):\n  File "a.py", line 9, in <module>\n    f()\nValueError: no\n',
        1.0,
    )
    assert [(p.cls, p.first_line, p.count) for p in log.problems.list()] == [
        ("code_bug_KeyError", 5, 1),
        ("code_bug_ValueError", 12, 1),
    ]
    assert 'File "a.py"' in log.problems.list()[0].context[0]


def test_a_known_error_in_a_traceback_has_its_own_name() -> None:
    log = reader()
    log.feed(
        b"Traceback (most recent call last):\n  File \"a.py\", line 3\nModuleNotFoundError: No module named 'x'\n",
        1.0,
    )
    assert [p.signature for p in log.problems.list()] == ["py.module"]


def test_a_flood_is_one_problem_with_an_exact_count() -> None:
    log = reader()
    seen = log.feed(
        b"".join(b"w.py:%d: ConvergenceWarning: failed %d\n" % (n, n) for n in range(20_000)), 1.0
    )
    problems = [o for o in seen if isinstance(o, ProblemSeen)]
    assert len(problems) == 1
    assert problems[0].problem.count == 20_000


@pytest.mark.rule("W1.3")
def test_the_first_lines_are_valid_or_not() -> None:
    good, bad, silent = reader(), reader(), reader()
    good.feed(b"Epoch 1/3\n", 0.0)
    bad.feed(b"usage: x\nx.py: error: unrecognized arguments: --lrr\n", 0.0)
    assert (good.first_logs, bad.first_logs, silent.first_logs) == ("valid", "invalid", "none yet")


def test_a_wrong_entry_is_named() -> None:
    with pytest.raises(ValueError, match=r"signature my\.own"):
        parse(
            [
                "[[signature]]\nid='my.own'\nclass='x'\nseverity='minor'\ncause=''\nadvice=''\npattern=['(']\nexamples=['(']"
            ]
        )
