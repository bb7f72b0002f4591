"""Running the user's own command for a question or for the end of a run.

Rules:
- It is nobody's fault but its own: what it does wrong, or not in time, is recorded and disturbs neither run nor watch.
- It gets on its input what a reader would be told, facts in its environment, and `OVERNIGHT_KEY`: when the watchman
  dies while it runs, it is run once more, with the same key.
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
_GRACE_S = 5.0
_MOST_OUTPUT, _MOST_LOG = 1 << 16, 1 << 20
_NOT_OURS = ("OVERNIGHT_TOKEN",)


class Outcome(NamedTuple):
    """How it ended: its exit code, negative for a signal, None when it could not be started; and why it is at fault."""

    code: int | None
    seconds: float
    fault: str


def run(command: str, folder: str, cwd: str, env: Mapping[str, str], told: str, bound_s: float) -> Outcome:
    """Run `command` for the run in `folder`, with `told` on its input, for at most `bound_s` seconds."""
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
    watched = select.poll()  # descriptors of a watchman with many runs are too high for `select`
    for fd in (pidfd, pipe):
        watched.register(fd, select.POLLIN)
    try:
        while True:
            left = deadline - time.monotonic()
            ready = {fd for fd, _ in watched.poll(left * 1000)} if left > 0 else set()
            if pipe in ready:
                piece = os.read(pipe, _MOST_OUTPUT)
                printed = (printed + piece)[:_MOST_OUTPUT]
                if not piece:
                    watched.unregister(pipe)
            elif ready or left <= 0:
                return printed, bool(ready)
    finally:
        os.close(pidfd)


def _ended(process: "subprocess.Popen[bytes]") -> None:
    """TERM, a while, KILL: the whole group, also when only what it started takes no TERM. Nobody has its number before
    it is waited for."""
    pidfd = os.pidfd_open(process.pid)
    try:
        os.killpg(process.pid, signal.SIGTERM)
        watched = select.poll()
        watched.register(pidfd, select.POLLIN)
        watched.poll(_GRACE_S * 1000)
        os.killpg(process.pid, signal.SIGKILL)
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
