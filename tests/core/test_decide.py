"""The decision table, row by row."""

import pytest

from overnight.core.decide import Action, Reason, Situation, decide
from overnight.core.model import Policy, Problem

QUIET = Situation(age_s=60, advanced=False, check_ins=0, at_check_in=False)


def problem(**changes: object) -> Problem:
    fields = {
        "signature": "gpu.oom", "cls": "gpu_oom", "severity": "critical", "count": 1, "first_line": 1,
        "last_line": 1, "text": "x", "cause": "", "advice": "",
    }  # fmt: skip
    return Problem(**(fields | changes))  # type: ignore[arg-type]  # a table of fields


@pytest.mark.rule("W3.4")
def test_only_certainty_interrupts() -> None:
    assert decide(problem(certain=True), QUIET, Policy()) == (Action.INTERRUPT, Reason.CERTAIN)
    assert decide(problem(), QUIET, Policy()) == (Action.ASK, Reason.STUCK)
    assert decide(problem(certain=True), QUIET, Policy(critical="ask")).action is Action.ASK


def test_a_run_gets_time_to_end_of_its_own_error() -> None:
    assert decide(problem(), QUIET._replace(age_s=1), Policy()) == (Action.WAIT, Reason.SETTLING)


def test_a_traceback_alone_waits_for_two_check_ins() -> None:
    caught = problem(on_exit_only=True)
    assert decide(caught, QUIET._replace(check_ins=1), Policy()).action is Action.WAIT
    assert decide(caught, QUIET._replace(check_ins=2), Policy()).action is Action.ASK


@pytest.mark.rule("W3.2")
def test_a_survived_error_is_minor_and_asked_at_a_check_in() -> None:
    survived = QUIET._replace(advanced=True)
    assert decide(problem(), survived, Policy()).action is Action.WAIT
    assert decide(problem(), survived._replace(at_check_in=True), Policy()) == (Action.ASK, Reason.SURVIVED)
    minor = problem(severity="minor")
    assert decide(minor, QUIET, Policy()).action is Action.WAIT
    assert decide(minor, QUIET._replace(at_check_in=True), Policy()).action is Action.ASK


def test_what_was_accepted_or_harmless_reaches_nobody() -> None:
    for found, situation in [
        (problem(certain=True), QUIET._replace(accepted=True)),
        (problem(severity="info"), QUIET),
        (problem(role="cascade"), QUIET),
        (problem(role="confirmation"), QUIET),
    ]:
        assert decide(found, situation, Policy()).action is Action.NOTHING


def test_the_policy_has_the_last_word_about_a_signature() -> None:
    for word, action in [("ignore", Action.NOTHING), ("ask", Action.ASK), ("interrupt", Action.INTERRUPT)]:
        policy = Policy(signatures={"gpu.oom": word})  # type: ignore[dict-item]  # the three words
        assert decide(problem(), QUIET, policy) == (action, Reason.POLICY)
