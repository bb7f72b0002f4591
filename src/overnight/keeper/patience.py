"""Waiting for a file system that takes nothing to take something again.

Rules:
- A mount that changed is told by the kernel (poll on mountinfo, proc(5)). That room was freed, a flag or a quota
  changed, or a server came back is told by nothing: hence the limit, after which one tries again.
- Used by keepers: standard library only, and nothing is imported before it is needed.
"""

import os


def wait_for_better(seconds: float) -> None:
    """Return when a mount changed, or after `seconds`."""
    import select  # here for start-up: few keepers ever wait like this

    poller = select.poll()
    try:
        mounts = os.open("/proc/self/mountinfo", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # no descriptor left, no /proc
        poller.poll(seconds * 1000)
        return
    poller.register(mounts, select.POLLPRI)
    poller.poll(seconds * 1000)
    os.close(mounts)
