"""A new watchman reads a long log on from where the last one was, and knows all that stood before."""

import pickle
from pathlib import Path

import pytest
from helpers import wait_for_file
from night import Nights

from overnight import catalog
from overnight.core.model import Observation, ProblemSeen
from overnight.core.observe import LogReader
from overnight.core.recognizers import Recognizers
from overnight.core.watch import Watch
from overnight.store.rundir import RunDir
from overnight.watchman import memory
from overnight.watchman.start import ensure

KNOWN = catalog.load()
_LINES, _AT_ONCE = 6_000, 100
_LONG = "x" * 1500
"""Bytes make the watchman keep its state, lines make it work."""
LOG = (
    b"Fitting 5 folds for each of 4 candidates, totalling 20 fits\n"
    + b"".join(b"[CV %d/5] END C=%d; total time=   0.1s\n" % (n % 5 + 1, n) for n in range(12))
    + b"epoch     train_loss  valid_loss\n0         0.5         0.4\n1         0.4         0.3\n"
    + b"".join(b"step %d loss: %.3f\nConvergenceWarning: %d\n" % (n, 2 - n / 400, n) for n in range(400))
    + b'Traceback (most recent call last):\n  File "a.py", line 3, in f\n'
    + b"KeyError: 'x'\nstep 400 loss: 0.5\n[CV 3/5] END C=9; total time=   0.2s\nRuntimeError: CUDA out of memory\n"
)


def facts(seen: list[Observation]) -> list[Observation]:
    return [one for one in seen if not isinstance(one, ProblemSeen)]


def problems(reader: LogReader) -> list[tuple[object, ...]]:
    return [(p.signature, p.count, p.first_line, p.last_line, p.context) for p in reader.problems.list()]


def line(number: int) -> str:
    return f"step {number} loss: {1 + 1 / (number + 1):.5f} ConvergenceWarning: did not converge {_LONG} {number:06d}"


@pytest.mark.parametrize("cut", [1, 70, 400, 900, 3000, len(LOG) - 150, len(LOG) - 40])
def test_a_reader_that_was_put_away_goes_on_as_if_nothing_had_been(cut: int) -> None:
    whole, first = LogReader(KNOWN, Recognizers()), LogReader(KNOWN, Recognizers())
    expected = whole.feed(LOG, None)
    found = first.feed(LOG[:cut], None)
    again: LogReader = pickle.loads(pickle.dumps(first))
    again.attach(KNOWN)
    found += again.feed(LOG[cut:], None)
    assert facts(found) == facts(expected)
    assert problems(again) == problems(whole)
    assert (again.tail(9), again.lines, again.offset) == (whole.tail(9), whole.lines, len(LOG))


def test_what_is_not_of_this_program_or_not_whole_counts_for_nothing(tmp_path: Path, nights: Nights) -> None:
    night = nights.puppet().night
    watch = Watch(night.run.spec(), KNOWN)
    memory.save(str(tmp_path), watch, 3, KNOWN)
    assert memory.load(str(tmp_path), KNOWN) is not None
    other = catalog.Catalog(KNOWN.signatures[1:])
    assert memory.load(str(tmp_path), other) is None
    path = tmp_path / memory.FILE
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert memory.load(str(tmp_path), KNOWN) is None
    path.write_bytes(b"")
    assert memory.load(str(tmp_path), KNOWN) is None


@pytest.mark.rule("W0.2")
def test_a_killed_watchman_is_followed_by_one_that_reads_on(nights: Nights) -> None:
    """Nine megabytes before the kill, a few lines after it: nothing is lost, nothing is counted twice."""
    puppet = nights.puppet(policy={"minor": "ignore"})
    night = puppet.night
    for start in range(0, _LINES, _AT_ONCE):
        puppet.say(*(line(n) for n in range(start, start + _AT_ONCE)))
    wait_for_file(night.folder / memory.FILE)
    nights.kill_watchman()
    ensure(str(nights.home.path))
    night.until("adopted")
    puppet.say(line(_LINES), "ConvergenceWarning: the last one")
    puppet.end()
    night.closed()
    status = RunDir(night.folder).status()
    assert status is not None
    warning = next(p for p in status.problems if p.signature == "num.sklearn_conv")
    assert (warning.count, warning.first_line, warning.last_line) == (_LINES + 2, 2, _LINES + 3)
    assert [p.current for p in status.progress if p.unit == "step"] == [_LINES]
    assert not (night.folder / memory.FILE).exists()
