"""The problems of one run and what is remembered about each while it lives.

Rules:
- One entry per signature: decisions are about what is wrong, not about each line that says so.
- A problem that progress followed was survived. It may still be the cause of an end later, but only when it came
  back after the last progress: an exception that trial 5 caught did not kill trial 60.
- What ended a run is told from its latest episode: where it began after the run last did something well.
- What was before the watch is known and nothing follows from it; seen again, it is a new occurrence.
- What a person accepted stays accepted for this run; a new episode of a stall is a new question.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from msgspec.structs import replace

from overnight.core.decide import Situation
from overnight.core.model import Fact, Problem, ProgressSeen, Role, Severity, TrialSeen

ROLES: dict[Role, int] = {"root": 0, "cascade": 1, "confirmation": 2, "noise": 3}
"""How near a problem is to the cause, the cause first."""
_RANK: dict[Severity, int] = {"critical": 0, "minor": 1, "info": 2}


@dataclass
class Memory:
    """`survived`: progress came after the first occurrence. `fresh`: none came after the latest one.

    `episode`: line and text of the first occurrence since the run last did well.
    """

    problem: Problem
    first_t: float
    first_check_in: int
    survived: bool = False
    fresh: bool = True
    reported: int = 0
    episode: tuple[int, str] | None = None


class Health:
    """What is known to be wrong, by signature, in the order in which it was first seen."""

    def __init__(self) -> None:
        self._memories: dict[str, Memory] = {}
        self._accepted: set[str] = set()
        self._past: set[str] = set()

    def see(
        self, problem: Problem, now: float, check_ins: int, occurrence: tuple[int, str] | None = None
    ) -> bool:
        """Take in a problem at its present count; True when it is worth an event: new, or ten times as many.

        `occurrence`: line and text of this one, where it is one of a line.
        """
        memory = self._memories.get(problem.signature)
        if memory is None or problem.signature in self._past:
            self._past.discard(problem.signature)
            memory = Memory(problem, now, check_ins)
            self._memories[problem.signature] = memory
        memory.problem = problem
        memory.fresh = True
        memory.episode = memory.episode or occurrence
        if problem.count < 10 * memory.reported or problem.count == memory.reported:
            return False
        memory.reported = problem.count
        return True

    def advanced(self, fact: Fact) -> None:
        """The run made progress: what was wrong before did not stop it."""
        for memory in self._memories.values():
            memory.survived = True
            memory.fresh = False
        if not _may_fail(fact):
            self.well()

    def well(self) -> None:
        """The run did something well, or said that it is done: what comes now is another episode."""
        for memory in self._memories.values():
            memory.episode = None

    def accept(self, signatures: Iterable[str]) -> None:
        """A person said: continue."""
        self._accepted.update(signatures)

    def set_aside(self) -> None:
        """What is known so far was before the watch: it is remembered, and not acted on unless it comes again."""
        self._past = set(self._memories)

    def forget(self, signature: str) -> None:
        """The episode is over by itself; another one would be new."""
        self._memories.pop(signature, None)
        self._accepted.discard(signature)
        self._past.discard(signature)

    def knows(self, signature: str) -> bool:
        return signature in self._memories

    def problems(self) -> list[Problem]:
        """Worst first, then by line."""
        found = [m.problem for m in self._memories.values()]
        return sorted(found, key=lambda p: (_RANK[p.severity], p.role != "root", p.first_line))

    def open(self) -> list[Problem]:
        """What nobody accepted, is more than information, and of the watch's own time."""
        if not self._memories:
            return []
        known = self._accepted | self._past
        return [p for p in self.problems() if p.severity != "info" and p.signature not in known]

    def situation(self, signature: str, now: float, check_ins: int, at_check_in: bool) -> Situation:
        memory = self._memories[signature]
        return Situation(
            age_s=now - memory.first_t,
            advanced=memory.survived,
            check_ins=check_ins - memory.first_check_in,
            at_check_in=at_check_in,
            accepted=signature in self._accepted,
        )

    def fatal(self) -> list[Problem]:
        """Criticals that no progress followed, as of their latest episode: roots before cascades before
        confirmations, earliest first."""
        found = [_latest(m) for m in self._memories.values() if m.fresh and m.problem.severity == "critical"]
        return sorted(found, key=lambda p: (ROLES[p.role], p.first_line))

    def interrupted(self) -> Problem | None:
        """Somebody interrupted it, and no progress followed."""
        fresh = (_latest(m) for m in self._memories.values() if m.fresh)
        return next((p for p in fresh if p.cls == "user_interrupt"), None)

    def settling(self, now: float, settle_s: float) -> float | None:
        """When the next uncertain critical has had its time to end the run by itself."""
        due = [
            m.first_t + settle_s
            for m in self._memories.values()
            if m.problem.severity == "critical" and not m.problem.certain and m.first_t + settle_s > now
        ]
        return min(due, default=None)


def _latest(memory: Memory) -> Problem:
    """The problem, first seen where its latest episode began."""
    if memory.episode is None:
        return memory.problem
    line, text = memory.episode
    return replace(memory.problem, first_line=line, text=text)


def _may_fail(fact: Fact) -> bool:
    """Whether such progress goes on whatever is wrong: a trial that failed, the next test after a failed one."""
    if isinstance(fact, TrialSeen):
        return fact.state == "failed"
    return isinstance(fact, ProgressSeen) and fact.unit == "test"
