"""What a check-in costs and what it says."""

import pytest

from overnight import catalog
from overnight.core.analyze import analyze
from overnight.core.digest import EVENTFUL_TOKENS, QUIET_TOKENS, digest
from overnight.core.model import Spec
from overnight.core.tokens import estimate
from overnight.core.watch import Watch

KNOWN = catalog.load()


def a_watch() -> Watch:
    run = Watch(Spec(run="k3f9", argv=["python", "tune.py"], cwd="/", token="t", created_at=0.0), KNOWN)
    for n in range(1, 44):
        run.read(f"Trial {n}/100 completed, value={1 / n:.4f}\n".encode(), n * 60.0)
    return run


@pytest.mark.rule("W0.1")
def test_a_quiet_check_in_is_one_short_line() -> None:
    text = digest(a_watch().status(2580.0), new_lines=["Trial 43/100 completed"] * 50)
    assert "\n" not in text
    assert "43/100" in text
    assert estimate(text) <= QUIET_TOKENS


@pytest.mark.rule("W0.1", "W5.3")
def test_an_eventful_one_keeps_its_budget_and_says_what_matters_first() -> None:
    run = a_watch()
    run.read(b"ConvergenceWarning: lbfgs failed\nTrial 44/100 completed\n", 2581.0)
    run.look(2600.0)
    text = digest(run.status(2601.0), new_lines=[f"line {n} " + "words " * 40 for n in range(500)])
    assert estimate(text) <= EVENTFUL_TOKENS
    assert "Fix and relaunch, or continue?" in text
    assert "line 499" in text
    assert text.index("ConvergenceWarning") < text.index("line 499")


@pytest.mark.rule("W2.6")
def test_what_was_told_is_not_told_again() -> None:
    run = a_watch()
    run.read(b"ConvergenceWarning: lbfgs failed\nTrial 44/100 completed\n", 2581.0)
    status = run.status(2590.0)
    assert "ConvergenceWarning" in digest(status)
    assert "ConvergenceWarning" not in digest(status, since=status)


def test_a_finished_log_is_judged_by_the_same_pipeline() -> None:
    good = analyze([b"Epoch 1/2\nloss=0.5\nEpoch 2/2\nloss=0.4\n"], KNOWN)
    bad = analyze(
        [b"Epoch 1/2\nloss=0.5\nTraceback (most recent call last):\n  File \"a\"\nKeyError: 'x'\n"], KNOWN
    )
    cut = analyze([b"Epoch 1/20\nloss=0.5\n"], KNOWN)
    assert (good.outcome, bad.outcome, cut.outcome) == ("success", "failure", "unfinished")
    assert bad.failure is not None
    assert (bad.failure.cls, bad.failure.line) == ("code_bug_KeyError", 5)
    assert good.failure is None
