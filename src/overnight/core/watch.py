"""The watch over one run: everything that is known of it, and what follows. Pure.

Rules:
- Every method takes what happened and `now`, and returns the events that follow, in order. The caller records
  them (an event whose key is already recorded is dropped), then acts on them. Nothing is done in here.
- The loop has no end of its own: check-ins go on until the command ends, or a person's word.
- While paused there are no check-ins; the log is still read, so the end and a critical error get through.
- What leaves it, statuses and events, leaves without secrets.
- `absorb` only learns, `judge` only decides: a restarted watchman absorbs the past and judges the present.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from overnight.core import cadence
from overnight.core.decide import Action, decide, hands_off
from overnight.core.detectors import Detectors, with_own_words
from overnight.core.exits import explain
from overnight.core.guard import outranks
from overnight.core.health import Health
from overnight.core.lifecycle import ImpossibleStep, step
from overnight.core.metrics import MetricBook
from overnight.core.model import (
    CHOICES,
    Answer,
    Choice,
    Event,
    EventKind,
    Exit,
    Fact,
    MetricSeen,
    Observation,
    Phase,
    PhaseSeen,
    Problem,
    ProblemSeen,
    Question,
    Record,
    RunState,
    Sample,
    Spec,
    Status,
    StopRequest,
    Telling,
    TellKind,
    TrialSeen,
    Verdict,
)
from overnight.core.observe import Catalog, LogReader
from overnight.core.progress import ProgressBook
from overnight.core.recognizers import Recognizers
from overnight.core.records import RecordGate
from overnight.core.veil import Veil

T = TypeVar("T")

STALL = "hang.no_progress"


class Watch:
    """One run under watch. `host` is only quoted in what people are told."""

    _agents: Answer | None = None
    """The answer of an agent that a person may still overrule."""

    def __init__(self, spec: Spec, catalog: Catalog, *, host: str = "") -> None:
        self.spec = spec
        self.host = host
        self.phase: Phase = "starting"
        self.state: RunState = "running"
        objective = spec.goal.metric if spec.goal else None
        self.veil = Veil.of(spec)
        self.reader = LogReader(catalog, Recognizers(), objective=objective, veil=self.veil)
        self.progress = ProgressBook(spec.expect)
        self.metrics = MetricBook(spec.goal)
        self.health = Health()
        self.samples: list[Sample] = []
        self.records: list[Record] = []
        self.check_ins: list[float] = []
        self.question: Question | None = None
        self.exit: Exit | None = None
        self.ended_t: float | None = None
        self.interrupted: Problem | None = None
        self.stop: StopRequest | None = None
        self.report: str | None = None
        attached = spec.attached
        policy = spec.policy if attached is None or attached.interrupt else hands_off(spec.policy)
        self._ask_policy = policy
        self._policy = with_own_words(policy)
        self._begun = attached.after_s if attached else 0.0
        self._heard = self._begun
        self._said_done = False
        self._detectors = Detectors(spec.policy, spec.expect.get("walltime"))
        self._done = False
        self._gate = RecordGate(spec.policy)
        self._next_check_in = self._check_in_after(self._begun)
        self._first_logs_told = False
        self._failure_told = False

    # ------------------------------------------------------------ what happens

    def started(self, now: float) -> list[Event]:
        """The command was seen alive after exec."""
        return [self._event("started", "started", now)]

    def read(self, data: bytes, now: float) -> list[Event]:
        """New bytes of the log."""
        events = self.absorb(self.reader.feed(data, now), now)
        return events + self.judge(now)

    def sample(self, sample: Sample) -> list[Event]:
        """Resources of the tree, taken at `sample.t`."""
        self.samples.append(sample)
        self._detectors.sample(sample)
        return [self._event("sample", f"sample:{sample.t:.3f}", sample.t, sample)]

    def look(self, now: float) -> list[Event]:
        """A timer came due: a check-in, a settled error, a stall, or a question's default answer."""
        if self.phase == "ended":
            return []
        events = self._default_answer(now) + self._stall(now)
        if self.phase == "paused" or now < self._next_check_in:
            return events + self.judge(now)
        return events + self._check_in(now)

    def slept(self, seconds: float) -> None:
        """The machine was suspended for that long: nothing could advance, so no stall follows from it."""
        if self.progress.last_advance is not None:
            self.progress.last_advance += seconds

    def answered(self, answer: Answer, now: float) -> list[Event]:
        """Somebody, or the default, answered the open question; an answer to anything else changes nothing."""
        if self.phase == "ended":
            return []
        if (
            self._agents is not None
            and answer.question == self._agents.question
            and outranks(answer, self._agents)
        ):
            self._agents = None
            return [self._event("answer", f"answer:{answer.question}!", now, answer)]
        if self.question is None or answer.question != self.question.id:
            return []
        self._close_question(answer, now)
        return [self._event("answer", f"answer:{answer.question}", now, answer)]

    def stop_requested(self, request: StopRequest, now: float) -> list[Event]:
        """A person wants the run to end: its end is no failure."""
        if self.stop is not None or self.phase == "ended":
            return []
        self.stop = request
        return [self._event("stop", "stop", now, request)]

    def ended(self, exit_: Exit, now: float) -> list[Event]:
        """The command is over and its whole log was read."""
        if self.phase == "ended":
            return []
        events = self.absorb(self.reader.flush(now), now)
        events += self._first_logs(now, ended=True)
        if exit_.code == 0:
            found = self._detectors.at_end(self.metrics, self.progress, self.reader.lines, done=self._done)
            events += [event for problem in found for event in self._problem_seen(problem, now)]
        root = self._cause(exit_, now)
        if root is not None and not self.health.knows(root.signature):
            self.health.see(root, now, len(self.check_ins))
            events.append(self._problem_event(root, now))
        self.exit, self.ended_t = exit_, now
        self.state = self._final_state(exit_, root)
        self.question = None
        self.phase = step(self.phase, "end")
        data = {"state": self.state, "exit": msgspec.to_builtins(exit_)}
        events.append(self._event("ended", "ended", now, data))
        return events + self._tell_end(root, now)

    # ------------------------------------------------------------ what is known

    @property
    def offset(self) -> int:
        """Bytes of the log that were read."""
        return self.reader.offset

    def due(self, now: float) -> float | None:
        """When `look` should be called next if nothing else happens; None when never."""
        if self.phase == "ended":
            return None
        times = [self.health.settling(now, self.spec.policy.settle_s), self._stall_due(), self._log_over_at()]
        if self.phase == "paused":
            times.append(self.question.default_t if self.question else None)
        else:
            times.append(self._next_check_in)
        return min((t for t in times if t is not None), default=None)

    def verdict(self) -> Verdict:
        """The health in one word."""
        if self.phase == "ended":
            return "critical" if self.state in ("failed", "lost") else "finished"
        if self.interrupted is not None:
            return "critical"
        worrying = self.question.problems if self.question else self._unsurvived()
        if not worrying:
            return "ok"
        return "critical" if any(p.severity == "critical" for p in worrying) else "minor"

    def status(self, now: float) -> Status:
        """The TaskStatus at `now`, without secrets."""
        return self.veil.record(self._status(now))

    def _status(self, now: float) -> Status:
        waiting = self.phase not in ("paused", "ended")
        return Status(
            run=self.spec.run,
            name=self.name,
            state=self.state,
            exit_code=self.exit.code if self.exit else None,
            signal=self.exit.signal if self.exit else None,
            phase=self.phase,
            verdict=self.verdict(),
            elapsed_s=round(self.ended_t if self.ended_t is not None else now, 3),
            progress=self.progress.list(now),
            best=self.metrics.best(),
            metrics=self.metrics.last(),
            problems=self.health.problems(),
            question=self.question,
            next_check_in_s=round(max(0.0, self._next_check_in - now), 3) if waiting else None,
            log="",
            command=self.spec.argv,
            cwd=self.spec.cwd,
            tags=self.spec.tags,
            check_ins=len(self.check_ins),
            first_logs=self.reader.first_logs,
            trials=dict(self.metrics.trials),
            sample=self.samples[-1] if self.samples else None,
            records=self.records,
            replaces=self.spec.replaces,
            changed=self.spec.changed,
            report=self.report,
        )

    @property
    def name(self) -> str:
        """The name people gave it, else its program."""
        return self.spec.name or program_name(self.spec.argv)

    # ------------------------------------------------------------ learning

    def absorb(self, observations: Sequence[Observation], now: float, *, live: bool = True) -> list[Event]:
        """Learn from the log. `live` is False when the past is read again: then records were already counted."""
        self._heard = max(self._heard, now)
        events: list[Event] = []
        for seen in observations:
            events += (
                self._problem_seen(seen.problem, now, (seen.line, seen.text))
                if isinstance(seen, ProblemSeen)
                else self._fact(seen, now, live)
            )
        for problem in self._detectors.findings(self.metrics, self.progress):
            events += self._problem_seen(problem, now)
        return events + self._first_logs(now)

    def _problem_seen(
        self, problem: Problem, now: float, occurrence: tuple[int, str] | None = None
    ) -> list[Event]:
        worth = self.health.see(problem, now, len(self.check_ins), occurrence)
        return [self._problem_event(problem, now)] if worth else []

    def _fact(self, fact: Fact, now: float, live: bool) -> list[Event]:
        if isinstance(fact, MetricSeen):
            unplaced = fact.step is None or not fact.step_unit
            self.metrics.see(fact, now, self.progress.position() if unplaced else None)
            self._detectors.see(fact, self.metrics, now)
            return []
        events: list[Event] = []
        if self.progress.see(fact, now):
            self.health.advanced(fact)
            self._said_done = False
            events = self._unstall(now)
        self.metrics.see(fact, now)
        self._detectors.see(fact, self.metrics, now)
        if isinstance(fact, PhaseSeen) and fact.phase == "done":
            self._done = self._said_done = True
        if isinstance(fact, TrialSeen):
            record = self._gate.see(self.metrics, fact, now)
            if record is not None and live:
                events += self._record(record, now)
        return events

    def _record(self, record: Record, now: float) -> list[Event]:
        self.records.append(record)
        key = f"record:{record.best.at or record.best.line}"
        told = self._tell("discovery", key, now, record=record)
        return [self._event("record", key, now, record), told]

    def _first_logs(self, now: float, *, ended: bool = False) -> list[Event]:
        """Whether the first lines are those of a run that works: said once."""
        result = self.reader.first_logs
        if self._first_logs_told or (result == "none yet" and not ended):
            return []
        self._first_logs_told = True
        if self.phase == "starting" and result == "valid":
            self.phase = step(self.phase, "valid")
        return [self._event("first_logs", "first_logs", now, {"result": result})]

    # ------------------------------------------------------------ deciding

    def judge(self, now: float, *, at_check_in: bool = False) -> list[Event]:
        """Decide about everything open; at most one interrupt or one question comes of it."""
        if self.phase == "ended" or self.interrupted is not None or self.stop is not None:
            return []
        asks: list[Problem] = []
        for problem in self.health.open():
            situation = self.health.situation(problem.signature, now, len(self.check_ins), at_check_in)
            action = decide(problem, situation, self._policy).action
            if action is Action.INTERRUPT:
                return self._interrupt(problem, now)
            if action is Action.ASK:
                asks.append(problem)
        return self._ask(asks, now) if asks else []

    def _interrupt(self, problem: Problem, now: float) -> list[Event]:
        self.interrupted = problem
        event = self._event("interrupt", "interrupt", now, {"problem": msgspec.to_builtins(problem)})
        return [event, self._tell_failure(problem, now, interrupted=True)]

    def _ask(self, problems: list[Problem], now: float) -> list[Event]:
        """PAUSE and ask. A question that is open already gives way only to a critical problem that it lacks."""
        if self.question is not None:
            known = {p.signature for p in self.question.problems}
            if not any(p.severity == "critical" and p.signature not in known for p in problems):
                return []
        policy = self._ask_policy
        after = policy.answer_after_s if policy.default_answer else None
        self.question = Question(
            id=f"{problems[0].signature}-{len(self.check_ins)}",
            t=now,
            problems=problems,
            choices=CHOICES if self._may_start_again else ("continue", "stop"),
            default=policy.default_answer if after is not None else None,
            default_t=now + after if after is not None else None,
        )
        self.phase = step(self.phase, "ask")
        key = f"question:{self.question.id}"
        asked = self._event("question", key, now, self.question)
        return [asked, self._tell("question", key, now, question=self.question, problem=problems[0])]

    def _default_answer(self, now: float) -> list[Event]:
        question = self.question
        if (
            question is None
            or question.default_t is None
            or now < question.default_t
            or question.default is None
        ):
            return []
        return self._answer_by_itself(question, question.default, "default", now)

    def _answer_by_itself(self, question: Question, choice: Choice, by: str, now: float) -> list[Event]:
        answer = Answer(question=question.id, choice=choice, by=by, at=0.0)
        events = self.answered(answer, now)
        if choice == "stop":
            reason = "the default answer to " + question.problems[0].signature
            events += self.stop_requested(StopRequest(by=by, at=0.0, reason=reason), now)
        return events

    def _close_question(self, answer: Answer, now: float) -> None:
        if self.question is not None and answer.choice == "continue":
            self.health.accept(p.signature for p in self.question.problems)
        self._agents = answer if answer.agent else None
        self.question = None
        self.phase = step(self.phase, "answer")
        self._settle(now)
        self._next_check_in = self._check_in_after(now)

    def _check_in(self, now: float) -> list[Event]:
        self.check_ins.append(now)
        if self.phase == "starting":
            self.phase = step(self.phase, "valid")
        self._settle(now)
        looked = self._detectors.at_check_in(self.metrics, self.progress, now, self.reader.lines)
        noticed = [event for problem in looked for event in self._problem_seen(problem, now)]
        judged = noticed + self.judge(now, at_check_in=True)
        self._next_check_in = self._check_in_after(now)
        status = self.status(now)
        data = {
            "number": len(self.check_ins),
            "verdict": status.verdict,
            "progress": msgspec.to_builtins(status.progress),
            "best": msgspec.to_builtins(status.best),
            "problems": len(status.problems),
            "metrics": status.metrics,
            "trials": status.trials,
        }
        return [*judged, self._event("check_in", f"check_in:{len(self.check_ins)}", now, data)]

    def _settle(self, now: float) -> None:
        if self.phase == "early" and now - self._begun >= cadence.early_end(self.spec.schedule):
            self.phase = step(self.phase, "settled")

    def _check_in_after(self, now: float) -> float:
        """The schedule counts from the watch's beginning, which for what was attached is later than the start."""
        return self._begun + cadence.next_check_in(self.spec.schedule, now - self._begun)

    # ------------------------------------------------------------ stalls

    def _stall_due(self) -> float | None:
        limit = self._detectors.stall_limit(self.progress)
        if limit is None or self.progress.last_advance is None or self.health.knows(STALL):
            return None
        return self.progress.last_advance + limit

    def _stall(self, now: float) -> list[Event]:
        due = self._stall_due()
        if due is None or now < due or self.progress.last_advance is None:
            return []
        problem = self._detectors.stalled(self.progress, now, self.reader.lines)
        return self._problem_seen(problem, now) if problem else []

    def _unstall(self, now: float) -> list[Event]:
        """Progress again: the stall is over, and a question about nothing else answers itself."""
        if not self.health.knows(STALL):
            return []
        self.health.forget(STALL)
        question = self.question
        if question is None or any(p.signature != STALL for p in question.problems):
            return []
        return self._answer_by_itself(question, "continue", "overnight", now)

    # ------------------------------------------------------------ the end

    def _cause(self, exit_: Exit, now: float) -> Problem | None:
        """The root cause of this end: the log's word first, else the exit's own."""
        if self.interrupted is not None:
            return self.interrupted
        if self.stop is not None:
            return None
        fatal = self.health.fatal()
        if exit_.code == 0:
            return next((p for p in fatal if p.certain), None)
        if exit_.code is None and exit_.signal is None and self._state_by_log() == "succeeded":
            return None
        own = explain(exit_, self.reader.tail(12), max(1, self.reader.lines), now)
        if own is not None and exit_.oom:
            return own
        return fatal[0] if fatal else own

    def _final_state(self, exit_: Exit, root: Problem | None) -> RunState:
        if self.interrupted is not None:
            return "failed"
        if self.stop is not None:
            return "stopped"
        if exit_.code is None and exit_.signal is None:
            return self._state_by_log()
        return "failed" if exit_.code != 0 or root is not None else "succeeded"

    def _state_by_log(self) -> RunState:
        """Of an end whose code nobody could read: of what was attached, the log's own word that it is done counts."""
        if self.spec.attached is None or not self._said_done:
            return "lost"
        return "failed" if self.health.fatal() else "succeeded"

    def log_over(self, now: float) -> bool:
        """Whether a log without a process is over: it said that it is done, and was silent since."""
        over_at = self._log_over_at()
        return over_at is not None and now >= over_at

    def _log_over_at(self) -> float | None:
        attached = self.spec.attached
        if attached is None or attached.pid is not None or not self._said_done or self.phase == "ended":
            return None
        return self._heard + attached.quiet_s

    @property
    def _may_start_again(self) -> bool:
        attached = self.spec.attached
        return attached is None or attached.env is not None

    def _tell_end(self, root: Problem | None, now: float) -> list[Event]:
        if self.state == "succeeded":
            return [self._tell("success", "success", now)]
        person_did = self.state == "stopped" and self.stop is not None and self.stop.by != "default"
        if person_did or self._failure_told:
            return []
        return [self._tell_failure(root, now)]

    # ------------------------------------------------------------ telling

    def _tell_failure(self, root: Problem | None, now: float, *, interrupted: bool = False) -> Event:
        self._failure_told = True
        others = [p.text for p in self.health.fatal() if root is None or p.signature != root.signature]
        return self._tell(
            "failure", "failure", now, problem=root, cascades=others[:5], interrupted=interrupted
        )

    def _tell(self, kind: TellKind, key: str, now: float, **facts: Any) -> Event:
        telling = Telling(
            key=f"{self.spec.run}:{key}",
            kind=kind,
            run=self.spec.run,
            name=self.name,
            command=" ".join(self.veil.words(self.spec.argv)),
            elapsed_s=now,
            host=self.host,
            state=self.state,
            exit_code=self.exit.code if self.exit else None,
            signal=self.exit.signal if self.exit else None,
            progress=self.progress.list(now),
            best=self.metrics.best(),
            trials=dict(self.metrics.trials),
            **facts,
        )
        return self._event("notification", f"notification:{key}", now, telling)

    def _problem_event(self, problem: Problem, now: float) -> Event:
        return self._event("problem", f"problem:{problem.signature}:{problem.count}", now, problem)

    def _event(self, kind: EventKind, key: str, now: float, data: Any = None) -> Event:
        plain = self.veil.facts(msgspec.to_builtins(data or {}))
        return Event(t=round(now, 3), kind=kind, key=key, offset=self.offset, data=plain)

    def _unsurvived(self) -> list[Problem]:
        fresh = {p.signature for p in self.health.fatal()}
        return [p for p in self.health.open() if p.severity == "minor" or p.signature in fresh]

    # ------------------------------------------------------------ the past

    def recall(self, event: Event) -> None:
        """Take over what an earlier watch of this run had decided; nothing is decided anew."""
        recaller = _RECALL.get(event.kind)
        if recaller is None:
            return
        try:
            recaller(self, event)
        except (ValueError, KeyError, ImpossibleStep):
            return  # damaged, or out of order after damage: the log and the other events say the rest

    def _recall_attached(self, event: Event) -> None:
        """What the log said until now is the past: known, and nothing follows from it."""
        self.health.set_aside()
        self._detectors = Detectors(self.spec.policy, self.spec.expect.get("walltime"))
        self._heard = event.t

    def _recall_check_in(self, event: Event) -> None:
        self.check_ins.append(event.t)
        if self.phase == "starting":
            self.phase = step(self.phase, "valid")
        self._settle(event.t)
        self._next_check_in = self._check_in_after(event.t)

    def _recall_question(self, event: Event) -> None:
        question = _recorded(event.data, Question)
        self.phase = step(self.phase, "ask")
        self.question = question

    def _recall_answer(self, event: Event) -> None:
        answer = _recorded(event.data, Answer)
        if self._agents is not None and answer.question == self._agents.question:
            self._agents = None
        elif self.question is not None:
            self._close_question(answer, event.t)

    def _recall_problem(self, event: Event) -> None:
        problem = _recorded(event.data, Problem)
        if not self.health.knows(problem.signature):
            self.health.see(problem, event.t, len(self.check_ins))

    def _recall_interrupt(self, event: Event) -> None:
        self.interrupted = _recorded(event.data["problem"], Problem)

    def _recall_stop(self, event: Event) -> None:
        self.stop = _recorded(event.data, StopRequest)

    def _recall_record(self, event: Event) -> None:
        self.records.append(_recorded(event.data, Record))

    def _recall_sample(self, event: Event) -> None:
        self.samples.append(_recorded(event.data, Sample))
        self._detectors.sample(self.samples[-1])

    def _recall_first_logs(self, event: Event) -> None:
        self._first_logs_told = True
        if self.phase == "starting" and event.data.get("result") == "valid":
            self.phase = step(self.phase, "valid")

    def _recall_notification(self, event: Event) -> None:
        self._failure_told = self._failure_told or event.key == "notification:failure"

    def _recall_ended(self, event: Event) -> None:
        self.exit = _recorded(event.data["exit"], Exit)
        self.state = event.data["state"]
        self.ended_t = event.t
        self.question = None
        self.phase = step(self.phase, "end")

    def _recall_report(self, event: Event) -> None:
        self.report = event.data.get("html") or event.data.get("md")


_RECALL: dict[EventKind, Callable[[Watch, Event], None]] = {
    "attached": Watch._recall_attached,
    "check_in": Watch._recall_check_in,
    "question": Watch._recall_question,
    "answer": Watch._recall_answer,
    "problem": Watch._recall_problem,
    "interrupt": Watch._recall_interrupt,
    "stop": Watch._recall_stop,
    "record": Watch._recall_record,
    "sample": Watch._recall_sample,
    "first_logs": Watch._recall_first_logs,
    "notification": Watch._recall_notification,
    "ended": Watch._recall_ended,
    "report": Watch._recall_report,
}

RECALLED: frozenset[EventKind] = frozenset(_RECALL)
"""The kinds of events that `recall` takes over; of the others it needs nothing."""


def _recorded(data: Any, wanted: type[T]) -> T:
    """What an event holds, as it was written: a number that JSON has no word for is a string there."""
    return msgspec.convert(data, wanted, strict=False)


def program_name(argv: Sequence[str]) -> str:
    """A short name for a command: the script rather than its interpreter (`python tune.py` is `tune.py`)."""
    words = [a.rsplit("/", 1)[-1] for a in argv if not a.startswith("-")]
    if "-c" in argv[1:2]:
        code = argv[2].strip() if len(argv) > 2 else ""
        return code if 0 < len(code) <= 40 and code.isprintable() else f"{(words or argv)[0]} -c"
    if len(words) > 1 and words[0].startswith(
        ("python", "bash", "sh", "uv", "torchrun", "accelerate", "env")
    ):
        return words[1][:40]
    return (words[0] if words else "command")[:40]
