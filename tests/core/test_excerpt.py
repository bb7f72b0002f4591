"""The lines around a place, however the log is cut into pieces."""

from hypothesis import given
from hypothesis import strategies as st

from overnight.core.excerpt import AFTER, BEFORE, Excerpts


def quoted(log: bytes, line: int, size: int) -> list[tuple[int, str]]:
    """Feed pieces of `size` bytes, and ask when the piece that completes the line has come."""
    excerpts, seen = Excerpts(), 0
    for at in range(0, len(log), size):
        excerpts.feed(log[at : at + size])
        seen += log[at : at + size].count(b"\n")
        excerpts.want([line] if seen >= line else [])
    excerpts.want([line])
    excerpts.close()
    return [(quote.line, quote.text) for quote in excerpts.around(line)]


@given(st.integers(1, 30), st.integers(1, 200), st.booleans())
def test_any_cut_gives_the_same_lines(line: int, size: int, ended: bool) -> None:
    texts = [f"line {n}" for n in range(1, 31)]
    log = "\n".join(texts).encode() + (b"\n" if ended else b"")
    first, last = max(1, line - BEFORE), min(30, line + AFTER)
    assert quoted(log, line, size) == [(n, f"line {n}") for n in range(first, last + 1)]


def test_a_bar_shows_its_last_state_and_colours_are_gone() -> None:
    assert quoted(b" 1%\r 50%\r100%\r\n\x1b[31mError\x1b[0m\r\n", 2, 99) == [(1, "100%"), (2, "Error")]


def test_what_went_by_long_ago_is_not_quoted_and_nothing_grows() -> None:
    excerpts = Excerpts()
    for _ in range(40):
        excerpts.feed(b"x" * 9_999 + b"\n")
    excerpts.want([1])
    excerpts.want(range(2, 500))
    excerpts.close()
    assert excerpts.around(1) == []
    assert [quote.line for quote in excerpts.around(38)] == [33 + n for n in range(8)]
    assert len(excerpts._held) < 100_000
