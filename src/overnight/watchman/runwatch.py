"""One run under watch: from its start, or from where another watchman left it, to its closing.

The order of one run:
1. its `start.json` is there (or it never started);
2. replay: recorded events and the log up to the last of them; what was recorded but not done is done;
3. the log, answers, a stop request and timers, each as it comes, through the core, recorded, then acted on;
4. the command's end is recorded; the log is read to its last byte; `ended`;
5. a success: the report, then the telling. A failure: the telling, then the report;
6. over: all of it is on disk and in the outbox. The service closes the run once the messages are sent.

Rules:
- It runs as one task and owns its `Watch`; whatever raises ends the task, and the service begins anew at 1.
- A line from which nothing follows wakes no task: while the task rests, what is read is understood right there
  (`_came`). All else is left to the task, in its order.
- `blind`: after repeated faults the log is no longer read; the end, a stop and answers still get through.
"""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any

import msgspec

from overnight.core.humane import duration
from overnight.core.model import Answer, Event, EventKind, Exit, Spec, Start, StopRequest
from overnight.errors import AlreadyAnswered, HomeUnusable, NothingToAnswer, Unreadable
from overnight.keeper.identity import read_stat
from overnight.keeper.linux import OWN_PREFIX
from overnight.keeper.liveness import is_kept
from overnight.keeper.records import EXIT, START
from overnight.store.home import LOG
from overnight.store.rundir import ANSWERS, STOP, RunDir
from overnight.watchman import code, memory
from overnight.watchman.acts import Acts
from overnight.watchman.ending import SAID_DONE, RunClock, end_watch, record_end
from overnight.watchman.endwatch import EndWatch
from overnight.watchman.journal import Journal, OvertakenError
from overnight.watchman.past import Past
from overnight.watchman.recorded import Recorded
from overnight.watchman.runlog import RunLog
from overnight.watchman.tail import PIECE
from overnight.watchman.tools import Tools

INTERESTING = frozenset({LOG, START, EXIT, STOP, ANSWERS})
"""The names in a run's folder whose change wakes its watch."""

_INTENT_S = 60.0
"""How long after its intent a run may still be starting without any process that starts it."""
_EXEC_S = 0.2
"""How long between the record of a start and exec: milliseconds; a busy machine gets more."""
_AGAIN_S = 1.0
"""How soon a timer that came to nothing is looked at again."""
_DISK_AGAIN_S = 5.0
"""How soon a full disk is tried again."""
_SLEEP_S = 5.0
"""A shorter suspend changes nothing."""
_SMALL = 1 << 16
"""Bytes that are understood in well under a millisecond: no thread is worth it."""


class RunWatch:
    """The watch over the run in `run_dir`, as a task of the service."""

    def __init__(self, run_dir: RunDir, tools: Tools) -> None:
        self.run_dir = run_dir
        self.faults_so_far = 0
        self._fault: str | None = None
        self._tools = tools
        self._changed: set[str] = set()
        self._ended: bool | None = None
        self._wake = asyncio.Event()
        self._rests_until: float | None = None

    def notice(self, *names: str) -> None:
        """Something of that name changed in the run's folder."""
        self._changed.update(names)
        if EXIT in names:
            self._ended = None
        self._wake.set()

    def notice_log(self) -> None:
        """The log in the run's folder grew, or was changed otherwise."""
        if self._rests_until is None or self.blind or not self._log.is_ours:
            self.notice(LOG)
        elif self._log.begun is None:
            self._log.begin(self._came)
        else:
            self._changed.add(LOG)

    def failed(self, error: BaseException) -> None:
        """The last `live` raised this: it will be in the run's events."""
        self.faults_so_far += 1
        self._fault = f"The watch of this run failed and begins anew ({self.faults_so_far}): {error!r}"

    async def live(self, *, blind: bool) -> None:
        """Watch until the run is closed. Raises what goes wrong; then call it again."""
        self.notice(*INTERESTING)
        start = await self._started()
        await self._recall(self.run_dir.spec(), start, blind=blind)
        try:
            await self._begin()
            while not self._over():
                await self._turn()
                await self._next()
            await self._finish(self._exit())
        finally:
            self._release()
        await self._close()

    # ------------------------------------------------------------ 1. the start

    async def _started(self) -> Start | None:
        """Its start, once there is one; None when it never started, and that is then recorded."""
        while (start := self.run_dir.start()) is None and not self._over():
            age_s = time.time() - self.run_dir.spec().created_at
            if await self._woken(max(0.0, _INTENT_S - age_s)):
                continue
            if not is_kept(self.run_dir.path):
                await self._tools.threads.long(record_end, self.run_dir, None, None)
                self.notice(EXIT)
        return start

    async def _executed(self, start: Start) -> None:
        """A moment for exec, if the command still bears our name."""
        stat = read_stat(start.pid)
        if stat is not None and stat.name.startswith(OWN_PREFIX) and not self._over():
            await self._woken(_EXEC_S)

    # ------------------------------------------------------------ 2. what was

    async def _recall(self, spec: Spec, start: Start | None, *, blind: bool) -> None:
        recorded = await self._tools.threads.short(Recorded, self.run_dir)
        self.spec, self.start, self.blind = spec, start, blind
        self.journal = Journal(self.run_dir, recorded, self._tools.threads, self._tools.is_alone)
        recorded.add(await self._attached(spec))
        self._log = RunLog(self.run_dir, spec, recorded.place, self._tools)
        self.clock = RunClock(start, recorded.last_t)
        catalog, _origins, self._faults = await self._tools.known(spec.cwd)
        self._past = Past(self.run_dir, spec, self._log, catalog, self._tools.host, blind=blind)
        self.watch = await self._log.off_the_loop(self._past.watch, recorded)
        self._log.go_on_from(self.watch.offset)
        self._unrecorded: list[Event] = []
        self.acts = Acts(self.run_dir, self.watch, self.journal, self.clock, self._tools)
        self._end = EndWatch(self.run_dir, self._tools.threads, self._recording)
        self._looked = -1.0
        self._status_due: float | None = None
        self._recorded: Recorded | None = recorded

    async def _attached(self, spec: Spec) -> list[Event]:
        """What was attached begins with its past, which is absorbed up to here."""
        attached = spec.attached
        if attached is None or self.journal.knows("attached"):
            return []
        data = {"pid": attached.pid, "log": attached.log}
        past = attached.past_bytes
        event = Event(t=round(attached.after_s, 3), kind="attached", key="attached", offset=past, data=data)
        return await self.journal.record([event])

    async def _begin(self) -> None:
        """Take over: open the way to the command's end, note the gap, finish what was begun."""
        if self.start is not None:
            await self._executed(self.start)
            if self.start.pid and not self._over():
                self._end.follow(self.start)
        recorded, self._recorded = self._recorded, None
        assert recorded is not None
        if recorded.adopted:
            await self._note_adoption(recorded.last_at)
        if self._fault is not None:
            await self._note(self._fault)
            self._fault = None
        for fault in self._faults:
            await self._note(fault)
        if self.start is not None:
            self._look_at_code(self.start)
            await self._do(self.watch.started(self._now()))
        self.acts.resume(recorded.to_finish)

    def _look_at_code(self, start: Start) -> None:
        """Once, when it starts: later, or of what was attached, the code may be another one."""
        if self.spec.attached is None and not self.journal.knows("started"):
            self.acts.beside(self._note_code(start))

    async def _note_code(self, start: Start) -> None:
        looking = self._tools.threads.long(code.note, self.run_dir, self.spec, start)
        await asyncio.wait({asyncio.ensure_future(looking)}, timeout=code.BOUND_S)

    async def _note_adoption(self, last_at: float) -> None:
        gap_s = time.time() - last_at
        mark = self._tools.incarnation
        data = {"watchman": mark, "gap_s": round(gap_s, 3)}
        await self.journal.record([self._event("adopted", f"adopted:{mark}", data)])

    def _recording(self, work: Coroutine[Any, Any, None]) -> None:
        self.acts.beside(work, then=partial(self.notice, EXIT))

    # ------------------------------------------------------------ 3. what comes

    def _over(self) -> bool:
        """Whether the end is recorded; looked up once for each change of the record."""
        if self._ended is None:
            self._ended = self.run_dir.over
        return self._ended

    def _now(self) -> float:
        """Seconds since the start; no later than the end, for what was written before it."""
        if self._over() and self.start is not None:
            return min(self.clock.now(), self.clock.of(self._exit(), self.run_dir.log_path))
        return self.clock.now()

    async def _turn(self) -> None:
        """Take in what changed, then whatever timer has come."""
        changed, self._changed = self._changed, set()
        await self._note_sleep()
        if LOG in changed or self._log.begun is not None:
            await self._read_on()
        if ANSWERS in changed:
            await self._take_answers()
        if STOP in changed:
            await self._take_stop()
        await self._look()
        await self._write_status_if_due()
        self.acts.check()

    async def _note_sleep(self) -> None:
        slept_s = self.clock.slept()
        if slept_s > _SLEEP_S:
            self.watch.slept(slept_s)
            await self._note(
                f"The machine slept for {duration(slept_s)} until {self.clock.now():.0f} s of this run."
            )

    async def _next(self) -> None:
        """Until something changes, something follows from a line, or the next timer comes."""
        if self._over() or self._changed:
            return
        self._rests_until = self._due()
        try:
            await self._woken(max(0.0, self._rests_until - self.clock.now()))
        finally:
            self._rests_until = None
        events, self._unrecorded = self._unrecorded, []
        if events:
            await self._do(events)

    def _came(self, reading: "asyncio.Future[bytes]") -> None:
        """What was read while the task rests: understood at once. Whatever is out of the ordinary wakes the task."""
        if reading is not self._log.begun or self._rests_until is None:
            return  # the task takes it, or began anew
        if not self._is_ordinary(reading):
            self._wake.set()
            return
        now = self.clock.now()
        try:
            self._unrecorded += self.watch.read(reading.result(), now)
        except Exception as error:  # noqa: BLE001 - the task ends of it, as if it had read that itself
            self._log.begun = asyncio.get_running_loop().create_future()
            self._log.begun.set_exception(error)
            self._wake.set()
            return
        self._log.begun = None
        if self._status_due is None:
            self._status_due = now + self._tools.refresh_s()
        if self._unrecorded or self._is_due_before(self._rests_until, now):
            self._wake.set()
        elif LOG in self._changed:
            self._changed.discard(LOG)
            self.notice_log()

    def _is_due_before(self, t: float, now: float) -> bool:
        """Whether a line made the next timer an earlier one. A stall cannot come before its floor: what is nearer than
        that has not changed."""
        if self._status_due is not None and self._status_due < t:
            return True
        return t > now + self.spec.policy.stall_floor_s and self._due() < t

    def _is_ordinary(self, reading: "asyncio.Future[bytes]") -> bool:
        """Some lines, of a log that nobody cut, on a machine that did not sleep meanwhile."""
        if reading.cancelled() or reading.exception() is not None or self.clock.sleeping() > _SLEEP_S:
            return False
        return len(reading.result()) <= _SMALL and not self._log.is_cut

    async def _woken(self, seconds: float) -> bool:
        """Wait for a change, at most so long; True when there was one."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return False
        self._wake.clear()
        return True

    async def _read_on(self, now: float | None = None) -> None:
        more = not self.blind
        while more:
            begun_before = self._log.begun is not None
            data = await self._log.piece()
            if self._log.is_cut:
                await self._turned()
            elif not data and not begun_before and not self._log.follow(partial(self.notice, LOG)):
                return
            if data:
                t = self.clock.now() if now is None else now
                await self._do(await self._understood(data, t))
            # A short piece of our own log was its end: what is written since is told as a change.
            more = begun_before or not self._log.is_ours or len(data) == PIECE

    async def _turned(self) -> None:
        """The log begins anew: recorded before anything is read of it, and what was learned is kept."""
        text, facts = self._log.cut_taken()
        await self._note(text, **facts)
        self._past.keep(self.watch, self.journal, least=1)

    async def _understood(self, data: bytes, t: float) -> list[Event]:
        if len(data) <= _SMALL:
            return self.watch.read(data, t)
        return await self._tools.threads.short(self.watch.read, data, t)

    async def _take_answers(self) -> None:
        damaged: list[str] = []
        answers = self.run_dir.answers(damaged)
        for sentence in damaged:
            await self._note(sentence)
        for answer in answers:
            key = f"answer:{answer.question}"
            if not self.journal.knows(key) or not (answer.agent or self.journal.knows(f"{key}!")):
                await self._answered(answer)

    async def _answered(self, answer: Answer) -> None:
        now = self.clock.now()
        events = self.watch.answered(answer, now)
        if events and answer.choice in ("stop", "fix"):
            reason = f"the answer {answer.choice!r} to {answer.question}"
            events += self.watch.stop_requested(StopRequest(by=answer.by, at=answer.at, reason=reason), now)
        await self._do(events)

    async def _take_stop(self) -> None:
        try:
            request = self.run_dir.stop_request()
        except Unreadable as error:  # whoever can write there can ask again
            await self._note(str(error))
            return
        if request is not None:
            await self._do(self.watch.stop_requested(request, self.clock.now()))

    async def _look(self) -> None:
        """A timer: resources first, so that the check-in knows them."""
        due = self._look_due()
        if due is None or self.clock.now() < due:
            return
        sampled = [] if self._over() else await self.acts.sample()
        self._looked = max(due, self.clock.now())
        events = sampled + self.watch.look(self._looked)
        self._publish_default(events)
        await self._do(events)
        if any(event.kind == "check_in" for event in events):
            self._past.keep(self.watch, self.journal)
        if self.watch.log_over(self._looked) and not self._over():
            await self._tools.threads.short(end_watch, self.run_dir, SAID_DONE)
            self.notice(EXIT)

    def _publish_default(self, events: list[Event]) -> None:
        """An answer that the watch gave itself is the question's one answer: whoever comes later is told
        so."""
        for event in events:
            if event.kind != "answer":
                continue
            answer = msgspec.convert(event.data, Answer, strict=False)
            try:
                self.run_dir.answer(msgspec.structs.replace(answer, at=time.time()))
            except (NothingToAnswer, HomeUnusable):
                continue
            except AlreadyAnswered as error:
                raise OvertakenError(str(error)) from error

    def _look_due(self) -> float | None:
        due = self.watch.due(self.clock.now())
        return None if due is None else max(due, self._looked + _AGAIN_S) if due <= self._looked else due

    def _due(self) -> float:
        behind = self.clock.now() + _DISK_AGAIN_S if self.journal.behind else None
        times = (self._look_due(), self._status_due, behind)
        return min((t for t in times if t is not None), default=self.clock.now() + 3600)

    # ------------------------------------------------------------ recording and acting

    async def _do(self, events: Sequence[Event]) -> None:
        """Record, act, and show what follows."""
        fresh = await self.journal.record(events)
        wants_sample = await self.acts.act(fresh)
        if wants_sample and not self._over():
            await self._do(await self.acts.sample())
        if fresh:
            await self.acts.write_status()
            self._status_due = None
        elif self._status_due is None:
            self._status_due = self.clock.now() + self._tools.refresh_s()

    async def _write_status_if_due(self) -> None:
        if self.journal.behind:
            await self.journal.flush()
        if self._status_due is not None and self.clock.now() >= self._status_due:
            self._status_due = None
            await self.acts.write_status()

    async def _note(self, text: str, **facts: object) -> None:
        """The watch speaking of itself."""
        text = self.watch.veil.text(text)
        await self.journal.record([self._event("note", f"note:{text}", {"text": text, **facts})])

    def _event(self, kind: EventKind, key: str, data: dict[str, object]) -> Event:
        plain = self.watch.veil.facts(data)
        return Event(t=round(self._now(), 3), kind=kind, key=key, offset=self.watch.offset, data=plain)

    # ------------------------------------------------------------ 4. to 6. the end

    def _exit(self) -> Exit:
        try:
            found = self.run_dir.exit()
        except Unreadable as error:
            return Exit(note=str(error))
        return found or Exit(note="its exit record is gone")

    async def _finish(self, exit_: Exit) -> None:
        t = max(self.clock.of(exit_, self.run_dir.log_path), self.journal.last_t)
        await self._read_on(t)
        await self._take_answers()
        await self._take_stop()
        await self._do(self.watch.ended(exit_, t))
        if exit_.note:
            await self._note(f"The end: {exit_.note}.")
        await self.acts.finish()

    def _release(self) -> None:
        self._tools.changes.forget(self.run_dir.id)
        self._log.close()
        self._end.close()

    async def _close(self) -> None:
        """Return when all of it is on disk and in the outbox."""
        while self.journal.behind:
            await self._woken(_DISK_AGAIN_S)
            await self.journal.flush()
        await self.acts.sent()
        await self.acts.write_status()  # with the report, which was made beside
        memory.forget(self.run_dir.path)
