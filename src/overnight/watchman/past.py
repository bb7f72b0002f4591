"""The watch over a run as another watchman left it.

Rules: the recorded events and the log up to the last of them make it anew; a memory of it only saves the time of
reading a long log again, and one that does not fit is none.
"""

import logging

from overnight.core.model import Spec
from overnight.core.observe import Catalog
from overnight.core.replay import replay
from overnight.core.watch import Watch
from overnight.store.rundir import RunDir
from overnight.watchman import memory
from overnight.watchman.journal import Journal
from overnight.watchman.recorded import Recorded
from overnight.watchman.runlog import RunLog

log = logging.getLogger(__name__)


class Past:
    """What was of one run. `blind`: its log is not read."""

    def __init__(
        self, run_dir: RunDir, spec: Spec, run_log: RunLog, catalog: Catalog, host: str, *, blind: bool
    ) -> None:
        self._run_dir, self._spec, self._log = run_dir, spec, run_log
        self._catalog, self._host, self._blind = catalog, host, blind
        self._kept_at = 0

    def watch(self, recorded: Recorded) -> Watch:
        """The watch after the recorded events before the end: from its memory, if there is one, and what came after
        that."""
        kept = None if self._blind else memory.load(self._run_dir.path, self._catalog)
        if kept is None or kept.events > recorded.before_end or not self._log.holds(kept.watch.offset):
            kept = None
        begun, done = kept if kept is not None else (self._anew(), 0)
        self._kept_at = begun.offset
        with self._log.past(self._kept_at) as pieces:
            heard = () if self._blind else pieces
            events, since = recorded.after(done), recorded.time(done)
            watch = replay(self._spec, events, heard, self._catalog, begun=begun, since=since)
        if self._log.place is not None:  # what is gone with an older file cannot be read again
            watch.reader.offset = max(watch.offset, recorded.offset)
        return watch

    def _anew(self) -> Watch:
        """A watch that knows nothing, of a log that can be read from here on."""
        watch = Watch(self._spec, self._catalog, host=self._host)
        watch.reader.offset = self._log.base
        return watch

    def keep(self, watch: Watch, journal: Journal, least: int = memory.EVERY_BYTES) -> None:
        """Keep a memory of a watch whose log grew by `least` bytes. What cannot be kept costs time after a crash and
        nothing else."""
        grown = watch.offset - self._kept_at
        if grown < least or self._log.lost or journal.behind or self._blind:
            return
        self._kept_at = watch.offset
        try:
            memory.save(self._run_dir.path, watch, journal.count, self._catalog)
        except OSError as error:
            log.warning("the memory of %s was not kept: %s", self._run_dir.id, error)
