"""Where everything is kept, and how a run directory comes to be.

Rules:
- Standard library only and cheap: `overnight run -d` passes here. No pathlib, no dataclasses.
- The home belongs to one user: mode 0700, files 0600, whatever the umask. A home of somebody else is refused, and one
  in which others could write is taken over only when nothing of theirs is in it.
- A run directory appears at once and whole: made under a hidden name, its `spec.json` fsynced, then renamed.
  Whoever watches `runs/` never sees a run without its intent. It goes the same way back: whoever is killed
  while removing it leaves no half run that somebody would watch.
- The watchman's lock is made with the home, with room for what stands in it: a disk that is full later keeps nobody
  from watching.
- An error of the operating system becomes one sentence here: `unusable` is used by all of the store.
"""

import errno
import os
import stat
import time

from overnight.errors import HomeUnusable

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Letters and digits of run ids: none that is taken for another one (i l o 0 1)."""
ID_LENGTH = 4
RUNS = "runs"
SPEC = "spec.json"
LOG = "output.log"
CLOSED = ".closed"
"""In a run's folder: nothing is left to be watched, told or reported."""
WATCH_LOCK = "watchman.lock"
WATCH_LOCK_BYTES = 64
"""Of the line in it: pid, start ticks, version."""

FULL = "disk_full"
"""The code of the error that room may cure."""

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_TRIES_PER_LENGTH = 50


def home() -> str:
    """The home as an absolute path: `$OVERNIGHT_HOME`, else the folder for a user's state (XDG)."""
    wanted = os.environ.get("OVERNIGHT_HOME")
    if wanted:
        return os.path.abspath(os.path.expanduser(wanted))
    state = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(state):  # the XDG specification: a relative path is to be ignored
        state = os.path.expanduser("~/.local/state")
    return os.path.join(state, "overnight")


def runs_folder(home: str) -> str:
    """The folder that holds one folder per run."""
    return os.path.join(home, RUNS)


def prepare(home: str) -> str:
    """Make the home and its `runs` folder if needed, private to this user; returns the `runs` folder.

    Raises HomeUnusable: `home_unwritable`, `disk_full`, `home_foreign`.
    """
    runs = runs_folder(home)
    try:
        for folder in (home, runs):
            make_folders(folder)
            _make_private(folder)
        _make_lock(os.path.join(home, WATCH_LOCK))
    except OSError as error:
        raise unusable(home, error) from error
    return runs


def make_folders(path: str) -> None:
    """Make the folder and those above it that are missing, all private: whoever may write in one of them could put
    another one in our place. Raises OSError."""
    if os.path.isdir(path):
        return
    make_folders(os.path.dirname(path))
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if not os.path.isdir(path):
            raise


def create_run_dir(home: str, spec: "dict[str, object]") -> str:
    """A new run directory (mode 0700) that holds `spec` durably as `spec.json`; returns its absolute path.

    `run` (a new id), `token` (32 hex digits) and `created_at` (seconds since the epoch) are filled in; a
    given `token` or `created_at` stays. Raises HomeUnusable; then nothing is left behind.
    """
    runs = prepare(home)
    whole = {"run": "", "token": os.urandom(16).hex(), "created_at": time.time(), **spec}
    try:
        return _create(runs, whole)
    except OSError as error:
        raise unusable(home, error) from error


def remove_run_dir(run_dir: str) -> None:
    """Remove a run directory: of a command that never started, or what is old. Raises HomeUnusable."""
    runs, run = os.path.split(run_dir)
    hidden = os.path.join(runs, "." + run)
    try:
        os.rename(run_dir, hidden)
        _remove(hidden)
    except OSError as error:
        raise unusable(os.path.dirname(runs), error) from error


def unusable(place: str, error: OSError) -> HomeUnusable:
    """The error of the operating system as one clear sentence about `place`."""
    if error.errno in _NO_ROOM:
        return HomeUnusable(f"The disk of {place!r} is full: free some space, then try again.", code=FULL)
    if error.errno in (errno.EMFILE, errno.ENFILE):
        text = f"{place!r} cannot be used (no more files may be open): close some, or raise the limit (ulimit -n)."
        return HomeUnusable(text, code="too_many_files")
    reason = error.strerror or str(error)
    return HomeUnusable(
        f"{place!r} cannot be used ({reason}): make it writable, or set OVERNIGHT_HOME to another folder.",
        code="home_unwritable",
    )


def _make_private(folder: str) -> None:
    """Close the folder to others, or refuse it: whose it is, whose link leads there, what others have put into it."""
    found = os.lstat(folder)
    if stat.S_ISLNK(found.st_mode):
        if _is_strange(found):
            raise _foreign(f"{folder!r} is a link of another user (uid {found.st_uid})")
        found = os.stat(folder)
    if found.st_uid != os.geteuid():
        raise _foreign(f"{folder!r} belongs to another user (uid {found.st_uid})")
    if found.st_mode & 0o077:
        os.chmod(folder, 0o700)
    if found.st_mode & 0o022 and (planted := _planted(folder)):
        os.chmod(folder, stat.S_IMODE(found.st_mode))  # else the next look would find all in order
        raise _foreign(f"{planted!r} was put there by another user")


def _planted(folder: str) -> str | None:
    """Something in the folder that somebody else has put there."""
    with os.scandir(folder) as entries:
        return next((entry.path for entry in entries if _is_strange(entry.stat(follow_symlinks=False))), None)


def _is_strange(found: os.stat_result) -> bool:
    """Whether it is of neither this user nor root, who needs no tricks."""
    return found.st_uid not in (os.geteuid(), 0)


def _foreign(what: str) -> HomeUnusable:
    return HomeUnusable(f"{what}: set OVERNIGHT_HOME to a folder of your own.", code="home_foreign")


def _make_lock(path: str) -> None:
    if os.path.exists(path):
        return
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(fd, 0, WATCH_LOCK_BYTES)  # and nothing written: somebody may have taken it already
    finally:
        os.close(fd)


def _create(runs: str, spec: "dict[str, object]") -> str:
    for attempt in range(1000):
        run = _new_id(ID_LENGTH + attempt // _TRIES_PER_LENGTH)
        path, hidden = os.path.join(runs, run), os.path.join(runs, "." + run)
        if os.path.exists(path) or not _claim(hidden):
            continue
        try:
            _write_durably(os.path.join(hidden, SPEC), {**spec, "run": run})
            os.rename(hidden, path)
        except BaseException:
            _remove(hidden)
            raise
        _sync_folder(runs)
        return path
    raise FileExistsError(errno.EEXIST, "no free run id was found")


def _claim(path: str) -> bool:
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        return False
    return True


def _new_id(length: int) -> str:
    # 248 is the greatest multiple of the alphabet's 31 below 256: every letter is as likely as the others.
    letters = ""
    while len(letters) < length:
        letters += "".join(ALPHABET[byte % len(ALPHABET)] for byte in os.urandom(length) if byte < 248)
    return letters[:length]


def _write_durably(path: str, fields: "dict[str, object]") -> None:
    import json  # 2 ms that only a start needs

    data = json.dumps(fields).encode()
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        while data:
            data = data[os.write(fd, data) :]
        os.fsync(fd)
    finally:
        os.close(fd)
    _sync_folder(os.path.dirname(path))


def _sync_folder(path: str) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _remove(folder: str) -> None:
    import shutil  # 6 ms that no start needs

    shutil.rmtree(folder)
