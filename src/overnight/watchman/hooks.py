"""Running the user's own command for a question or for the end of a run.

Rules:
- It is nobody's fault but its own: what it does wrong, or not in time, is recorded and disturbs neither run nor watch.
- It gets on its input what a reader would be told, facts in its environment, and `OVERNIGHT_KEY`: after a crash
  between its start and the record it runs once more, with the same key.
- It has a session of its own, the run's folder, and so many seconds; then it is ended with all that it started.
- What it prints is kept in `hooks.log`, the first 64 KiB of each.
- Blocks: call it in a thread.
"""

import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping
from typing import NamedTuple

from overnight.core import hooks
from overnight.store import files

LOG = "hooks.log"
BOUND_S = 600.0
_GRACE_S = 5.0
_MOST_OUTPUT, _MOST_LOG = 1 << 16, 1 << 20
_NOT_OURS = ("OVERNIGHT_TOKEN",)


class Outcome(NamedTuple):
    """How it ended: its exit code, negative for a signal, None when it could not be started; and why it is at fault."""

    code: int | None
    seconds: float
    fault: str


def run(
    command: str, folder: str, cwd: str, env: Mapping[str, str], told: str, bound_s: float = BOUND_S
) -> Outcome:
    """Run `command` for the run in `folder`, with `told` on its input."""
    began = time.monotonic()
    try:
        process = _started(command, cwd, env, told)
    except (OSError, ValueError) as error:
        return Outcome(None, 0.0, f"it could not be started: {error}")
    with process:
        printed, in_time = _followed(process, bound_s)
        if not in_time:
            _ended(process)
    _keep(os.path.join(folder, LOG), command, printed)
    code = process.wait()
    fault = "" if code == 0 else f"it ended with {code}" if in_time else f"it took longer than {bound_s:g} s"
    return Outcome(code, round(time.monotonic() - began, 3), fault)


def _started(command: str, cwd: str, env: Mapping[str, str], told: str) -> "subprocess.Popen[bytes]":
    """Its input is a file in memory: it may read it late, or never."""
    inherited = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
    given = os.memfd_create("overnight-told")
    try:
        os.write(given, told.encode("utf-8", "replace") + b"\n")
        os.lseek(given, 0, os.SEEK_SET)
        return subprocess.Popen(
            hooks.words(command),
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env={**inherited, **env},
            start_new_session=True,
        )
    finally:
        os.close(given)


def _followed(process: "subprocess.Popen[bytes]", bound_s: float) -> tuple[bytes, bool]:
    """What it prints until it ends, and whether it ended in time. A child of it that stays is not waited for."""
    assert process.stdout is not None
    pidfd, pipe = os.pidfd_open(process.pid), process.stdout.fileno()
    os.set_blocking(pipe, False)
    printed, deadline = b"", time.monotonic() + bound_s
    watched = [pidfd, pipe]
    try:
        while True:
            left = deadline - time.monotonic()
            ready = select.select(watched, [], [], left)[0] if left > 0 else []
            if pipe in ready:
                piece = os.read(pipe, _MOST_OUTPUT)
                printed = (printed + piece)[:_MOST_OUTPUT]
                watched = watched if piece else [pidfd]
            elif ready or left <= 0:
                return printed, bool(ready)
    finally:
        os.close(pidfd)


def _ended(process: "subprocess.Popen[bytes]") -> None:
    """TERM, a while, KILL: the whole session."""
    pidfd = os.pidfd_open(process.pid)
    try:
        for number in (signal.SIGTERM, signal.SIGKILL):
            os.killpg(process.pid, number)
            if select.select([pidfd], [], [], _GRACE_S)[0]:
                return
    except ProcessLookupError:
        return
    finally:
        os.close(pidfd)


def _keep(path: str, command: str, printed: bytes) -> None:
    """A disk that takes nothing loses what a hook printed, and nothing else."""
    if files.size(path) > _MOST_LOG:
        return
    try:
        files.append_lines(path, f"$ {command}\n".encode("utf-8", "replace") + printed.rstrip(b"\n") + b"\n")
    except OSError:
        return
