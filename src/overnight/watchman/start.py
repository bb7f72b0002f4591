"""Seeing to it that a watchman is there. Called by every verb that starts or looks at a run.

Rules:
- Standard library only and cheap: the detached start of a run passes here.
- The process is nobody's child, in a session of its own, without the caller's terminal, folder or run token,
  so that nothing that ends the caller ends it.
- Starting one too many is harmless: the home's lock lets one live. Starting one too few cannot happen: see
  `lock`.
"""

import os
import sys

from overnight.errors import HomeUnusable
from overnight.keeper.identity import is_held
from overnight.store import files
from overnight.store.home import prepare

LOCK = "watchman.lock"
LOG = "watchman.log"
CLOSED = ".closed"
"""In a run's folder: nothing is left to be watched, told or reported."""
_NOT_OURS = ("OVERNIGHT_TOKEN", "OVERNIGHT_RUN")
"""A run's own words: a watchman started from inside a run does not belong to it."""


def ensure(home: str) -> bool:
    """Start the home's watchman unless it lives. True when one was started. Raises HomeUnusable."""
    if is_held(os.path.join(home, LOCK)):
        return False
    _spawn(home)
    return True


def ensure_if_needed(home: str) -> bool:
    """The same, when some run of the home still needs a watchman. Raises HomeUnusable."""
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
    log = os.path.join(home, LOG)
    env = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
    if "PYTHONPATH" in env:  # it will work in another folder
        env["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, env["PYTHONPATH"].split(os.pathsep)))
    command = [sys.executable, "-P", "-m", "overnight.watchman", "--home", home]
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
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
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:  # the caller ignores SIGCHLD or reaps for itself
        return


def watchman_pid(home: str) -> int | None:
    """The pid of the living watchman of the home; None when there is none."""
    path = os.path.join(home, LOCK)
    if not is_held(path):
        return None
    try:
        text = files.read(path, 64).strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
