"""The only door to a human: what follows from one problem.

Rules, in order (the first that fits decides):
1. Noise, information, and what only follows from or confirms something else, reach nobody.
2. What a person already answered "continue" to is not asked again, nor acted on.
3. The policy's own word for a signature goes before the general rules.
4. Critical and certain: interrupt (or ask, if the policy wants to be asked).
5. Critical, not certain: give the run `settle_s` to end by itself. Then, if it goes on making progress, it
   was survived: treat it as minor. If it does not, ask; a traceback alone asks only after two check-ins
   without progress, since a process that prints one usually ends by itself or has caught it.
6. Minor: ask at the next check-in.

Interrupting a healthy run is the worst thing this program can do, so nothing here interrupts without
certainty, and certainty comes from the signature or from the detector, never from a count.
"""

from enum import StrEnum
from typing import NamedTuple

from msgspec.structs import replace

from overnight.core.model import Policy, Problem


class Action(StrEnum):
    NOTHING = "nothing"
    WAIT = "wait"
    ASK = "ask"
    INTERRUPT = "interrupt"


class Reason(StrEnum):
    HARMLESS = "harmless"
    ACCEPTED = "accepted"
    POLICY = "policy"
    CERTAIN = "certain"
    SETTLING = "settling"
    SURVIVED = "survived"
    STUCK = "stuck"
    MINOR = "minor"
    NOT_YET = "not_yet"


class Situation(NamedTuple):
    """What is true around a problem at the moment of deciding.

    `age_s`: seconds since it was first seen. `advanced`: progress was made after it. `check_ins`: check-ins
    since it was first seen. `at_check_in`: this is a check-in. `accepted`: a person said "continue" to it.
    """

    age_s: float
    advanced: bool
    check_ins: int
    at_check_in: bool
    accepted: bool = False


class Decision(NamedTuple):
    action: Action
    reason: Reason


def hands_off(policy: Policy) -> Policy:
    """The policy for what somebody else started: it asks wherever it would have ended it by itself."""
    asks = {"critical": "ask", "non_finite": _asking(policy.non_finite), "stall": _asking(policy.stall)}
    own = {signature: _asking(action) for signature, action in policy.signatures.items()}
    answer = policy.default_answer if policy.default_answer != "stop" else None
    return replace(policy, **asks, signatures=own, default_answer=answer)


def _asking(action: str) -> str:
    return "ask" if action == "interrupt" else action


def decide(problem: Problem, now: Situation, policy: Policy) -> Decision:
    """What to do about `problem` in this situation under this policy. Pure; see the rules above."""
    if problem.severity == "info" or problem.role != "root":
        return Decision(Action.NOTHING, Reason.HARMLESS)
    if now.accepted:
        return Decision(Action.NOTHING, Reason.ACCEPTED)
    wanted = policy.signatures.get(problem.signature)
    if wanted is not None:
        return _obey(wanted)
    if problem.severity == "minor":
        return _minor(now, policy)
    if problem.certain:
        return Decision(Action.INTERRUPT if policy.critical == "interrupt" else Action.ASK, Reason.CERTAIN)
    return _uncertain(problem, now, policy)


def _obey(wanted: str) -> Decision:
    action = {"interrupt": Action.INTERRUPT, "ask": Action.ASK, "ignore": Action.NOTHING}[wanted]
    return Decision(action, Reason.POLICY)


def _minor(now: Situation, policy: Policy) -> Decision:
    if policy.minor == "ignore":
        return Decision(Action.NOTHING, Reason.POLICY)
    if not now.at_check_in:
        return Decision(Action.WAIT, Reason.NOT_YET)
    return Decision(Action.ASK, Reason.MINOR)


def _uncertain(problem: Problem, now: Situation, policy: Policy) -> Decision:
    if now.age_s < policy.settle_s:
        return Decision(Action.WAIT, Reason.SETTLING)
    if now.advanced:
        decision = _minor(now, policy)
        return decision._replace(reason=Reason.SURVIVED) if decision.action is Action.ASK else decision
    if problem.on_exit_only and now.check_ins < 2:
        return Decision(Action.WAIT, Reason.NOT_YET)
    return Decision(Action.ASK, Reason.STUCK)
