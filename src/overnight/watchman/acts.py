"""Doing what the watch over one run decided.

Rules:
- Everything here was recorded before. What takes long goes on beside the watch, and the run is not closed
  before it is done.
- A second stop sends no second SIGINT: it would break the checkpoint that the first one asked for. It adds
  nothing, unless a person wants it over sooner.
- The order of the end: a failure is told at once, then reported; a success is reported, then told with its
  report.
- What must be done once carries a key, so that doing it again after a crash is recognised.
"""

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import msgspec

from overnight.core.model import Event, EventKind, StopRequest, Telling
from overnight.core.watch import Watch
from overnight.errors import HomeUnusable
from overnight.keeper.records import read_start
from overnight.keeper.stop import StopReport
from overnight.store.rundir import RunDir
from overnight.watchman.ending import RunClock, stop
from overnight.watchman.hooking import Hooks
from overnight.watchman.journal import Journal
from overnight.watchman.reports import NoReportError
from overnight.watchman.sampler import Sampler
from overnight.watchman.tools import Tools

_SAMPLE_BOUND_S = 2.0
"""A look into /proc takes milliseconds; one that hangs is left alone, and nothing waits for it."""
_SAMPLE_AGE_S = 1.0
_SUMMARY_BOUND_S = 60.0
"""How long the telling of a success waits for its report."""
_INDEXED: frozenset[EventKind] = frozenset(
    {"started", "check_in", "question", "answer", "interrupt", "stop", "record", "ended", "report"}
)
_SAMPLED: frozenset[EventKind] = frozenset({"problem", "question", "interrupt"})

log = logging.getLogger(__name__)


class Acts:
    """The hands of one `RunWatch`."""

    def __init__(
        self, run_dir: RunDir, watch: Watch, journal: Journal, clock: RunClock, tools: Tools
    ) -> None:
        self._run_dir = run_dir
        self._watch = watch
        self._journal = journal
        self._clock = clock
        self._tools = tools
        self._sampler: Sampler | None = None
        self._sampling: asyncio.Future[Any] | None = None
        self._sampled_t = -_SAMPLE_AGE_S
        self._beside: set[asyncio.Task[None]] = set()
        self._stops: list[asyncio.Task[None]] = []
        self._summary: Telling | None = None
        self._reported: Event | None = None
        self._status_trouble: str | None = None
        self._hooks = Hooks(run_dir, watch, journal, tools.threads, self.status)
        self._do: dict[str, Callable[[Event], None]] = {
            "question": self._question,
            "interrupt": self._interrupt,
            "stop": self._stop,
            "notification": self._notify,
        }

    # ------------------------------------------------------------ what was decided

    async def act(self, fresh: Sequence[Event]) -> bool:
        """Act on new events, in order. True: the resources at this moment are worth knowing."""
        for event in fresh:
            do = self._do.get(event.kind)
            if do is not None:
                do(event)
        if any(event.kind in _INDEXED for event in fresh):
            self.beside(self._tools.outbox.put_status(self.status()))
        return any(event.kind in _SAMPLED for event in fresh)

    def resume(self, known: Sequence[Event]) -> None:
        """Finish what another watchman had recorded and maybe not done."""
        kinds = {event.kind for event in known}
        told = {event.data.get("key") for event in known if event.kind == "told"}
        self._reported = next((event for event in known if event.kind == "report"), None)
        for event in known:
            stops = event.kind in ("interrupt", "stop") and "stopped_tree" not in kinds
            asks = event.kind == "question" and self._is_open(event)
            if stops or asks or (event.kind == "notification" and event.data.get("key") not in told):
                self._do[event.kind](event)

    def _question(self, event: Event) -> None:
        self.beside(self._hooks.fire("attention", event.key))

    def _is_open(self, event: Event) -> bool:
        question = self._watch.question
        return question is not None and question.id == event.data.get("id")

    def _interrupt(self, _event: Event) -> None:
        self._stop_tree(None)

    def _stop(self, event: Event) -> None:
        self._stop_tree(msgspec.convert(event.data, StopRequest, strict=False).grace_s)

    def _notify(self, event: Event) -> None:
        telling = msgspec.convert(event.data, Telling, strict=False)
        if telling.kind == "success":
            self._summary = telling
        else:
            self.beside(self._tools.outbox.tell(telling))

    # ------------------------------------------------------------ stopping

    def _stop_tree(self, grace: tuple[float, float] | None) -> None:
        """`grace`: what a person gave it; None: the policy's."""
        if not self._stops:
            self._stops.append(self.beside(self._stopped("stopped_tree", grace, signal.SIGINT)))
        elif grace is not None:
            key = f"stopped_tree:{len(self._stops) + 1}"
            self._stops.append(self.beside(self._stopped(key, grace, signal.SIGTERM)))

    async def _stopped(self, key: str, grace: tuple[float, float] | None, first: signal.Signals) -> None:
        graces = grace or self._watch.spec.policy.grace_s
        done = await self._tools.threads.long(stop, self._run_dir, graces, first)
        await self._journal.record([self._event("stopped_tree", key, _stop_facts(done))])

    # ------------------------------------------------------------ resources

    async def sample(self) -> list[Event]:
        """The events of a fresh look at the resources; none when there was one just now or none can be
        had."""
        now = self._clock.now()
        if now - self._sampled_t < _SAMPLE_AGE_S or (self._sampling and not self._sampling.done()):
            return []
        self._sampled_t = now
        self._sampling = asyncio.ensure_future(self._tools.threads.long(self._look, now))
        done, _ = await asyncio.wait({self._sampling}, timeout=_SAMPLE_BOUND_S)
        if not done:
            return []
        found = self._sampling.result()
        return [] if found is None else self._watch.sample(found)

    def _look(self, now: float) -> Any:
        if self._sampler is None:
            start = read_start(self._run_dir.path)
            if start is None:
                return None
            spec = self._watch.spec
            self._sampler = Sampler(start, spec.token, spec.cwd, self._run_dir.log_path, self._tools.census)
        return self._sampler.sample(now)

    # ------------------------------------------------------------ the status

    def status(self) -> Any:
        """The TaskStatus with what only this side knows."""
        return msgspec.structs.replace(
            self._watch.status(self._clock.now()),
            log=self._run_dir.log_path,
            note=self._journal.trouble,
            updated_at=time.time(),
        )

    async def write_status(self) -> None:
        """Replace the status files. A disk that takes nothing is said once, and tried again with the next
        change."""
        try:
            await self._tools.threads.short(self._run_dir.write_status, self.status())
        except HomeUnusable as error:
            if self._status_trouble is None:
                self._status_trouble = str(error)
                log.warning("status of %s: %s", self._run_dir.id, error)
                note = {"text": f"The status could not be written: {error}"}
                await self._journal.record(
                    [self._event("note", f"note:status:{self._clock.now():.0f}", note)]
                )
        else:
            self._status_trouble = None

    # ------------------------------------------------------------ the end

    async def finish(self) -> None:
        """After `ended`: stop what is still being stopped, report, tell the summary."""
        for stopping in self._stops:
            await stopping
        report = self.beside(self._report())
        if self._summary is not None:
            await asyncio.wait({report}, timeout=_SUMMARY_BOUND_S)
            summary = msgspec.structs.replace(self._summary, report=self._watch.report)
            self.beside(self._tools.outbox.tell(summary))
        self.beside(self._hooks.fire("end", "ended", after=report))

    async def _report(self) -> None:
        if self._reported is not None:
            self._watch.recall(self._reported)
            return
        try:
            paths = await self._tools.reports.build(self._run_dir.path)
        except NoReportError as error:
            note = {"text": f"{error} `overnight report {self._run_dir.id}` makes it."}
            await self._journal.record([self._event("note", "note:report", note)])
            return
        event = self._event("report", "report", dict(paths))
        self._watch.recall(event)
        await self._journal.record([event])
        await self.act([event])

    # ------------------------------------------------------------ beside the watch

    def beside(
        self, work: Coroutine[Any, Any, None], then: Callable[[], None] | None = None
    ) -> asyncio.Task[None]:
        """Let `work` go on beside the watch; a fault of it ends the watch, which then begins anew."""
        task = asyncio.ensure_future(work)
        self._beside.add(task)
        if then is not None:
            task.add_done_callback(lambda _task: then())
        return task

    def check(self) -> None:
        """Raise the fault of what has ended beside the watch."""
        ended = {task for task in self._beside if task.done()}
        self._beside -= ended
        for task in ended:
            task.result()

    async def sent(self) -> None:
        """Return when all that went on beside the watch is done. Raises its faults."""
        while self._beside:
            await asyncio.wait(self._beside)
            self.check()

    def _event(self, kind: EventKind, key: str, data: dict[str, Any]) -> Event:
        t = max(self._journal.last_t, 0.0) if self._watch.phase == "ended" else self._clock.now()
        return Event(
            t=round(t, 3), kind=kind, key=key, offset=self._watch.offset, data=self._watch.veil.facts(data)
        )


def _stop_facts(done: StopReport) -> dict[str, Any]:
    left = [{"pid": survivor.pid, "name": survivor.name} for survivor in done.survivors]
    return {"signals": done.signals, "survivors": left, "reached": done.reached}
