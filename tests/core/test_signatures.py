"""The known problems as data: enough of them, cheap, in the words of all three engines, and no false friends."""

import re
from itertools import cycle

import hyperscan
import pytest
import re2

from overnight import catalog
from overnight.core.patterns import required
from overnight.core.scan import Matcher
from overnight.core.signatures import Signature

KNOWN = catalog.load()
MATCHER = KNOWN.matcher

HEALTHY = """
    epoch 3/10 - loss: 0.4321 - val_loss: 0.5 - mean_absolute_error: 0.0213
    test error: 1.2%  train error: 0.9%
    {'eval_error_rate': 0.031, 'epoch': 2.0}
    Summary: 0 errors, 0 failed, 12 skipped
    120 passed, 0 failed in 3.21s
    no errors found in 1200 files
    usage: train.py [-h] [--lr LR] [--fail-fast] [--on-error {stop,continue}]
    config: {'on_error': 'ignore', 'max_errors': 10, 'killed': False, 'oom_retries': 3}
    exception_handler: default, abort_on_error: false, nan_policy: raise
    tests/test_errors.py::test_raises_memory_error PASSED
    INFO:root:checkpoint saved, 80 GB of disk space left
     40%|####      | 4/10 [00:01<00:02, 3.1it/s, loss=nan]
    NCCL INFO comm 0x55 rank 0 nranks 8 cudaDev 0 busId 1000 - Init COMPLETE
    W tensorflow/stream_executor/platform/default/dso_loader.cc:64] Could not load dynamic library 'libnvinfer.so.7'
    E tensorflow/compiler/xla/stream_executor/cuda/cuda_dnn.cc:9342] Unable to register cuDNN factory
    UserWarning: The dataloader does not drop the last batch
    retrying download (attempt 2 of 5) ... success
    RMSE 0.12 ± 0.01, error bars are 95 % confidence
    early stopping patience 10, best epoch 12
    [I 2026-11-23 20:11:02,010] Trial 7 pruned.
    Error analysis: 12 of 300 predictions differ
    all tasks killed: no
    WARNING: CPU frequency scaling is enabled
    GPU memory: 12.1 GiB used of 80 GiB, out of memory events: 0
    step 1200: grad_norm 1.2, skipped 0, nan iterations: 0
    raise ValueError("bad input")
    number of failed trials so far: 0
    Finished meshing without any errors
    residual error below tolerance after 12 iterations
    make: Nothing to be done for 'all'.
    Downloading shards: 100%|##########| 3/3 [00:05<00:00]
    timeout: 30 s, retries: 5, connection: keep-alive
    wandb: Run data is saved locally in ./wandb/run-1
    The model converged. Time limit: 24:00:00
    Receiver error correction: enabled
    Loading checkpoint shards: 100%
    Killed processes in last hour: 0
""".strip().splitlines()


def test_there_are_enough_and_each_is_named_once() -> None:
    assert len(KNOWN.signatures) >= 180
    assert all(re.fullmatch(r"[a-z]+\.[\w-]+", s.id) for s in KNOWN.signatures)
    assert all(re.fullmatch(r"[a-z0-9_]+([A-Z]\w*)?", s.cls) for s in KNOWN.signatures)


@pytest.mark.parametrize("signature", KNOWN.signatures, ids=lambda s: s.id)
def test_a_pattern_is_understood_by_all_engines_and_needs_a_text(signature: Signature) -> None:
    """Five characters that must stand in the line: else every line would meet the expression."""
    for pattern in signature.pattern:
        assert min(map(len, required(pattern))) >= 5, pattern
        assert re2.compile(pattern)
        hyperscan.Database().compile([pattern.encode()])


@pytest.mark.parametrize("line", [line.strip() for line in HEALTHY])
def test_what_healthy_programs_print_is_not_critical(line: str) -> None:
    assert [s.id for s in MATCHER.match(line) if s.severity == "critical" and s.role == "root"] == []
    assert [s.id for s in MATCHER.match(line) if s.certain] == []


def test_what_must_be_in_a_match_is_known_of_a_pattern() -> None:
    assert required("CUDA out of memory") == ("cuda out of memory",)
    assert set(required("(?:Address|Leak)Sanitizer: ")) == {"sanitizer: "}
    assert set(required("RayActorError|ActorDiedError")) == {"rayactorerror", "actordiederror"}
    assert required(r"\d+ of \d+") == (" of ",)
    assert required(r"a?\d*") == ("",)


def with_digits(text: str, digits: str) -> str:
    """The text with these digits, over and over, in the place of its own."""
    turn = cycle(digits)
    return re.sub(r"\d", lambda _: next(turn), text)


@pytest.mark.parametrize("digits", ["0", "1", "01", "9081726354"])
def test_a_remembered_verdict_is_that_of_the_line_itself(digits: str) -> None:
    """Lines are told apart by the digits that matter to a signature, and by no others."""
    matcher = Matcher(KNOWN.signatures)
    for text in (text for s in KNOWN.signatures for text in (*s.examples, *s.near_misses)):
        for line in (text, with_digits(text, digits), text):
            assert matcher.match(line) == matcher._search(line)[0], line


def test_whether_digits_matter_is_asked_of_what_the_line_may_hold() -> None:
    """The word `error` alone makes no result of tests, of which a failure is told from `0 failed`."""
    matcher = Matcher(KNOWN.signatures)
    assert not matcher.judges_digits("RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB")
    assert matcher.judges_digits("=== 0 failed, 118 passed in 12.31s ===")
    assert matcher.judges_digits("Finished with 3 errors")
