"""What is recorded of one run, as much of it as a new watchman needs.

Rules:
- Read once, event by event: there may be a million. Of each stay its key, as a number, its time and its offset; whole
  stay those that the watch recalls and those that somebody may have to finish.
- Among a million keys a new one is taken for known, and its event not recorded, once in ten million millions.
"""

from array import array
from collections.abc import Iterable, Iterator

from overnight.core.model import Event, EventKind
from overnight.core.replay import LOG_BASE, LOG_FILE, log_place
from overnight.core.watch import RECALLED
from overnight.store.rundir import RunDir

_TO_FINISH: frozenset[EventKind] = frozenset(
    {"question", "interrupt", "stop", "stopped_tree", "notification", "told", "report"}
)
_WHOLE = RECALLED | _TO_FINISH
_TURN = {LOG_FILE, LOG_BASE}


class Recorded:
    """The events of `run_dir` as they are now. Blocks. Raises Unreadable.

    `keys`: the hashes of all keys. `last_t`: the latest time of an event in seconds since the run's start, `last_at`:
    the wall time of the last one. `adopted`: whether a watchman had begun. `place`: see `log_place`.
    """

    def __init__(self, run_dir: RunDir) -> None:
        self.keys: set[int] = set()
        self.last_t = self.last_at = 0.0
        self.adopted = False
        self.place: tuple[str, int] | None = None
        self._times, self._offsets = array("d"), array("q")
        self._whole: dict[int, Event] = {}
        self._ended: int | None = None
        self.add(event for event, _end in run_dir.each_event() if event is not None)

    def add(self, events: Iterable[Event]) -> None:
        """Take in what was recorded since, be it on disk yet or not."""
        times, offsets, add_key = self._times, self._offsets, self.keys.add
        for event in events:
            kind = event.kind
            if kind in _WHOLE:
                self._whole[len(times)] = event
                if kind == "ended" and self._ended is None:
                    self._ended = len(times)
            elif kind == "note" and event.data.keys() >= _TURN:
                self.place = log_place((event,)) or self.place
            self.adopted = self.adopted or kind != "attached"
            self.last_at = event.at
            times.append(event.t)
            offsets.append(event.offset)
            add_key(hash(event.key))
        self.last_t = max(times, default=0.0)

    @property
    def to_finish(self) -> list[Event]:
        """What was recorded and is maybe not done, and what tells whether it is."""
        return [event for event in self._whole.values() if event.kind in _TO_FINISH]

    # ------------------------------------------------------------ before the end

    @property
    def before_end(self) -> int:
        """How many events there are before `ended`: the end itself is worked out again, and only what is missing
        recorded."""
        return len(self._times) if self._ended is None else self._ended

    @property
    def offset(self) -> int:
        """The offset of the last event before the end; 0 for none."""
        return self._offsets[self.before_end - 1] if self.before_end else 0

    def time(self, done: int) -> float:
        """When the last of the first `done` events was, in seconds since the run's start; 0 for none."""
        return self._times[done - 1] if done else 0.0

    def after(self, done: int) -> Iterator[Event]:
        """The events before the end, without the first `done`. Of those that the watch does not recall only their time
        and their offset are told."""
        for number in range(done, self.before_end):
            whole = self._whole.get(number)
            yield whole or Event(t=self._times[number], kind="note", key="", offset=self._offsets[number])
