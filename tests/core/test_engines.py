"""All engines lead to the same events, in pieces of any size, whatever the log holds."""

import random
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from overnight import catalog, engines
from overnight.core.analyze import Analysis, analyze
from overnight.core.engine import loosened
from overnight.core.lines import MAX_LINE_BYTES
from overnight.core.model import Problem, ProblemSeen
from overnight.core.observe import BULK_BYTES, Catalog, LogReader
from overnight.core.recognizers import Recognizers

SIGNATURES = catalog.load().signatures
EVERY = 1
"""A bulk threshold in bytes: every feed is read in bulk."""
NEVER = 1 << 40


def catalog_of(name: str) -> Catalog:
    return Catalog(SIGNATURES, lambda matcher: engines.build(name, SIGNATURES, matcher))


CATALOGS = {name: catalog_of(name) for name in engines.NAMES}


def read(log: bytes, engine: str, bulk_bytes: int, piece: int = 1 << 16) -> LogReader:
    reader = LogReader(CATALOGS[engine], Recognizers(), bulk_bytes=bulk_bytes)
    for start in range(0, len(log), piece):
        reader.feed(log[start : start + piece], None)
    reader.flush(None)
    return reader


def told(reader: LogReader) -> list[tuple[object, ...]]:
    """All that is known of each problem."""
    return sorted(map(row, reader.problems.list()))


def row(p: Problem) -> tuple[object, ...]:
    return p.signature, p.count, p.first_line, p.last_line, p.text, tuple(p.context[-4:])


def texts() -> list[str]:
    """Every example and near miss there is, and lines that end where a pattern says."""
    ends = [
        "Segmentation fault",
        "Floating point exception",
        "MemoryError",
        "sh: 1: foo: not found",
        "Killed",
    ]
    return [*ends, *(text for s in SIGNATURES for text in (*s.examples, *s.near_misses))]


@pytest.mark.parametrize("engine", engines.NAMES)
def test_every_example_leads_to_the_same_events(engine: str) -> None:
    """Alone and far from one another, so that nothing hides behind its neighbour."""
    filler = "".join(f"step {n} loss 0.{n}\n" for n in range(8))
    log = "".join(f"{text}\n{filler}" for text in texts()).encode()
    assert told(read(log, engine, EVERY)) == told(read(log, "stdlib", NEVER))


@pytest.mark.parametrize("engine", engines.NAMES)
@pytest.mark.parametrize("before", [b"", b"\x1b[31m", b"[rank3]: ", b"bar 3/9\r", b"   ", "│ été ".encode()])
def test_what_stands_before_a_text_hides_nothing(engine: str, before: bytes) -> None:
    log = b"start\n" * 9 + b"".join(before + text.encode() + b"\r\n" + b"quiet\n" * 8 for text in texts())
    assert told(read(log, engine, EVERY)) == told(read(log, "stdlib", NEVER))


PARTS = st.sampled_from(
    [
        *[text.encode() + b"\n" for text in texts()],
        b"Traceback (most recent call last):\n",
        b'  File "a.py", line 3, in f\n    raise ValueError("x")\nValueError: x\n',
        b"epoch 3/10 loss 0.25\n",
        b"\r 40%|####      | 4/10 [00:01<00:02, 3.1it/s]",
        b"loss nan\n",
        b"\x1b[32mINFO\x1b[0m done\n",
        b"\xff\xfe\x00garbage\x08\x08\n",
        b"\n",
        b"\r\n",
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(PARTS, max_size=30), st.lists(st.integers(1, 400), max_size=60), st.sampled_from(engines.NAMES)
)
def test_any_cut_gives_the_same_problems(parts: list[bytes], cuts: list[int], engine: str) -> None:
    log = b"first\n" + b"".join(parts)
    whole, bulk, line_by_line = (
        LogReader(CATALOGS[engine], Recognizers(), bulk_bytes=limit) for limit in (NEVER, EVERY, NEVER)
    )
    whole.feed(log, None)
    for reader in (bulk, line_by_line):
        rest = log
        for cut in cuts:
            reader.feed(rest[:cut], None)
            rest = rest[cut:]
        reader.feed(rest, None)
    for reader in (whole, bulk, line_by_line):
        reader.flush(None)
    assert told(bulk) == told(line_by_line) == told(whole)


@settings(max_examples=100, deadline=None)
@given(st.lists(PARTS, max_size=30), st.lists(st.integers(1, 400), max_size=60))
def test_any_cut_gives_the_same_observations(parts: list[bytes], cuts: list[int]) -> None:
    log = b"first\n" + b"".join(parts)
    whole, cut_up = (LogReader(CATALOGS["stdlib"], Recognizers(), bulk_bytes=NEVER) for _ in range(2))
    expected = [*whole.feed(log, None), *whole.flush(None)]
    found = []
    for cut in cuts:
        found += cut_up.feed(log[:cut], None)
        log = log[cut:]
    found += [*cut_up.feed(log, None), *cut_up.flush(None)]
    assert [repr(o) for o in found if not isinstance(o, ProblemSeen)] == [
        repr(o) for o in expected if not isinstance(o, ProblemSeen)
    ]
    assert told(cut_up) == told(whole)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=3000), st.sampled_from(engines.NAMES), st.integers(1, 700))
def test_nothing_makes_the_reader_raise(data: bytes, engine: str, piece: int) -> None:
    for limit in (EVERY, NEVER):
        assert read(data, engine, limit, piece).offset == len(data)


@pytest.mark.parametrize(
    "log",
    [
        b"Fatal error: Step 120\x88: The total potential energy is nan\n",
        b"Error: Sysmu\0\0\0\0\0nmap\x08\x08\x08\x08\x08\x08 )`,failed.\n",
        b"job 123.\x11 exceeded hard wallclock time\njob 123.1 exceeded hard wallclock time\n",
        "Too many \x85LINCS warnings\n".encode(),
        b"bash: line 1: torchrun: command not found\n *   [ABORT]      *\n",
    ],
)
@pytest.mark.parametrize("engine", engines.NAMES)
def test_what_a_fuzzer_found_is_found_by_all(log: bytes, engine: str) -> None:
    """Controls and backspaces between the letters, and lines that differ in nothing but a digit."""
    log = b"first\n" + log
    assert told(read(log, engine, EVERY)) == told(read(log, engine, NEVER))


# ---------------------------------------------------------------- floods


@pytest.mark.parametrize("said", ["RuntimeError: CUDA", "CUDA"], ids=["read line by line", "counted"])
@pytest.mark.parametrize("engine", engines.NAMES)
def test_a_flood_is_one_problem_and_hides_nothing(engine: str, said: str) -> None:
    """Two pieces, the first with more hits than any engine names one by one; what is hidden comes after those."""
    flood = [f"2026-01-01 00:00:{n % 60:02d} {said} out of memory. Tried {n} MiB" for n in range(20_000)]
    flood[12_000] = "RuntimeError: CUDA error: device-side assert triggered"
    problems = {
        p.signature: p for p in read("\n".join(flood).encode(), engine, EVERY, 1 << 20).problems.list()
    }
    assert problems["gpu.oom"].count == 19_999
    assert (problems["gpu.oom"].first_line, problems["gpu.oom"].last_line) == (1, 20_000)
    assert problems["gpu.dsa"].first_line == 12_001


@pytest.mark.parametrize("engine", engines.NAMES)
def test_a_digit_in_a_flood_is_not_overlooked(engine: str) -> None:
    lines = [f"worker {n}: exit code {137 if n == 150 else 1}" for n in range(300)]
    lines += [f"check {n}: ERROR: {int(n == 99)} errors" for n in range(300)]
    log = "\n".join(["start", *lines]).encode()
    found = {p.signature: p.first_line for p in read(log, engine, EVERY, 1 << 20).problems.list()}
    assert found["host.exit137"] == 152
    assert found == {p.signature: p.first_line for p in read(log, engine, NEVER).problems.list()}


@pytest.mark.parametrize("engine", engines.NAMES)
def test_tracebacks_in_a_large_piece_are_read_whole(engine: str) -> None:
    trace = (
        "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\n    f()\nKeyError: 'x'\n"
    )
    log = ("step 1 loss 0.5\n" * 50 + trace) * 200
    found = read(log.encode(), engine, EVERY, 1 << 17)
    assert told(found) == told(read(log.encode(), engine, NEVER))
    assert found.problems.list()[0].count == 200


# ---------------------------------------------------------------- what follows from samples


def night(lines: int, seed: int) -> Iterator[str]:
    """A training with bars, evaluations and a best that stands somewhere in the middle."""
    chance = random.Random(seed)
    best = chance.randrange(lines)
    for step in range(lines):
        loss = 2.0 + chance.random() - (1.5 if step == best else 0.0)
        yield f"12:00:{step % 60:02d} step {step}/{lines} loss: {loss:.4f} lr 1e-{chance.randint(3, 5)}\n"
        if step % 11 == 0:  # so many that few are among the samples
            yield f"epoch {step // 11}: val_loss={loss + 0.1:.3f}, val_acc={chance.random():.3f}\n"
        if step % 501 == 0:
            yield f"\r 12%|#2   | {step}/{lines} [00:01<00:07, 11.1it/s]\n"


def pieces(log: bytes, size: int) -> list[bytes]:
    return [log[start : start + size] for start in range(0, len(log), size)]


def facts(found: Analysis) -> tuple[object, ...]:
    return found.outcome, found.failure, [(p.unit, p.current, p.total) for p in found.progress], found.best


@pytest.mark.parametrize("seed", range(5))
def test_samples_tell_what_all_lines_tell(seed: int) -> None:
    """Read line by line, and in two pieces of which both are large enough for samples."""
    log = "".join(night(15_000, seed)).encode()
    full = analyze(pieces(log, 1 << 15), CATALOGS["stdlib"])
    halves = pieces(log, len(log) // 2)
    assert len(halves[0]) - BULK_BYTES // 4 > BULK_BYTES  # of the first, the beginning is read line by line
    sampled = analyze(halves, CATALOGS["stdlib"])
    assert facts(sampled) == facts(full)
    assert sampled.metrics == full.metrics


def test_values_that_are_not_finite_are_not_lost_among_samples() -> None:
    lines = [f"step {n} loss {'nan' if n > 40_000 else 0.5}" for n in range(50_000)]
    assert (
        analyze([("\n".join(lines)).encode()] * 1, CATALOGS["stdlib"]).problems[0].signature == "num.nan_loss"
    )
    skipped = [f"step {n} loss {'nan' if n % 50 == 0 else 0.5}" for n in range(50_000)]
    found = analyze(iter([b"start\n", "\n".join(skipped).encode()]), CATALOGS["stdlib"]).problems
    assert "num.nan_loss" not in {p.signature for p in found}


# ---------------------------------------------------------------- bounds


@pytest.mark.parametrize(
    "unit",
    [
        b"x" * 1000,
        b"step 1 loss 0.5\r",
        b"error: ",
        b"Traceback (most recent call last):\n",
        b"\x1b[31m",
        b"a=1 " * 20 + b"\n",
        b"[1/2]" * 50 + b"\n",
        b"RuntimeError: CUDA out of memory\n",
        b"\x08",
    ],
)
@pytest.mark.parametrize("limit", [EVERY, NEVER])
def test_twice_the_bytes_take_about_twice_the_time(unit: bytes, limit: int) -> None:
    """A ratio on one machine, with room for noise: what is quadratic would give four."""

    def seconds(size: int) -> float:
        log = b"begin\n" + unit * (size // len(unit))
        begin = time.process_time()
        read(log, "stdlib", limit)
        return time.process_time() - begin

    size = 1 << 18
    bound = 3 * min(seconds(size) for _ in range(3)) + 0.02
    assert any(seconds(2 * size) < bound for _ in range(3))  # once is enough: noise only adds


def test_a_line_is_held_up_to_its_bound_only() -> None:
    reader = LogReader(CATALOGS["stdlib"], Recognizers())
    for _ in range(64):
        reader.feed(b"y" * (1 << 20), None)
        assert len(reader._splitter._rest) <= MAX_LINE_BYTES + 2
    assert reader.lines <= 1


def test_loosened_patterns_keep_their_flags() -> None:
    assert loosened("(?i)^error: x$") == "(?i)error: x"
    assert loosened(r"costs \$") == r"costs \$"
