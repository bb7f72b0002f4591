"""Lines that good runs never printed: by template, once each, bounded, the same in every process."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.core import novelty
from overnight.core.novelty import MOST_SHOWN, Learner, Novelty, Templates, seldom, template

GOOD = b"""\
2026-11-23 20:01:02 start, seed 17, buffer at 0x7f3a22c0
Epoch 1/3: 100%|##########| 50/50 [00:12<00:00,  4.1it/s]
epoch 1 loss 0.512 lr 1e-05
epoch 2 loss 0.0031 lr 0.001
saved /scratch/run-8/ckpt_2.pt
done
"""


def book(*logs: bytes) -> Templates:
    templates = Templates()
    for log in logs:
        learner = Learner(templates)
        learner.feed(log)
        learner.close()
    return templates


def new(log: bytes, known: Templates) -> list[tuple[int, str]] | None:
    found = Novelty(known)
    found.feed(log)
    found.close()
    lines = found.lines()
    return None if lines is None else [(quote.line, quote.text) for quote in lines]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("loss 0.512 lr 1e-05", "loss 12 lr 0.001"),
        ("loss: 0.5", "loss:   12.5"),
        ("delta -0.5 at 20:01:02,123", "delta +12 at 20:01:02.9"),
        ("at 0x7f3a22c0", "at 0xdeadbeef"),
        ("commit 3e4c01833e71 ok", "commit 98a1b2c3d4e5 ok"),
        ("id 550e8400-e29b-41d4-a716-446655440000", "id 123e4567-e89b-12d3-a456-426614174000"),
        (" 10%|█         | 5/50", " 90%|█████████ | 45/50"),
        ("[=====>......] 40/100", "[==========>.] 90/100"),
        ("[worker3] ready", "[worker12] ready"),
    ],
)
def test_what_counts_or_measures_is_erased(one: str, other: str) -> None:
    assert template(one) == template(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("loss nan", "loss 0.5"),
        ("loss inf", "loss 0.5"),
        ("deadbeef", "facade"),
        ("saved", "not saved"),
        ("warning: retry 3", "error: retry 3"),
    ],
)
def test_words_are_kept(one: str, other: str) -> None:
    assert template(one) != template(other)


def test_a_run_like_the_good_one_has_no_new_lines() -> None:
    again = GOOD.replace(b"17", b"4711").replace(b"0.512", b"3.2e-4").replace(b"0x7f3a22c0", b"0xabc")
    assert new(again, book(GOOD)) == []


def test_new_lines_come_once_with_their_numbers_and_without_frames() -> None:
    bad = GOOD.replace(
        b"saved",
        b"NCCL WARN timeout after 30 s\nNCCL WARN timeout after 60 s\nTraceback (most recent call last):\n"
        b'  File "train.py", line 8, in step\n    all_reduce(x)\nRuntimeError: NCCL\nsaved',
    )
    assert new(bad, book(GOOD)) == [
        (5, "NCCL WARN timeout after 30 s"),
        (10, "RuntimeError: NCCL"),
    ]


def test_frames_are_not_listed_where_the_good_run_caught_an_exception_too() -> None:
    caught = b'Traceback (most recent call last):\n  File "a.py", line 1\nKeyError: 1\n'
    other = b'Traceback (most recent call last):\n  File "b.py", line 1\n    go()\nValueError: x\n'
    assert new(other, book(caught)) == [(4, "ValueError: x")]


def test_the_first_and_the_last_are_shown_of_many() -> None:
    words = [f"{a}{b} happened" for a in "abcdef" for b in "uvwxyz"]
    found = new("\n".join(words).encode(), book(GOOD))
    assert found is not None
    assert [line for line, _text in found] == [1, 2, 3, 4, 33, 34, 35, 36]
    assert len(found) == MOST_SHOWN


def test_what_sounds_like_trouble_is_shown_first() -> None:
    words = [f"{a}{b} happened" for a in "abcdef" for b in "uvwxyz"]
    words[20] = "the disk said: cannot write"
    found = new("\n".join(words).encode(), book(GOOD))
    assert found is not None
    assert [line for line, _text in found] == [1, 2, 3, 4, 21, 33, 34, 35]


def test_a_traceback_of_a_rank_is_one_line_too() -> None:
    bad = b'[rank3]: Traceback (most recent call last):\n[rank3]:   File "t.py", line 8\n[rank3]: OSError: gone\n'
    assert new(bad, book(GOOD)) == [(3, "[rank3]: OSError: gone")]


def test_a_log_of_another_kind_says_nothing() -> None:
    words = "\n".join(f"{a}{b}{c} happened" for a in "abcdef" for b in "uvwxyz" for c in "klm")
    assert new(words.encode(), book(GOOD)) is None


def test_free_text_fills_the_book_and_then_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(novelty, "MOST_TEMPLATES", 50)
    words = "\n".join(f"{a}{b} {c}" for a in "abcdef" for b in "uvwxyz" for c in "klm").encode()
    full = book(words)
    assert full.full
    assert len(full) == 50
    assert new(b"a new line\n", full) is None
    assert Templates.decode(full.encode()).full


def test_a_full_book_takes_less_than_a_megabyte() -> None:
    one = len(book(b"a\n").encode()) - len(Templates().encode())
    assert one * novelty.MOST_TEMPLATES < 1 << 20


def test_a_book_is_the_same_after_writing_and_in_another_process() -> None:
    known = book(GOOD)
    assert Templates.decode(known.encode()).encode() == known.encode()
    code = (
        "import sys; from overnight.core.novelty import *; t = Templates(); l = Learner(t);"
        "l.feed(sys.stdin.buffer.read()); l.close(); sys.stdout.buffer.write(t.encode())"
    )
    env = os.environ | {"PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", code], input=GOOD, capture_output=True, check=True, env=env)
    assert done.stdout == known.encode()


@given(st.binary(max_size=60))
def test_what_is_no_book_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no book"):
        Templates.decode(data)


@given(st.lists(st.text(max_size=40), max_size=20), st.integers(1, 50))
def test_any_cut_gives_the_same_answer_and_a_log_is_not_new_to_itself(lines: list[str], cut: int) -> None:
    log = "\n".join(lines).encode("utf-8", "replace")
    whole, pieces = book(log), Templates()
    learner = Learner(pieces)
    for at in range(0, len(log), cut):
        learner.feed(log[at : at + cut])
    learner.close()
    assert pieces.encode() == whole.encode()
    assert new(log, whole) == []


def test_what_a_flood_hides_is_found() -> None:
    flood = [f"a.py:{n}: ConvergenceWarning: failed after {n} steps" for n in range(2000)]
    once = "loader: 1204 of 48000 rows dropped (missing labels)"
    assert seldom([*flood, once, "saved model 1", *flood]) == [once]
    assert seldom(flood) == []
    assert seldom([]) == []
