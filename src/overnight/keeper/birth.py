"""The bare interpreter in which a run is born: take the request, fork the outer keeper, report, end.

Rules:
- Intent before act: the files and the room for the exit record exist before anything is forked.
- Descriptors of the caller are closed first: whoever captures the caller's output must not wait for the run.
- Nobody relays: the command itself reports into the caller's pipe, so that no death in between loses the
  word.
- The report is text: `started PID TICKS` once `start.json` is durable, then the end of the pipe when exec
  took place, or `failed STAGE ERRNO`. Stages: `home` (the run's folder), `cwd`, `find` (the command), `exec`;
  `gone` (the process to be attended).
  No line at all means that the command was killed before it could start.
"""

import _signal as signals  # type: ignore[import-not-found]  # the public module costs 4 ms of enums
import gc
import marshal
import os

from overnight.keeper import keep
from overnight.keeper.charge import Charge

TYPE_CHECKING = False  # typing itself would cost 8 ms
if TYPE_CHECKING:
    from typing import Any

_REQUEST, _REPLY = 0, 1
_IGNORED = (
    signals.SIGHUP,
    signals.SIGINT,
    signals.SIGQUIT,
    signals.SIGTERM,
    signals.SIGUSR1,
    signals.SIGUSR2,
)


def main() -> None:
    """Read the request from the caller's pipe, fork the outer keeper, end. Does not return."""
    gc.disable()  # nothing here makes cycles, and a collection would write to pages that the keepers share
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    for number in _IGNORED:
        signals.signal(number, signals.SIG_IGN)
    request = _read_all(_REQUEST)
    if request:  # else the caller changed its mind
        _bear(request, report=os.dup(_REPLY))
    os._exit(0)  # nothing is left to be tidied up, and the caller waits


def _bear(request: bytes, report: int) -> None:
    """A command to be started (a tuple), or a process that runs already (a dict)."""
    asked = marshal.loads(request)
    try:
        outer, charge = _attending(asked) if isinstance(asked, dict) else (keep.outer, Charge(*asked))
    except ProcessLookupError:
        os.write(report, b"failed gone 0\n")
        return
    except OSError as error:
        os.write(report, f"failed home {error.errno}\n".encode())
        return
    gc.freeze()
    if os.fork() == 0:
        outer(charge, report)


def _attending(asked: "dict[str, Any]") -> "tuple[Any, Any]":
    from overnight.keeper import attend  # here for start-up: a command's keepers do without

    return attend.outer, attend.Care(**asked)


def _read_all(fd: int) -> bytes:
    parts = []
    while part := os.read(fd, 1 << 20):
        parts.append(part)
    return b"".join(parts)
