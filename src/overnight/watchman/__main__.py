"""`python -m overnight.watchman --home HOME`: the watchman of a home, in this process.

Rules: descriptors that came from whoever started it are closed (somebody may wait for their end); it works in
the home's folder, so that no file system of a user stays busy; it bears a name of ours, so that no run's stop
takes it for one of the run's processes; what it says of itself goes to `watchman.log`, kept small.
"""

import asyncio
import gc
import logging
import logging.handlers
import os
import sys
from collections.abc import Iterable
from functools import partial

from overnight.core.mask import mask
from overnight.errors import OvernightError
from overnight.keeper.linux import OWN_PREFIX, set_name
from overnight.store.home import prepare
from overnight.watchman import lock, start
from overnight.watchman.service import Service, new_loop
from overnight.watchman.telling import settings_or_defaults

_LOG_BYTES = 1 << 20
_MOST_FILES = 1 << 20
_YOUNG = 10_000
"""New objects until the collector looks at the young ones: lines make many, and hardly any cycle."""


def main() -> int:
    """0: it has done its watch, or another one is at it; 1: the home cannot be used; 2: called wrongly."""
    if len(sys.argv) != 3 or sys.argv[1] != "--home":  # argparse is 20 ms that a first run would wait for
        sys.stderr.write("watchman: it is started by overnight itself, with --home HOME\n")
        return 2
    home = os.path.abspath(sys.argv[2])
    try:
        prepare(home)
        held = lock.take_over(home)
    except (OvernightError, OSError) as error:
        sys.stderr.write(f"watchman: {error}\n")
        return 1
    if held is not None:
        _watch(home, held)
    return 0


def _watch(home: str, held: lock.HomeLock) -> None:
    os.chdir(home)
    _close_all_but(held.descriptors)
    set_name(f"{OWN_PREFIX}watch")
    gc.set_threshold(_YOUNG)
    _log_to(os.path.join(home, start.LOG))
    lock_or_none: lock.HomeLock | None = held
    while lock_or_none is not None:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            again = runner.run(_serve(home, lock_or_none))
        lock_or_none = lock.take(home) if again else None
    logging.shutdown()
    os._exit(0)  # a thread that hangs on a dead mount keeps nobody here


def _close_all_but(kept: Iterable[int]) -> None:
    """What we were started with, the standard ones aside."""
    after = 3
    for fd in sorted(kept):
        os.closerange(after, fd)
        after = fd + 1
    os.closerange(after, _MOST_FILES)


async def _serve(home: str, held: lock.HomeLock) -> bool:
    """One watch; True when a run came just as it was given up."""
    service = Service(home, settings_or_defaults().linger_s, held.keeps_others_away)
    try:
        asked_to_go = await service.run()
    finally:
        await service.close()
        held.release()
    return not asked_to_go and start.needs_watching(home)


class _Masked(logging.Formatter):
    """What went wrong may quote what it went wrong with."""

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


def _log_to(path: str) -> None:
    keep = partial(logging.handlers.RotatingFileHandler, path, "a", _LOG_BYTES, 1, "utf-8")
    try:
        handler = keep(delay=False)
    except OSError:  # a full disk: it is opened with what is said first when there is room
        handler = keep(delay=True)
    handler.setFormatter(_Masked("%(asctime)s %(process)d %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("overnight").setLevel(logging.INFO)
    logging.raiseExceptions = False  # a full disk takes no log: that is no reason to stop


if __name__ == "__main__":
    sys.exit(main())
