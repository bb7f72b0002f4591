"""Nights in virtual time: a run that was recorded once is lived through again, in a real home, in no time at all.

For tests of whatever reads runs or waits for them: an agent's loop, a dashboard, a notification.

    recording = Recording.read("night.jsonl.xz")
    with VirtualNight(home, recording) as night:
        night.advance(3600)                                # the first hour
        night.advance(28_800, lambda: night.run.open_question() is not None)
        night.run.answer(...)                              # as anybody would
        night.advance(28_800)                              # to its end

Rules:
- The run's folder holds what a real one holds, written by the same code at the same moments of the run's time; what
  is decided is decided by the real watch. A night is its home's watchman for as long as it is open.
- Nothing waits and nothing runs: time moves from event to event, as far as it is told to.
- Answers and stop requests are taken from the folder. A command that is to end does so as the recording says.

A recording is lines of JSON, compressed with xz or not. The first says what was started (fields of `Spec`), and may
hold `stopped` (`after_s`, `signal` or `code`, `log`: how it ends when asked to) and `answers` (for whoever plays its
user). Then come, in order, `{"t": …, "log": text}`, `{"t": …, "sample": fields of Sample}` and at last
`{"t": …, "end": fields of Exit}`; `t` is in seconds since the start.
"""

import lzma
import math
import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import msgspec

from overnight import catalog
from overnight.core.model import Answer, Choice, Event, Exit, Sample, Start, StopRequest
from overnight.core.watch import Watch
from overnight.errors import AlreadyAnswered, NothingToAnswer, OvernightError
from overnight.keeper import records
from overnight.report.build import build
from overnight.store.codec import encode
from overnight.store.home import CLOSED, create_run_dir, prepare
from overnight.store.rundir import START, RunDir
from overnight.watchman import lock

_AGAIN_S = 1.0
"""As in the watchman: how soon a timer that came to nothing is looked at again, how old a sample may be, and how long a
status may be older than the log."""
_SAMPLED = frozenset({"problem", "question", "interrupt"})
_ELSEWHERE = "00000000-0000-0000-0000-000000000000"
"""The boot that recorded commands ran in: whatever bears their pid now is never taken for them."""
_NEVER: Callable[[], bool] = lambda: False  # noqa: E731


class Piece(NamedTuple):
    """What was written at `t` seconds."""

    t: float
    data: bytes


class Stopped(msgspec.Struct, frozen=True):
    """How the command ends when it is asked to."""

    after_s: float = 1.0
    code: int | None = None
    signal: int | None = 2
    log: str = ""


class Recording(NamedTuple):
    """A run as it was. `spec`: fields of its intent; `ended_t`: when it ended by itself, and how: `end`."""

    spec: dict[str, Any]
    pieces: Sequence[Piece]
    samples: Sequence[Sample]
    ended_t: float
    end: Exit
    stopped: Stopped = Stopped()
    answers: Sequence[Choice] = ()

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """The recording in that file. Raises OSError, and ValueError for what is none."""
        data = Path(path).read_bytes()
        text = lzma.decompress(data) if data.startswith(b"\xfd7zXZ") else data
        return cls.of(msgspec.json.decode(line) for line in text.splitlines())

    @classmethod
    def of(cls, rows: Iterable[dict[str, Any]]) -> Self:
        """The same of rows. Raises ValueError."""
        head, *timed = rows
        if not timed or "end" not in timed[-1]:
            raise ValueError("a recording begins with what was started and ends with an end")
        stopped = msgspec.convert(head.pop("stopped", {}), Stopped)
        answers = head.pop("answers", [])
        pieces = [
            Piece(row["t"], row["log"].encode("utf-8", "surrogateescape")) for row in timed if "log" in row
        ]
        samples = [msgspec.convert({"t": r["t"], **r["sample"]}, Sample) for r in timed if "sample" in r]
        end = msgspec.convert(timed[-1]["end"], Exit)
        return cls(head, pieces, samples, timed[-1]["t"], end, stopped, answers)


class VirtualNight:
    """One recorded run, in a home of its own. `run`: its folder; `t`: seconds since its start.

    It ends about now, by wall time. `report`: whether its report is made then, as usual, which takes seconds. Raises
    HomeUnusable, and OvernightError (`watched`) for a home that somebody watches.
    """

    def __init__(self, home: str | os.PathLike[str], recording: Recording, *, report: bool = False) -> None:
        place = os.path.abspath(os.fspath(home))
        prepare(place)
        held = lock.take(place)
        if held is None:
            raise OvernightError(
                f"The home {place} has a watchman already: take another one.", code="watched"
            )
        self._lock = held
        self.recording = recording
        self._began = time.time() - recording.ended_t
        self.run = RunDir(create_run_dir(place, {**recording.spec, "created_at": self._began}))
        self.t = 0.0
        self._report = report
        self._watch = Watch(self.run.spec(), catalog.load(), host="virtual")
        self._pieces = list(reversed(recording.pieces))
        self._samples = list(reversed(recording.samples))
        self._sample: Sample | None = None
        self._sampled_t = self._looked = -_AGAIN_S
        self._end = (recording.ended_t, recording.end)
        self._keys: set[str] = set()
        self._unshown: tuple[float, float] | None = None
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the home back; the run's folder stays as it is."""
        self._lock.release()

    @property
    def over(self) -> bool:
        """Whether the run has ended, and all that follows is done."""
        return self._watch.phase == "ended"

    def wall(self, t: float | None = None) -> float:
        """Wall time at `t` seconds of the run, or now."""
        return self._began + (self.t if t is None else t)

    def advance(self, until: float, enough: Callable[[], bool] = _NEVER) -> None:
        """Live on until `enough()`, asked now and after each change of the folder, at most to `until` seconds."""
        self._take()
        while not enough():
            changed = False
            while not changed:
                moment = self._next()
                if moment is None or moment > until:
                    self.t = max(self.t, until) if math.isfinite(until) else self.t
                    self._show()
                    return
                self.t = max(self.t, moment)
                changed = self._step()
            self._show()

    # ------------------------------------------------------------ one moment

    def _next(self) -> float | None:
        """When something happens next; None after the end."""
        if self.over:
            return None
        times = [self._end[0], self._look_due()]
        if self._pieces:
            times.append(self._pieces[-1].t)
        return min(t for t in times if t is not None)

    def _step(self) -> bool:
        """What happens now, in the watchman's order; True when the folder says something new."""
        changed = False
        while self._pieces and self._pieces[-1].t <= min(self.t, self._end[0]):
            changed |= self._write(self._pieces.pop())
        if self._end[0] <= self.t:
            self._finish()
            return True
        due = self._look_due()
        if due is None or due > self.t:
            return changed
        self._do(self._sampled())
        self._looked = self.t
        return self._do(self._publish(self._watch.look(self.t))) or changed

    def _write(self, piece: Piece) -> bool:
        with open(self.run.log_path, "ab") as log:
            log.write(piece.data)
        self._unshown = (self._unshown[0] if self._unshown else self.t, self.t)
        return self._do(self._watch.read(piece.data, self.t))

    def _look_due(self) -> float | None:
        due = self._watch.due(self.t)
        return None if due is None else max(due, self._looked + _AGAIN_S) if due <= self._looked else due

    def _sampled(self) -> list[Event]:
        """What the tree uses, as it was recorded last."""
        while self._samples and self._samples[-1].t <= self.t:
            self._sample = self._samples.pop()
        if self._sample is None or self.t - self._sampled_t < _AGAIN_S:
            return []
        self._sampled_t = self.t
        return self._watch.sample(msgspec.structs.replace(self._sample, t=round(self.t, 3)))

    # ------------------------------------------------------------ what people decide

    def _take(self) -> None:
        """Answers and a stop request, once each."""
        for answer in self.run.answers():
            self._answered(answer)
        request = self.run.stop_request()
        if request is not None and not self.over:
            self._do(self._watch.stop_requested(request, self.t))

    def _answered(self, answer: Answer) -> None:
        if f"answer:{answer.question}" in self._keys:
            return
        events = self._watch.answered(answer, self.t)
        if events and answer.choice in ("stop", "fix"):
            reason = f"the answer {answer.choice!r} to {answer.question}"
            events += self._watch.stop_requested(
                StopRequest(by=answer.by, at=answer.at, reason=reason), self.t
            )
        self._do(events)

    def _publish(self, events: list[Event]) -> list[Event]:
        """An answer that the watch gave itself is the question's one answer."""
        for event in events:
            if event.kind == "answer":
                answer = msgspec.convert(event.data, Answer, strict=False)
                try:
                    self.run.answer(msgspec.structs.replace(answer, at=self.wall()))
                except (NothingToAnswer, AlreadyAnswered):
                    continue
        return events

    # ------------------------------------------------------------ recording and acting

    def _do(self, events: Sequence[Event]) -> bool:
        """Record what is new, act on it, show it; True when there was something."""
        fresh = [event for event in events if event.key not in self._keys]
        if not fresh:
            return False
        self._keys.update(event.key for event in fresh)
        self.run.append([msgspec.structs.replace(event, at=self.wall()) for event in fresh])
        if any(event.kind in ("interrupt", "stop") for event in fresh):
            self._end_soon()
        if any(event.kind in _SAMPLED for event in fresh) and not self.over:
            self._do(self._sampled())
        self._write_status(self.t)
        return True

    def _end_soon(self) -> None:
        """It was asked to end: what it would have written after that is not written."""
        how = self.recording.stopped
        t = self.t + how.after_s
        if t >= self._end[0]:
            return
        self._end = (t, Exit(code=how.code, signal=how.signal))
        kept = [piece for piece in self._pieces if piece.t < t]
        self._pieces = [Piece(t, how.log.encode()), *kept] if how.log else kept

    def _finish(self) -> None:
        """The end: its record, its events, its report."""
        t, end = self._end
        self._record_end(end, t)
        self._do(self._watch.ended(end, t))
        if self._report:
            paths = build(self.run, lang="en")._asdict().items()
            data = {kind: str(path) for kind, path in paths if path is not None}
            event = Event(t=round(t, 3), kind="report", key="report", offset=self._watch.offset, data=data)
            self._watch.recall(event)
            self._do([event])
        os.close(os.open(self.run.file(CLOSED), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))

    def _show(self) -> None:
        """The status follows the log within a second, and is then as old as the log."""
        if self._unshown is not None and self._unshown[0] + _AGAIN_S <= self.t:
            self._write_status(min(self.t, self._unshown[1] + _AGAIN_S))

    def _write_status(self, t: float) -> None:
        self._unshown = None
        status = self._watch.status(t)
        self.run.write_status(msgspec.structs.replace(status, log=self.run.log_path, updated_at=self.wall(t)))

    # ------------------------------------------------------------ what the keepers write

    def _start(self) -> None:
        start = Start(pid=1, ticks=0, boot_id=_ELSEWHERE, keepers=[], at=self._began, boottime=0.0)
        self._publish_record(START, encode(start))
        self._do(self._watch.started(0.0))

    def _record_end(self, end: Exit, t: float) -> None:
        fields = msgspec.to_builtins(msgspec.structs.replace(end, at=self.wall(t), boottime=None))
        folder = records.open_folder(self.run.path)
        try:
            room = records.set_room_aside(folder, "inner")
            try:
                records.commit_exit(folder, room, "inner", fields)
            finally:
                os.close(room)
        finally:
            os.close(folder)

    def _publish_record(self, name: str, data: bytes) -> None:
        with open(self.run.file(name), "xb") as file:
            file.write(data + b"\n")


class VirtualFeed:
    """Waiting for the run of a virtual night (see `overnight.app.Feed`): it takes no time but the night's."""

    def __init__(self, night: VirtualNight) -> None:
        self._night = night

    def now(self) -> float:
        """Wall time in the night."""
        return self._night.wall()

    async def until(self, run: RunDir, enough: Callable[[], bool], timeout_s: float) -> None:
        """Live through the night until `enough()`, or for `timeout_s` seconds of it."""
        if run.id != self._night.run.id:
            raise ValueError(f"{run.id} is not the run of this night")
        self._night.advance(self._night.t + timeout_s, enough)
