"""A process stops at a named point, says so, and stands there until it is killed or let go.

Rules:
- Only the first process that comes to a point stops there: its successor after a kill goes on.
- Nothing but the standard library's `os`: the keepers load it too.
"""

import os

BEFORE_START = "before start.json"
BEFORE_EXEC = "between start.json and exec"
BEFORE_EXIT = "between exit and exit.json"
BEFORE_STORE = "between exit.json and the store"
BEFORE_MARK = "between send and mark"


def pause(folder, point):
    """Stand still if `folder` asks for it. `reached` hears the pid, opening `gate` ends it (both FIFOs)."""
    try:
        os.rename(os.path.join(folder, point), os.path.join(folder, "taken"))
    except FileNotFoundError:
        return
    said = os.open(os.path.join(folder, "reached"), os.O_WRONLY | os.O_CLOEXEC)
    os.write(said, b"%d\n" % os.getpid())
    os.close(said)
    os.close(os.open(os.path.join(folder, "gate"), os.O_RDONLY | os.O_CLOEXEC))


def pausing(folder, point, work, when=lambda *_: True):
    """`work` that first comes to the point, for arguments that `when` finds right."""

    def paused(*args, **kwargs):
        if when(*args):
            pause(folder, point)
        return work(*args, **kwargs)

    return paused
