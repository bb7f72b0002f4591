"""A home for one bench, with nothing left in it or running when the bench is over."""

import os
import select
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from overnight.watchman.start import watchman_pid


@contextmanager
def house() -> Iterator[dict[str, str]]:
    """The environment of a new home; its watchman ends with the bench."""
    # What the watchman had begun, a report or a keeper's last word, may still write while the folder is removed.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        yield os.environ | {"OVERNIGHT_HOME": home}
        pid = watchman_pid(home)
        if pid is not None:
            pidfd = os.pidfd_open(pid)
            signal.pidfd_send_signal(pidfd, signal.SIGTERM)
            select.select([pidfd], [], [])
            os.close(pidfd)
