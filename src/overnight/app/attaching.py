"""Putting under watch what was started without us: a process, the log that it writes, or a log alone.

Rules:
- Intent before act: the run's directory is durable before the keepers take their places, and gone again if they
  cannot.
- A process is watched once: it is named by its number, its start time and the boot. A log alone is watched once, too.
- The log stays where it is: the run's directory has a link to it.
- Nothing stops the process by itself unless `interrupt` says so.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from overnight.app.checkup.facts import mount_of, mounts
from overnight.app.checkup.home import NETWORK
from overnight.app.checkup.kernel import tells_strangers
from overnight.app.starting import here, watched, watching
from overnight.errors import CannotAttach, OvernightError, Unreadable, UsageError
from overnight.keeper import records
from overnight.keeper.attend import began_at
from overnight.keeper.identity import boot_id, boottime
from overnight.keeper.launch import attend
from overnight.keeper.stranger import Output, Stranger, file_id, look
from overnight.store import files, locks, runs
from overnight.store import home as store
from overnight.store.rundir import RunDir

QUIET_S = 300.0
_LOCK = "attach.lock"


class Attachment(NamedTuple):
    """A run that came to be by attaching. `path`: its directory.

    `no_log`: what its output goes to, where that is no file; `unread`: a second file that its errors go to.
    `past_bytes`: how much of the log is absorbed as the past; `ran_s`: how long the process ran before.
    `code_told`: whether the kernel will tell its exit code. `unwatched`: why no watchman could be started.
    """

    run: str
    path: str
    pid: int | None
    log: str | None
    no_log: str
    unread: str | None
    past_bytes: int
    ran_s: float
    code_told: bool
    interrupt: bool
    relaunch: bool
    quiet_s: float
    told: bool
    unwatched: str | None


def attach(
    pid: int | None = None,
    *,
    log: str | None = None,
    name: str | None = None,
    tags: Sequence[str] = (),
    schedule: Sequence[float] | None = None,
    policy: Mapping[str, Any] | None = None,
    goal: Mapping[str, Any] | None = None,
    expect: Mapping[str, float] | None = None,
    results: str | None = None,
    interrupt: bool = False,
    quiet_s: float = QUIET_S,
) -> Attachment:
    """Watch process `pid`, its log or the one named, or the log alone; returns when that is recorded.

    `interrupt`: the policy may stop the process. `quiet_s`: seconds of silence after which a log without a process
    that said that it is done, counts as over; the rest is as for `launch`.
    Raises CannotAttach, UsageError, HomeUnusable, CannotStart, Unreadable (broken settings).
    """
    if pid is None and log is None:
        raise UsageError("Say what to watch: a process (overnight attach PID), a log (--log FILE), or both.")
    if pid is None and interrupt:
        raise UsageError(
            "Without a process there is nobody to interrupt: name one with --pid, or leave --interrupt."
        )
    stranger = look(pid) if pid is not None else None
    found = _log_of(stranger, log)
    spec: dict[str, Any] = {"argv": [], "cwd": here() if stranger is None else stranger.cwd}
    if stranger is not None:
        spec["argv"] = stranger.argv
    given = {
        "name": name or _own_name(stranger, found),
        "goal": dict(goal) if goal else None,
        "results": results,
    }
    spec |= {field: value for field, value in given.items() if value is not None}
    spec |= {"tags": list(tags), "expect": dict(expect or {})} | watching(schedule, policy, results)
    spec["attached"] = _attached(stranger, found, interrupt, quiet_s)
    home = store.home()
    path = _recorded(home, spec, stranger)
    return _told(path, spec, stranger, found, unwatched=watched(home))


def _told(
    path: str, spec: dict[str, Any], stranger: Stranger | None, found: Output, unwatched: str | None
) -> Attachment:
    attached = spec["attached"]
    others = stranger.outputs if stranger is not None else []
    unread = [
        one.path for one in others if one.fd == 2 and found.fd == 1 and one.path and one.file != found.file
    ]
    return Attachment(
        run=os.path.basename(path),
        path=path,
        pid=attached["pid"],
        log=found.path,
        no_log="" if found.path else found.what,
        unread=unread[0] if unread else None,
        past_bytes=attached["past_bytes"],
        ran_s=attached["after_s"],
        code_told=stranger is not None and tells_strangers(),
        interrupt=attached["interrupt"],
        relaunch=attached["env"] is not None,
        quiet_s=attached["quiet_s"],
        told=attached["told"],
        unwatched=unwatched,
    )


# ---------------------------------------------------------------- what is watched


def _log_of(stranger: Stranger | None, log: str | None) -> Output:
    """The log: the one that was named, else the first file that the process writes to."""
    if log is not None:
        return _named(log)
    outputs = stranger.outputs if stranger is not None else []
    return next((one for one in outputs if one.path), outputs[0])


def _named(log: str) -> Output:
    folder, name = os.path.split(os.path.abspath(os.path.expanduser(log)))
    path = os.path.join(os.path.realpath(folder), name)
    try:
        with open(path, "rb", opener=files.plain) as file:
            found = os.fstat(file.fileno())
    except OSError as error:
        raise CannotAttach(
            f"The log {log!r} cannot be read: {error.strerror}.", code="log_unreadable"
        ) from error
    return Output(0, path, "a file", file_id(found))


def _attached(stranger: Stranger | None, found: Output, interrupt: bool, quiet_s: float) -> dict[str, Any]:
    return {
        "pid": stranger.pid if stranger else None,
        "log": found.path,
        "file": found.file,
        "past_bytes": _size(stranger, found),
        "after_s": max(0.0, boottime() - began_at(stranger.ticks)) if stranger else 0.0,
        "env": stranger.env if stranger else None,
        "interrupt": interrupt,
        "quiet_s": quiet_s,
        "told": found.path is None or not _is_away(found.path),
    }


def _size(stranger: Stranger | None, found: Output) -> int:
    """How much stands in the log; a deleted one is only there behind the process's descriptor."""
    places = [found.path] if found.path else []
    if stranger is not None and found.fd:
        places.insert(0, f"/proc/{stranger.pid}/fd/{found.fd}")
    for place in places:
        try:
            return os.stat(place).st_size
        except OSError:
            continue
    return 0


def _is_away(path: str) -> bool:
    """Whether the log is on a file system over a network, whose changes the kernel here is not told."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            mount = mount_of(path, mounts(file.read()))
    except OSError:
        return False
    return mount is not None and mount.kind in NETWORK


def _own_name(stranger: Stranger | None, found: Output) -> str | None:
    """That of a log, where there is no command line to name it by."""
    return os.path.basename(found.path) if stranger is None and found.path else None


# ---------------------------------------------------------------- once, and recorded


def _recorded(home: str, spec: dict[str, Any], stranger: Stranger | None) -> str:
    """The run's directory, with the keepers in their places; none when they cannot take them."""
    store.prepare(home)
    with _one_at_a_time(home):
        _refuse_twice(home, spec["attached"], stranger)
        path = store.create_run_dir(home, spec)
        try:
            _begin(path, spec["attached"]["log"], stranger)
        except OSError as error:
            store.remove_run_dir(path)
            raise store.unusable(path, error) from error
        except OvernightError:
            store.remove_run_dir(path)
            raise
    return path


def _begin(path: str, log: str | None, stranger: Stranger | None) -> None:
    if log is not None:
        os.symlink(log, os.path.join(path, store.LOG))
    if stranger is not None:
        attend(path, stranger.pid, stranger.ticks, stranger.boot)
        return
    folder = records.open_folder(path)
    try:
        nobody = {"pid": 0, "ticks": 0, "boot_id": boot_id(), "keepers": []}
        records.write_start(folder, {**nobody, **records.now()})
    finally:
        os.close(folder)


@contextmanager
def _one_at_a_time(home: str) -> Iterator[None]:
    try:
        fd = os.open(os.path.join(home, _LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise store.unusable(home, error) from error
    held = fd
    try:
        held = locks.lock(fd, fcntl.LOCK_EX)
        yield
    finally:
        locks.release(fd, held)


def _refuse_twice(home: str, attached: dict[str, Any], stranger: Stranger | None) -> None:
    for run in runs.all_runs(home):
        if run.over:
            continue
        try:
            same = _same_process(run, stranger) if stranger else _same_log(run, attached["log"])
        except Unreadable:
            continue
        if same:
            what = f"Process {stranger.pid}" if stranger else f"The log {attached['log']!r}"
            text = f"{what} is watched already, as run {run.id}: overnight status {run.id}"
            raise CannotAttach(text, code="already_watched")


def _same_process(run: RunDir, stranger: Stranger) -> bool:
    start = run.start()
    mine = (stranger.pid, stranger.ticks, stranger.boot)
    return start is not None and (start.pid, start.ticks, start.boot_id) == mine


def _same_log(run: RunDir, log: str) -> bool:
    attached = run.spec().attached
    return attached is not None and attached.pid is None and attached.log == log
