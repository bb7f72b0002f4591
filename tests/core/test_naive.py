"""Three loops over a log that grows: what they would have read, and when."""

from bisect import bisect_right

import pytest

from overnight.core import naive
from overnight.core.naive import Log


def grown(*pieces: tuple[float, bytes], end_t: float, start_t: float = 0.0, begin: int = 0) -> Log:
    """A log to which these pieces were written."""
    data = b"".join(piece for _t, piece in pieces)
    times = [t for t, _piece in pieces]
    ends = [0]
    for _t, piece in pieces:
        ends.append(ends[-1] + len(piece))
    return Log(
        lambda t: ends[bisect_right(times, t)], lambda begin, end: data[begin:end], end_t, start_t, begin
    )


def test_each_loop_reads_what_was_there_at_its_time() -> None:
    log = grown((10, b"a\n"), (310, b"b\nc\n"), (650, b"d"), end_t=650)
    assert list(naive.last_lines(log, 2)) == [(300, "a"), (600, "b\nc"), (900, "c\nd")]
    assert list(naive.whole_output(log)) == [(300, "a\n"), (600, "b\nc\n"), (900, "d")]
    polls = list(naive.tail_poll(log, 3))
    assert [polls[0], polls[-1]] == [(30, "a\n"), (660, "c\nd")]
    assert len(polls) == 22


@pytest.mark.parametrize("end_t", [0.0, 1.0, 299.0, 300.0])
def test_a_short_run_is_looked_at_once(end_t: float) -> None:
    log = grown((0, b"all of it\n"), end_t=end_t)
    assert list(naive.last_lines(log)) == [(300, "all of it")]


def test_what_stood_there_before_the_watch_is_not_new() -> None:
    log = grown((0, b"past\n"), (1200, b"now\n"), end_t=1500, start_t=1000, begin=5)
    assert list(naive.whole_output(log)) == [(1300, "now\n"), (1600, "")]


def test_long_lines_are_read_back_as_far_as_needed_and_no_further() -> None:
    lines = [b"%03d " % n + b"x" * 1000 for n in range(200)]
    log = grown((0, b"\n".join(lines) + b"\n"), end_t=300)
    ((_t, text),) = naive.last_lines(log)
    assert [line[:3] for line in text.split("\n")] == [f"{n:03}" for n in range(150, 200)]
    endless = grown((0, b"\rbar" * 2_000_000), end_t=300)
    ((_t, text),) = naive.last_lines(endless)
    assert len(text) == naive.MOST_BYTES


def test_characters_are_counted_not_bytes() -> None:
    log = grown((0, "é€😀".encode() * 5000), end_t=30)
    ((_t, text),) = naive.tail_poll(log)
    assert text == ("é€😀" * 5000)[-10_000:]


def test_a_log_that_is_gone_reads_as_nothing() -> None:
    log = Log(lambda _t: 1 << 40, lambda _begin, _end: b"", 600)
    assert [text for _t, text in naive.last_lines(log)] == ["", ""]
    assert [text for _t, text in naive.whole_output(log)] == ["", ""]
