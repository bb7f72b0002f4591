"""What a run's folder says about the run being alive.

Rules:
- A recorded end is the end. Else the keepers' lock decides, which no reuse of a pid can fool.
- Without keepers the command itself is looked for, by boot id, pid and ticks; a zombie has ended.
- `gone` is an honest word: it ended, and nobody recorded how.
"""

import os
from typing import Literal

from overnight.keeper import records
from overnight.keeper.identity import boot_id, is_held, read_stat

State = Literal["starting", "running", "ended", "gone"]


def state_of(run_dir: str) -> State:
    """`starting`: no start recorded yet, keepers at it. `running`: kept, or alive without its keepers.
    `ended`: there is an exit.json. `gone`: neither, nor a living process. Raises Unreadable when start.json
    is damaged."""
    ended = os.path.join(run_dir, records.EXIT)
    if os.path.lexists(ended):
        return "ended"
    kept = is_kept(run_dir)
    if not kept and os.path.lexists(ended):  # recorded between the two looks
        return "ended"
    start = records.read_start(run_dir)
    if start is None:
        return "starting" if kept else "gone"
    return "running" if kept or command_lives(start) else "gone"


def is_kept(run_dir: str) -> bool:
    """Whether a keeper lives that will record the end. When not, a witness of the command's end should."""
    return is_held(os.path.join(run_dir, records.LOCK))


def has_leftovers(run_dir: str) -> bool:
    """Whether a process of the tree still holds the lock that it inherited (many close it; False proves
    nothing)."""
    return is_held(os.path.join(run_dir, records.TREE_LOCK))


def command_lives(start: dict[str, object]) -> bool:
    """Whether the command of this `start.json` is alive, by identity."""
    stat = read_stat(str(start["pid"]))
    return (
        stat is not None and stat.ticks == start["ticks"] and not stat.ended and start["boot_id"] == boot_id()
    )
