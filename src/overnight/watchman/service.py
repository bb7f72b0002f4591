"""The loop of the watchman: which runs there are, what changed in them, and when it is over.

Rules:
- One inotify instance for everything. The first change is handled at once, what follows within 100 ms
  together, so that a flood of lines wakes the loop ten times a second and a single fatal line waits for
  nothing.
- An overflow of the kernel's queue means: look at everything.
- One task per run. A task that fails is noted in its run and begun anew, later each time, at last without
  reading the log; the others do not notice.
- It ends some time after its last run, never while a run lives or a message is still to be sent. Between
  letting the lock go and ending it looks once more: a run that came in between is not left alone.
"""

import asyncio
import logging
import os
import resource
import signal
import time
from collections.abc import Callable, Coroutine
from typing import Any

from inotify_simple import INotify, flags

from overnight.errors import Unreadable
from overnight.keeper.liveness import is_kept
from overnight.store.home import CLOSED, LOG, RUNS, WATCH_LOCK, runs_folder
from overnight.store.rundir import ANSWERS, EVENTS, RunDir
from overnight.watchman.runwatch import INTERESTING, RunWatch
from overnight.watchman.signals import Signals
from overnight.watchman.telling import Outbox
from overnight.watchman.tools import Tools

REARM_S = 0.1
"""Measured with 1,000 logs: waking per event costs 3.7 % of a core, in batches of 50 ms 1 %; every wake has a price."""
_BLIND_AFTER = 3
_LATER_S = (0.1, 1.0, 10.0, 60.0)
_SEND_CHECK_S = 60.0
_LOOK_S = 5.0

_ROOT = ("", "")
_HOME = ("", "home")
_LOSSES = flags.DELETE | flags.MOVED_FROM | flags.ONLYDIR
_ARRIVALS = flags.CREATE | flags.MOVED_TO | flags.ONLYDIR
_CHANGES = flags.MODIFY | flags.CREATE | flags.MOVED_TO | flags.ONLYDIR
_ANSWERED = flags.CREATE | flags.MOVED_TO | flags.ONLYDIR
_OVERFLOW, _IGNORED = int(flags.Q_OVERFLOW), int(flags.IGNORED)
"""As plain numbers: a thousand events a second are compared with them."""

log = logging.getLogger(__name__)


class Service:
    """The watchman of `home`; `linger_s`: how long it stays after the last run was closed; `is_alone`: whether nobody
    else can be its watchman."""

    def __init__(self, home: str, linger_s: float, is_alone: Callable[[], bool]) -> None:
        self._home = home
        self._linger_s = linger_s
        self._tools = Tools(Outbox(home), runs=lambda: len(self._runs), is_alone=is_alone)
        self._runs: dict[str, RunWatch] = {}
        self._unsent: dict[str, RunDir] = {}
        self._watched: dict[int, tuple[str, str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._inotify = INotify(nonblocking=True)
        self._signals: Signals | None = None
        self._over = asyncio.Event()
        self._asked_to_go = False
        self._idle: asyncio.TimerHandle | None = None

    async def run(self) -> bool:
        """Until nothing is left to watch: False; or until SIGTERM or SIGINT: True."""
        loop = asyncio.get_running_loop()
        self._signals = Signals((signal.SIGTERM, signal.SIGINT), self._go)
        _raise_file_limit()
        self._watch_home()
        loop.add_reader(self._inotify.fileno(), self._changes)
        self._find_runs()
        self._beside(self._tools.outbox.open())
        self._rest()
        await self._over.wait()
        return self._asked_to_go

    def _watch_home(self) -> None:
        try:
            self._watch_folder(self._home, _LOSSES, *_HOME)
            self._watch_folder(runs_folder(self._home), _ARRIVALS, *_ROOT)
        except FileNotFoundError:
            raise
        except OSError as error:  # the kernel gives no more watches
            log.warning("changes of the home are not told by the system, it is looked at: %s", error)
            self._look_at_home()

    def _look_at_home(self) -> None:
        """For a home whose changes the kernel does not tell: look at it now and then."""
        if not os.path.lexists(runs_folder(self._home)):
            self._home_lost(RUNS)
        elif not self._tools.is_alone():
            self._home_lost(WATCH_LOCK)
        elif not self._over.is_set():
            self._find_runs()
            asyncio.get_running_loop().call_later(_LOOK_S, self._look_at_home)

    async def close(self) -> None:
        """Let go of everything; the runs live on."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2)
        await self._tools.outbox.close()
        self._tools.changes.close()
        self._tools.threads.close()
        asyncio.get_running_loop().remove_reader(self._inotify.fileno())
        self._inotify.close()
        if self._signals is not None:
            self._signals.close()

    def _go(self, number: int) -> None:
        self._asked_to_go = True
        self._end(signal.Signals(number).name)

    def _end(self, why: str) -> None:
        log.info("ends: %s", why)
        self._over.set()

    # ------------------------------------------------------------ changes

    def _changes(self) -> None:
        """Handle what there is, then leave the kernel to gather for a moment."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._inotify.fileno())
        loop.call_later(REARM_S, self._rearm)
        for event in self._inotify.read(timeout=0):
            if event.mask & _OVERFLOW:
                log.warning("the kernel dropped file events: everything is looked at")
                self._look_at_everything()
            elif event.mask & _IGNORED:
                self._lost(event.wd)
            else:
                self._change(event.wd, event.name)

    def _lost(self, wd: int) -> None:
        """A watched folder is gone for good: nobody has it open any more."""
        if self._watched.pop(wd, None) in (_HOME, _ROOT):
            self._home_lost(RUNS)

    def _home_lost(self, name: str) -> None:
        """Something of the home is gone. Without its runs there is nothing left to be the watchman of; a lock without
        its name keeps nobody else away and is taken again, unless somebody was faster."""
        if name == RUNS:
            self._asked_to_go = True
            self._end("the home was removed")
        elif name == WATCH_LOCK:
            self._end("the lock was removed")

    def _rearm(self) -> None:
        if not self._over.is_set():
            asyncio.get_running_loop().add_reader(self._inotify.fileno(), self._changes)

    def _change(self, wd: int, name: str) -> None:
        place = self._watched.get(wd)
        if place is None:  # of a run that was forgotten meanwhile
            return
        run, kind = place
        if place == _ROOT:
            self._arrived(name)
        elif place == _HOME:
            self._home_lost(name)
        elif run in self._runs:
            self._tell_watch(self._runs[run], kind or name)
        elif name == EVENTS and run in self._unsent:
            self._beside(self._mark_sent())

    def _tell_watch(self, watch: RunWatch, changed: str) -> None:
        if changed == ANSWERS:
            try:
                self._watch_answers(watch.run_dir)
            except OSError as error:  # no reason to miss what else has changed
                log.warning("answers to run %s are not told by the system: %s", watch.run_dir.id, error)
        if changed == LOG:
            watch.notice_log()
        elif changed in INTERESTING:
            watch.notice(changed)

    def _watch_answers(self, run_dir: RunDir) -> None:
        """The folder comes with the first answer."""
        try:
            self._watch_folder(run_dir.file(ANSWERS), _ANSWERED, run_dir.id, ANSWERS)
        except (FileNotFoundError, NotADirectoryError):
            return

    def _look_at_everything(self) -> None:
        self._find_runs()
        for watch in self._runs.values():
            watch.notice(*INTERESTING)

    # ------------------------------------------------------------ runs

    def _find_runs(self) -> None:
        folder = runs_folder(self._home)
        try:
            names = os.listdir(folder)
        except FileNotFoundError:  # which is told as a change of its own
            return
        except OSError as error:
            self._look_later(error)
            return
        for name in names:
            self._find_run(name)

    def _arrived(self, name: str) -> None:
        """A run came: it is taken if anything can be read at all."""
        try:
            os.close(os.open(runs_folder(self._home), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        except FileNotFoundError:
            return
        except OSError as error:
            self._look_later(error)
            return
        self._find_run(name)

    def _look_later(self, error: OSError) -> None:
        """No descriptor is left: whatever came meanwhile is looked at later."""
        log.warning("the runs cannot be listed: %s", error)
        asyncio.get_running_loop().call_later(_LOOK_S, self._look_at_everything)

    def _find_run(self, name: str) -> None:
        """Watch what stands under that name, unless it is known, closed or no run.

        One look for each that comes: looking through all takes 40 ms in a home with ten thousand runs.
        """
        if not name or name[0] == "." or name in self._runs or name in self._unsent:
            return
        path = os.path.join(runs_folder(self._home), name)
        if not os.path.exists(os.path.join(path, CLOSED)):
            self._take(RunDir(path))

    def _take(self, run_dir: RunDir) -> None:
        watch = RunWatch(run_dir, self._tools)
        try:
            self._watch_folder(run_dir.path, _CHANGES, run_dir.id, "")
            self._watch_answers(run_dir)
        except (FileNotFoundError, NotADirectoryError):  # it could not start and is gone again, or is no run
            return
        except OSError as error:  # the kernel gives no more watches
            log.warning(
                "changes of run %s are not told by the system, it is looked at: %s", run_dir.id, error
            )
            self._look_again(watch)
        self._runs[run_dir.id] = watch
        self._rest()
        self._live(watch)

    def _look_again(self, watch: RunWatch) -> None:
        """For a run whose changes the kernel does not tell: look at it now and then."""
        if watch.run_dir.id in self._runs:
            watch.notice(*INTERESTING)
        if watch.run_dir.id not in self._unsent and not self._over.is_set():
            asyncio.get_running_loop().call_later(_LOOK_S, self._look_again, watch)

    def _live(self, watch: RunWatch) -> None:
        if not self._over.is_set():
            task = self._beside(watch.live(blind=watch.faults_so_far >= _BLIND_AFTER))
            task.add_done_callback(lambda done: self._lived(watch, done))

    def _lived(self, watch: RunWatch, task: "asyncio.Task[None]") -> None:
        """The task of a run has ended: the run is closed, its folder gone, or something failed."""
        run_dir = watch.run_dir
        if task.cancelled():
            return
        error = task.exception()
        gone = not os.path.isdir(run_dir.path)
        if error is not None and not gone and not self._is_hopeless(watch, error):
            later = _LATER_S[min(watch.faults_so_far, len(_LATER_S) - 1)]
            watch.failed(error)
            asyncio.get_running_loop().call_later(later, self._live, watch)
            return
        del self._runs[run_dir.id]
        if not gone:
            self._unsent[run_dir.id] = run_dir
            self._beside(self._mark_sent())
        self._rest()

    def _is_hopeless(self, watch: RunWatch, error: BaseException) -> bool:
        """A damaged folder whose run is not kept any more: nothing can be watched, nothing can be told."""
        given_up = isinstance(error, Unreadable) and watch.faults_so_far >= len(_LATER_S)
        if given_up := given_up and not is_kept(watch.run_dir.path):
            log.error("run %s is given up: %s", watch.run_dir.id, error)
        return given_up

    # ------------------------------------------------------------ the end of the watch

    async def _mark_sent(self) -> None:
        """Close the runs that are over once no message is on its way any more."""
        candidates = list(self._unsent.values())
        if await self._tools.outbox.pending():
            return
        for run_dir in candidates:
            if run_dir.id in self._unsent and await self._tools.threads.short(_mark, run_dir):
                del self._unsent[run_dir.id]
                self._forget(run_dir.id)
        self._rest()

    def _forget(self, run: str) -> None:
        for wd in [wd for wd, (watched, _kind) in self._watched.items() if watched == run]:
            del self._watched[wd]
            try:
                self._inotify.rm_watch(wd)
            except OSError:  # the folder went first
                continue

    def _rest(self) -> None:
        """With nothing to watch, set the time to go; counted anew from the last thing that happened."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._runs or self._over.is_set():
            return
        wait_s = _SEND_CHECK_S if self._unsent else self._linger_s
        self._idle = asyncio.get_running_loop().call_later(wait_s, self._rested)

    def _rested(self) -> None:
        self._idle = None
        if self._unsent:
            self._beside(self._mark_sent())
            self._rest()
        elif not self._runs:
            self._end("nothing is left to watch")

    # ------------------------------------------------------------ small things

    def _watch_folder(self, path: str, mask: int, run: str, kind: str) -> None:
        self._watched[self._inotify.add_watch(path, mask)] = (run, kind)

    def _beside(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a task failed", exc_info=task.exception())


def _mark(run_dir: RunDir) -> bool:
    """Say in its folder that the run is closed; False when the disk has no room even for that."""
    try:
        os.close(os.open(run_dir.file(CLOSED), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except FileNotFoundError:  # pruned meanwhile
        return True
    except OSError as error:
        log.warning("run %s cannot be closed yet: %s", run_dir.id, error)
        return False
    return True


def _raise_file_limit() -> None:
    """A pidfd per run: a thousand runs need more than the usual 1,024 descriptors."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class _SuspendLoop(asyncio.SelectorEventLoop):
    """Timers count the time that the machine slept."""

    def time(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)


def new_loop() -> asyncio.AbstractEventLoop:
    """The loop for a `Service`."""
    return _SuspendLoop()
