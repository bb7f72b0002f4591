"""The environment that a user's login shell makes.

Rules:
- The shell is asked as a login and interactive one, since people set variables in either kind of file; what those files
  print stands outside two marks that nobody can guess.
- Bounded in time and bytes, without a terminal and in a session of its own, which is ended whatever the files started.
- Only shells that are known to understand the question are asked.
"""

import os
import secrets
import select
import signal
import subprocess
import time
from collections.abc import Mapping

from overnight.errors import OvernightError

BOUND_S = 10.0
SHELLS = frozenset({"bash", "zsh", "fish", "sh", "dash", "ksh", "mksh"})
_MOST_BYTES = 16 << 20
_PIECE = 1 << 16


class NoAnswerError(OvernightError):
    """The shell is not one that can be asked, or it said nothing in time."""

    code = "no_login_shell"


def environment_of(shell: str, own: Mapping[str, str], bound_s: float = BOUND_S) -> dict[str, str]:
    """The variables of `shell` as a login shell started with `own`. Raises NoAnswerError."""
    if os.path.basename(shell) not in SHELLS:
        raise NoAnswerError(f"The login shell {shell or 'of nobody'!r} is none that can be asked.")
    mark = secrets.token_hex(16)
    question = f"printf %s {mark}; command env -0; printf %s {mark}"
    # TERM: their prompts and titles are for terminals. The folder: what they change to is theirs.
    env = {**own, "TERM": "dumb"}
    try:
        process = subprocess.Popen(
            [shell, "-l", "-i", "-c", question],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=env,
            start_new_session=True,
        )
    except OSError as error:
        raise NoAnswerError(f"The login shell {shell!r} does not start: {error.strerror}.") from error
    try:
        return _variables(_between(process, mark.encode(), bound_s), shell, bound_s)
    finally:
        _end_session(process)


def _between(process: "subprocess.Popen[bytes]", mark: bytes, bound_s: float) -> bytes | None:
    """What stands between the marks; not read to the end, which whatever was started there may hold open."""
    assert process.stdout is not None
    fd = process.stdout.fileno()
    deadline = time.monotonic() + bound_s
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    said = b""
    while said.count(mark) < 2 and len(said) < _MOST_BYTES:
        left_ms = (deadline - time.monotonic()) * 1000
        if left_ms <= 0 or not poller.poll(left_ms):
            return None
        piece = os.read(fd, _PIECE)
        if not piece:
            break
        said += piece
    parts = said.split(mark)
    return parts[1] if len(parts) >= 3 else None


def _variables(said: bytes | None, shell: str, bound_s: float) -> dict[str, str]:
    if not said:
        raise NoAnswerError(f"The login shell {shell!r} did not tell its environment within {bound_s:g} s.")
    pairs = (os.fsdecode(entry).partition("=") for entry in said.split(b"\0") if b"=" in entry)
    return {name: value for name, _equals, value in pairs if name}


def _end_session(process: "subprocess.Popen[bytes]") -> None:
    """End all that is still in the shell's session: an interactive shell gives each job a group of its own.

    The shell itself comes last: until it is waited for, nobody else can bear its number."""
    for pid in _members(process.pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def _members(session: int) -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdecimal() and int(name) != session and os.getsid(int(name)) == session:
                found.append(int(name))
        except (ProcessLookupError, PermissionError):
            continue
    return found
