"""The words of the project as types.

Rules of this file:
- Data only: no behaviour beyond trivial properties, no I/O, no clock.
- Times named `t` or `*_t` are seconds since the run's start (suspend included, clock steps excluded);
  `at` is wall time, seconds since the epoch. Durations end in `_s`, sizes in `_bytes`.
- Lines are counted from 1 in the `\\n`-separated file, as `sed -n` counts them.
- Everything is msgspec: it encodes to JSON as it stands, and what is read from disk is checked.
- A field is added with a default, so that old run directories stay readable.
"""

from typing import Annotated, Any, Literal

import msgspec

Severity = Literal["info", "minor", "critical"]
Role = Literal["root", "cascade", "confirmation", "noise"]
Direction = Literal["minimize", "maximize"]
Verdict = Literal["ok", "minor", "critical", "finished"]
Phase = Literal["starting", "early", "cruise", "paused", "ended"]
RunState = Literal["running", "succeeded", "failed", "stopped", "lost"]
Choice = Literal["fix", "continue", "stop"]
TellKind = Literal["success", "failure", "discovery", "question"]
HookOf = Literal["attention", "end"]
AgentAct = Literal["answer", "stop", "relaunch"]
TrialState = Literal["running", "complete", "pruned", "failed"]

Seconds = Annotated[float, msgspec.Meta(ge=-1e11, le=1e11)]
"""A time or a duration that a clock can show; NaN and infinity are refused where it is read from disk."""
Amount = Annotated[float, msgspec.Meta(ge=0, le=1e11)]
Int = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""What fits in the index and in a system call."""

CHOICES: tuple[Choice, ...] = ("fix", "continue", "stop")
MAX_WAIT_S = 300.0
"""The hard limit of one wait; longer waits are chained."""


class Struct(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all records: immutable, keyword only."""


# ---------------------------------------------------------------- what the person asked for


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """What the watch may do by itself. Every default is on the careful side.

    `minor`, `critical`, `non_finite`, `stall`: the action for that kind of finding.
    `signatures`: the action for single signature ids, before the general ones.
    `settle_s`: how long an uncertain critical line may still be followed by the run's own end.
    `grace_s`: seconds after SIGINT, then after SIGTERM, before the next, harder signal.
    `stall_floor_s`, `stall_factor`: a stall is no progress for max(floor, factor x p99 of the run's own
    intervals); 600 s and 8 were measured on real logs without a false alarm.
    `default_answer`, `answer_after_s`: the answer a question gets by itself; none unless both are set.
    `agent_may`: what an AI agent may do to the run by itself.
    `record_min_gain`: relative gain a record needs to be told. `record_every_s`: at most one told per so long.
    """

    minor: Literal["ask", "ignore"] = "ask"
    critical: Literal["interrupt", "ask"] = "interrupt"
    non_finite: Literal["interrupt", "ask", "ignore"] = "interrupt"
    non_finite_points: Annotated[int, msgspec.Meta(ge=0)] = 10
    stall: Literal["interrupt", "ask", "ignore"] = "ask"
    stall_floor_s: Amount = 600.0
    stall_factor: Amount = 8.0
    settle_s: Amount = 5.0
    grace_s: tuple[Amount, Amount] = (30.0, 10.0)
    default_answer: Literal["continue", "stop"] | None = None
    answer_after_s: Amount | None = None
    record_min_gain: Amount = 0.01
    record_every_s: Amount = 1800.0
    record_warmup_trials: Annotated[int, msgspec.Meta(ge=0)] = 10
    agent_may: tuple[AgentAct, ...] = ("answer", "stop", "relaunch")
    signatures: dict[str, Literal["interrupt", "ask", "ignore"]] = {}


class Goal(Struct, frozen=True):
    """The declared objective: its direction and, when named, its metric."""

    direction: Direction
    metric: str | None = None


class Attached(Struct, frozen=True):
    """What was started without us and put under watch.

    `pid`: the process; None: only a log is watched. `log`: the file it writes; None: there is none to read.
    `file`: which file that was at the attach (`device:inode`), `past_bytes`: how much stood in it, `after_s`: how
    long the process ran before. `env`: its environment; None: it cannot be started again. `interrupt`: whether the
    policy may stop it. `quiet_s`: a log without a process is over when it said so and was silent for so long.
    `told`: whether the kernel tells changes of the log (not over a network).
    """

    pid: Int | None = None
    log: str | None = None
    file: str = ""
    past_bytes: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0
    after_s: Amount = 0.0
    env: dict[str, str] | None = None
    interrupt: bool = False
    quiet_s: Amount = 300.0
    told: bool = True


class Spec(Struct, frozen=True):
    """`spec.json`: the intent, durable before anything is started.

    `env`: what was added to the environment. `base`: which environment that was, so that a relaunch finds it again:
    that of whoever started it (None), or what an agent's run was given (`own`, `captured`, `login shell`).
    `owner`: the one agent that may act on it; None: any.
    """

    run: str
    argv: list[str]
    cwd: str
    token: str
    created_at: Seconds
    name: str | None = None
    tags: list[str] = []
    env: dict[str, str] = {}
    base: Literal["own", "captured", "login shell"] | None = None
    schedule: tuple[float, ...] = (30.0, 90.0, 300.0)
    policy: Policy = Policy()
    goal: Goal | None = None
    expect: dict[str, float] = {}
    pty: bool = False
    results: str | None = None
    hooks: dict[HookOf, str] = {}
    replaces: str | None = None
    changed: list[str] = []
    executor: str = "local"
    attached: Attached | None = None
    owner: str | None = None


class Start(Struct, frozen=True):
    """`start.json`: who runs. `ticks` is the kernel's start time of the process, which with the boot id
    makes a pid unique. `keepers` are (pid, ticks) of the outer and the inner one. A log watched without a process
    has pid 0 and no keepers."""

    pid: Int
    ticks: Int
    boot_id: str
    keepers: list[tuple[Int, Int]]
    at: Seconds
    boottime: Seconds


class Exit(Struct, frozen=True):
    """`exit.json`: how the command ended. Code and signal both `None` means nobody could know; never invented.

    `oom`: True when the kernel or the cgroup says so, False when both were readable and silent, None when unknown.
    `by`: who recorded it (`inner`, `outer`, `watchman`).
    """

    code: Int | None = None
    signal: Int | None = None
    at: Seconds = 0.0
    boottime: Seconds | None = None
    user_s: float | None = None
    system_s: float | None = None
    max_rss_bytes: Int | None = None
    oom: bool | None = None
    by: str = "watchman"
    note: str | None = None


class StopRequest(Struct, frozen=True):
    """`stop.json`: somebody meant the run to end. `grace_s`: instead of the policy's."""

    by: str
    at: Seconds
    reason: str
    grace_s: tuple[Amount, Amount] | None = None


# ---------------------------------------------------------------- what a line says


class Quote(Struct, frozen=True):
    """A line of the log, quoted with its number."""

    line: Int
    text: str


class ProgressSeen(Struct, frozen=True):
    """`current` of `total` `unit`s, as printed (0-based counters stay as printed)."""

    unit: str
    current: float
    total: float | None
    line: Int


class MetricSeen(Struct, frozen=True):
    """One printed value. `name` as printed; `step` in `step_unit`s where the line says it. `extreme`: its line
    was read because of its value, so it is no fair sample."""

    name: str
    value: float
    line: Int
    step: float | None = None
    step_unit: str | None = None
    extreme: bool = False


class TrialSeen(Struct, frozen=True):
    """One trial of a sweep. `best` is (trial, value) where the line announces it."""

    number: Int
    state: TrialState
    line: Int
    value: float | None = None
    params: dict[str, str] = {}
    best: tuple[int, float] | None = None
    reason: str | None = None


class PhaseSeen(Struct, frozen=True):
    """The run says what it is doing: `load`, `compile`, `train`, `eval`, `checkpoint`, `download`, `done`."""

    phase: str
    line: Int


class GoalSeen(Struct, frozen=True):
    """The log itself says which way is better (a study's direction, `mode=max`)."""

    goal: Goal
    line: Int


Fact = ProgressSeen | MetricSeen | TrialSeen | PhaseSeen | GoalSeen


class Problem(Struct, frozen=True, rename={"cls": "class"}):
    """One known problem in one log: a traceback is one, a repeated line counts up.

    `certain`: the signature says the run cannot recover by itself. `on_exit_only`: critical only when the run
    ends of it or stands still after it (a traceback may have been caught). `context`: lines around the first
    occurrence, at most 12. `relaunch`: whether starting again helps, in words.
    """

    signature: str
    cls: str
    severity: Severity
    count: Int
    first_line: Int
    last_line: Int
    text: str
    cause: str
    advice: str
    relaunch: str = ""
    role: Role = "root"
    certain: bool = False
    on_exit_only: bool = False
    first_t: Seconds | None = None
    last_t: Seconds | None = None
    context: list[str] = []
    ranks: list[int] = []


class ProblemSeen(Struct, frozen=True):
    """A problem at its present count; `new` on its first occurrence, `by` how much the count grew.

    `line` and `text` are of this occurrence: of the first of them, when there are several.
    """

    problem: Problem
    new: bool
    by: int = 1
    line: Int = 0
    text: str = ""


Observation = Fact | ProblemSeen


# ---------------------------------------------------------------- what the watch knows


class Progress(Struct, frozen=True):
    """Progress of one unit, outermost first in a list. `eta_s` None means: it cannot be known.

    `current` is the number as printed; `done` how many are finished, where the log counts from 0.
    """

    unit: str
    current: float
    total: float | None = None
    percent: float | None = None
    rate_per_s: float | None = None
    eta_s: float | None = None
    done: float | None = None

    @property
    def reached(self) -> float:
        """How far it is, counted from 1, for people: trial 34 of 34, where Optuna prints 33."""
        return self.current if self.done is None else self.done


class Best(Struct, frozen=True):
    """The best value so far; `at` is in words what it was seen at (`trial 50`, `epoch 3`)."""

    name: str
    value: float
    at: str | None
    direction: Direction
    params: dict[str, str] = {}
    line: Int | None = None


class Record(Struct, frozen=True):
    """A new best that passed the gate. `gain` is relative to the previous best."""

    best: Best
    previous: float
    gain: float
    t: Seconds


class Sample(Struct, frozen=True):
    """Resources of the whole process tree at time `t`. CPU percent is of one core; None: could not be read."""

    t: Seconds
    cpu_percent: float | None = None
    cpu_s: float | None = None
    rss_bytes: Int | None = None
    processes: Int | None = None
    disk_free_bytes: Int | None = None
    log_bytes: Int = 0
    gpu_percent: float | None = None
    gpu_memory_bytes: int | None = None
    memory_free_bytes: int | None = None


class Question(Struct, frozen=True):
    """ "I detected X. Fix and relaunch, or continue?" `default` is taken at `default_t`, if set."""

    id: str
    t: Seconds
    problems: Annotated[list[Problem], msgspec.Meta(min_length=1)]
    choices: tuple[Choice, ...] = CHOICES
    default: Choice | None = None
    default_t: Seconds | None = None


class Answer(Struct, frozen=True):
    """The answer to a question. `by`: a person's login, `agent` and an agent's name, or `default`.

    `agent`: given by an agent. A person may still say `stop` or `fix` after an agent's `continue`, and then counts."""

    question: str
    choice: Choice
    by: str
    at: Seconds
    agent: bool = False


class Return(Struct, frozen=True):
    """What one call gave its reader, in estimated tokens: a line of `returned.jsonl`. `tool`: the call's name."""

    at: Seconds
    reader: str
    tool: str
    tokens: Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Telling(Struct, frozen=True):
    """One message to people, as facts; `notify.texts` puts it in words, in the reader's language.

    `key` is stable: the same telling is never sent twice, and a repeat after a crash is recognised by it.
    """

    key: str
    kind: TellKind
    run: str
    name: str
    command: str
    elapsed_s: Seconds
    host: str = ""
    state: RunState = "running"
    exit_code: Int | None = None
    signal: Int | None = None
    interrupted: bool = False
    problem: Problem | None = None
    cascades: list[str] = []
    progress: list[Progress] = []
    best: Best | None = None
    record: Record | None = None
    question: Question | None = None
    trials: dict[str, int] = {}
    report: str | None = None


class Status(Struct, frozen=True):
    """`status.json`: the TaskStatus. At least these fields are what readers rely on."""

    run: str
    name: str
    state: RunState
    exit_code: Int | None
    signal: Int | None
    phase: Phase
    verdict: Verdict
    elapsed_s: Seconds
    progress: list[Progress]
    best: Best | None
    metrics: dict[str, float]
    problems: list[Problem]
    question: Question | None
    next_check_in_s: Seconds | None
    log: str
    command: list[str] = []
    cwd: str = ""
    tags: list[str] = []
    check_ins: Int = 0
    first_logs: Literal["valid", "none yet", "invalid"] = "none yet"
    trials: dict[str, int] = {}
    sample: Sample | None = None
    records: list[Record] = []
    replaces: str | None = None
    changed: list[str] = []
    report: str | None = None
    note: str | None = None
    updated_at: Seconds = 0.0


EventKind = Literal[
    "started",  # the command was seen alive after exec
    "adopted",  # a watchman took the run over
    "attached",  # what was started without us came under watch; the log before it is the past
    "first_logs",  # the check of the first lines: data.result
    "check_in",  # data: Status in short
    "problem",  # data: Problem, when new or when its count grew tenfold
    "record",  # data: Record
    "sample",  # data: Sample
    "question",  # data: Question; the watch is paused from here
    "answer",  # data: Answer; the watch goes on from here
    "interrupt",  # data: problem, reason; the watchman stops the tree
    "stop",  # data: StopRequest by a person or a default answer
    "stopped_tree",  # data: what the stop did, survivors
    "ended",  # data: Exit and the state
    "notification",  # data: Telling; the watchman puts it into the outbox
    "told",  # data: key, channel
    "report",  # data: paths
    "hook_begun",  # data: on, key: a command of the user is about to be run for a question or the end
    "hook",  # data: on, key, code, seconds: it was run
    "note",  # data: text; the tool speaking of itself (a gap, an adoption, a fault)
]


class Event(Struct, frozen=True):
    """One row of `events.jsonl`. `key` is unique in a run: an event with a known key is not done again.

    `offset`: bytes of the log that had been read, so that the night can be replayed.
    """

    t: Seconds
    kind: EventKind
    key: str
    offset: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0
    at: Seconds = 0.0
    data: dict[str, Any] = {}
