"""Seeing to it that a watchman is there. Called by every verb that starts or looks at a run.

Rules:
- Standard library only and cheap: the detached start of a run passes here.
- The process is nobody's child, in a session of its own, without the caller's terminal, folder or run token,
  so that nothing that ends the caller ends it.
- Starting one too many is harmless: the home's lock lets one live. Starting one too few cannot happen: see
  `lock`. A lock that is held proves nobody: that of a killed watchman was seen held a moment longer.
- After an upgrade the watchman of the older version is replaced at the next look; a newer one is never.
"""

import os
import sys

from overnight import __version__
from overnight.errors import HomeUnusable
from overnight.keeper.identity import boot_id, is_held, read_stat
from overnight.store import files
from overnight.store.home import CLOSED, WATCH_LOCK, WATCH_LOCK_BYTES, prepare

LOG = "watchman.log"
_LOG_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_NOT_OURS = ("OVERNIGHT_TOKEN", "OVERNIGHT_RUN")
"""A run's own words: a watchman started from inside a run does not belong to it."""


def ensure(home: str) -> bool:
    """Start the home's watchman unless it lives and is up to date. True when one was started. Raises HomeUnusable."""
    if _is_watched(home):
        return False
    _spawn(home)
    return True


def _is_watched(home: str) -> bool:
    if not is_held(os.path.join(home, WATCH_LOCK)):
        return False
    found = holder(home)
    return not is_older(found) and not has_ended(found)


def ensure_if_needed(home: str) -> bool:
    """The same, when some run of the home still needs a watchman. Raises HomeUnusable."""
    if _is_watched(home):  # asked first: looking through ten thousand runs takes 60 ms
        return False
    return needs_watching(home) and ensure(home)


def needs_watching(home: str) -> bool:
    """Whether some run of the home is not closed."""
    runs = os.path.join(home, "runs")
    try:
        names = os.listdir(runs)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise HomeUnusable(f"The home {home} cannot be read: {error.strerror}.") from error
    return any(not os.path.exists(os.path.join(runs, name, CLOSED)) for name in names if name[0] != ".")


def _spawn(home: str) -> None:
    """`sh` starts it in the background and ends: then it is an orphan, and the caller has no child to
    reap."""
    prepare(home)  # nothing is opened in a home of somebody else, and nothing is started on what stands there
    env = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
    if "PYTHONPATH" in env:  # it will work in another folder
        env["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, env["PYTHONPATH"].split(os.pathsep)))
    command = [sys.executable, "-P", "-m", "overnight.watchman", "--home", home]
    log = _open_log(os.path.join(home, LOG))
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, log, 1),
        (os.POSIX_SPAWN_DUP2, log, 2),
    ]
    try:
        pid = os.posix_spawn(
            "/bin/sh",
            ["sh", "-c", '"$@" &', "sh", *command],
            env,
            file_actions=actions,
            setsid=True,
            setsigmask=(),
        )
    except OSError as error:
        raise HomeUnusable(f"The watchman of {home} cannot be started: {error.strerror}.") from error
    finally:
        os.close(log)
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:  # the caller ignores SIGCHLD or reaps for itself
        return


def _open_log(path: str) -> int:
    """Where the watchman speaks of itself. A disk that takes no log is no reason not to watch."""
    try:
        return os.open(path, _LOG_FLAGS, 0o600)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)


class Holder:
    """Who says of itself that it is the watchman: it counts while the home's lock is held. `ground`: where its pid
    means something, see `ground`; empty when it does not say."""

    __slots__ = ("ground", "pid", "ticks", "version")

    def __init__(self, pid: int, ticks: int, version: str, ground: str = "") -> None:
        self.pid, self.ticks, self.version, self.ground = pid, ticks, version, ground

    @property
    def lives(self) -> bool:
        """Whether there is that process here."""
        stat = read_stat(self.pid)
        return stat is not None and stat.ticks == self.ticks and not stat.ended


def ground() -> str:
    """Where pids are counted: this boot of this machine, and this container."""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    return f"{boot_id()[:8]}:{space.strip('pid:[]')}"


def holder(home: str) -> Holder | None:
    """Who stands in the lock file; None when nobody does, or it cannot be read."""
    try:
        words = (
            files.read(os.path.join(home, WATCH_LOCK), WATCH_LOCK_BYTES).decode("ascii", "replace").split()
        )
    except OSError:
        return None
    if len(words) not in (3, 4) or not (words[0].isdecimal() and words[1].isdecimal()):
        return None
    return Holder(int(words[0]), int(words[1]), *words[2:])


def has_ended(found: Holder | None) -> bool:
    """Whether this one is known to have ended; of one on another host or in another container nothing is known."""
    return found is not None and found.ground == ground() and not found.lives


def is_older(found: Holder | None) -> bool:
    """Whether this is a watchman of a version before ours."""
    return found is not None and _order(found.version) < _order(__version__)


def _order(version: str) -> list[int]:
    """The numbers of a version: enough to tell which of two is the older release."""
    return [int(part) for part in "".join(c if c in "0123456789" else " " for c in version).split()]


def watchman_pid(home: str) -> int | None:
    """The pid of the living watchman of the home; None when there is none."""
    if not is_held(os.path.join(home, WATCH_LOCK)):
        return None
    found = holder(home)
    return (
        found.pid if found is not None and found.lives else None
    )  # else it has just taken the lock, or is elsewhere
