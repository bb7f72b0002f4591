"""The home: where it lies, how much room is left, and whether files do there what the program relies on.

Rules:
- Locks, events, links and syncs are tried out in a hidden folder of the home, which is removed again. What stands in
  for locks where there are none is `store/locks.py`.
- A file system over a network is told even where all of that works: what other hosts do there is not seen.
"""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator

from inotify_simple import INotify, flags

from overnight.app.checkup.check import Check, bad, fine, warn
from overnight.app.checkup.facts import Mount, System, mount_of, mounts
from overnight.core.humane import duration, size
from overnight.keeper.linux import rename_exclusively

NETWORK = (
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "lustre", "gpfs", "beegfs", "ceph", "afs", "virtiofs", "vboxsf",
    "pvfs2", "orangefs", "glusterfs", "fuse.sshfs", "fuse.ceph", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs",
    "fuse.gcsfuse", "fuse.juicefs", "drvfs",
)  # fmt: skip
_IN_MEMORY = ("tmpfs", "ramfs")
_ELSEWHERE = "export OVERNIGHT_HOME=/var/tmp/overnight-$USER"
_NONE_BYTES, _LITTLE_BYTES = 20 << 20, 1 << 30
_LITTLE_TMP_BYTES = 200 << 20
_FEW_INODES = 10_000
_ROOM_BYTES = 1 << 20
_EVENT_MS = 2000
_SLOW_S = 2.0
_SKEW_S = 2.0


# ---------------------------------------------------------------- pure


def kind(mount: Mount, container: str) -> Check:
    """What the file system of the home means for runs."""
    where = f"{mount.kind} ({mount.source})"
    if mount.kind in NETWORK:
        text = f"on {where}: when the server is slow or away, the watch stands still; other hosts' changes are not seen"
        return warn("file system", text, f"{_ELSEWHERE}   (a disk of this host)")
    if mount.kind in _IN_MEMORY:
        return warn(
            "file system", f"on {mount.kind}, in memory: runs and logs are lost at a reboot", _ELSEWHERE
        )
    if mount.kind == "overlay":
        advice = (
            "docker run -v overnight:/overnight -e OVERNIGHT_HOME=/overnight …" if container else _ELSEWHERE
        )
        lost = "with the container" if container else "with what lies below it"
        return warn("file system", f"on an overlay: runs and logs are lost {lost}", advice)
    return fine("file system", mount.kind)


def room(name: str, place: str, free: int, inodes: int | None, little: int = _LITTLE_BYTES) -> Check:
    """Room for logs and reports. `inodes` None: the file system does not count files."""
    text = f"{size(free)} free"
    if free < _NONE_BYTES and name == "disk":
        return bad(name, f"{text} at {place}: nothing can be recorded", f"du -xh {place} | sort -h | tail")
    if free < little:
        return warn(
            name,
            f"{text} at {place}: a full disk cuts logs and ends runs",
            f"du -xh {place} | sort -h | tail",
        )
    if inodes is not None and inodes < _FEW_INODES:
        text = f"room for only {inodes} more files at {place}: then nothing can be written"
        return warn(name, text, f"du --inodes -x {place} | sort -n | tail")
    return fine(name, text)


def skew(seconds: float) -> Check:
    """How far the clock of the file system is from this host's."""
    if abs(seconds) <= _SKEW_S:
        return fine("file clock", "right")
    text = f"files are {duration(abs(seconds))} {'ahead' if seconds > 0 else 'behind'}: times of other hosts mislead"
    return warn("file clock", text, "sudo timedatectl set-ntp true   (here, or on the file server)")


def privacy(mode: int) -> Iterator[Check]:
    """Whether others may read the home; it was made private if that is possible."""
    if mode & 0o077:
        text = f"others may read it (mode {mode & 0o777:04o}), and the file system keeps it so"
        yield warn("private", text, _ELSEWHERE)


def elsewhere(network: bool, held: bool, pid: int | None, lives_here: bool) -> Iterator[Check]:
    """A watchman that holds the home's lock and is no process of this host."""
    if network and held and not lives_here:
        text = f"another host's watchman (process {pid}) holds this home: runs of this host have nobody to watch them"
        yield warn("other host", text, "export OVERNIGHT_HOME=~/.local/state/overnight-$(hostname)")


# ---------------------------------------------------------------- looking


def mount_here(system: System, place: str) -> Mount:
    """The mount of the home. Raises OSError and ValueError."""
    found = mount_of(os.path.realpath(place), mounts(system.needed("/proc/self/mountinfo")))
    if found is None:
        raise ValueError("no mount holds it")
    return found


def look_at_kind(system: System, place: str, container: str) -> Iterator[Check]:
    """The file system of the home, by its mount."""
    yield kind(mount_here(system, place), container)


def look_at_room(name: str, place: str) -> Iterator[Check]:
    """The room at `place`, as this user may use it."""
    found = os.statvfs(place)
    inodes = found.f_favail if found.f_files else None
    little = _LITTLE_BYTES if name == "disk" else _LITTLE_TMP_BYTES
    yield room(name, place, found.f_bavail * found.f_frsize, inodes, little)


def look_at_lock(system: System, place: str) -> Iterator[Check]:
    """Whether another host has the home."""
    from overnight.keeper.identity import is_held
    from overnight.store.home import WATCH_LOCK
    from overnight.watchman.start import holder, watchman_pid

    network = mount_here(system, place).kind in NETWORK
    found = holder(place)
    held = is_held(os.path.join(place, WATCH_LOCK))
    pid = None if found is None else found.pid
    yield from elsewhere(network, held, pid, watchman_pid(place) is not None)


def look_at_privacy(place: str) -> Iterator[Check]:
    """The mode of the home after it was prepared."""
    yield from privacy(os.stat(place).st_mode)


def try_files(place: str) -> Iterator[Check]:
    """Locks, events, links, room set aside, syncs."""
    with tempfile.TemporaryDirectory(prefix=".doctor-", dir=place) as folder:
        file = os.path.join(folder, "file")
        found = [*_changes(folder, file), *_locks(file), *_links(folder), *_sync(file)]
        yield from found or [fine("files", "locks, events, links and syncs work")]
        yield skew(os.stat(file).st_mtime - time.time())


def _changes(folder: str, file: str) -> Iterator[Check]:
    with INotify() as changes:
        try:
            changes.add_watch(folder, flags.CREATE | flags.CLOSE_WRITE)
        except OSError as error:  # no watches are left
            refused: str | None = error.strerror
        else:
            refused = None
        with open(file, "wb") as written:
            written.write(b"x")
        if refused is not None:
            text = f"changes are not told (inotify: {refused}): runs are only looked at every few seconds"
            yield warn("files", text, "sudo sysctl fs.inotify.max_user_watches=524288")
        elif not changes.read(timeout=_EVENT_MS):
            yield warn("files", "changes are not told here (inotify): the watch sees nothing", _ELSEWHERE)


def _locks(file: str) -> Iterator[Check]:
    first, second = os.open(file, os.O_RDWR), os.open(file, os.O_RDWR)
    try:
        fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    except OSError as error:
        text = f"cannot be locked here (flock: {error.strerror}): no other host may use this home at the same time"
        yield warn("files", text, _ELSEWHERE)
    else:
        yield bad("files", "locks hold nobody off here (flock): two would watch the same runs", _ELSEWHERE)
    finally:
        os.close(first)
        os.close(second)


def _links(folder: str) -> Iterator[Check]:
    """An end is recorded by a hard link, or else by a rename that refuses a taken name."""
    try:
        os.link(os.path.join(folder, "file"), os.path.join(folder, "linked"))
    except OSError:
        pass
    else:
        return
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with open(os.path.join(folder, "other"), "wb"):
            rename_exclusively(fd, "other", "renamed")
    except OSError as error:
        text = f"an end cannot be recorded safely here: neither hard links nor exclusive renames ({error.strerror})"
        yield warn("files", text, _ELSEWHERE)
    finally:
        os.close(fd)


def _sync(file: str) -> Iterator[Check]:
    fd = os.open(file, os.O_RDWR)
    try:
        os.posix_fallocate(fd, 0, _ROOM_BYTES)
        begun = time.monotonic()
        os.fsync(fd)
        took = time.monotonic() - begun
    except OSError as error:
        yield warn(
            "files",
            f"nothing can be written durably here: {error.strerror}",
            f"quota -s; df -h; {_ELSEWHERE}",
        )
    else:
        if took > _SLOW_S:
            yield warn("files", f"a sync takes {took:.1f} s here: every event waits for one", _ELSEWHERE)
    finally:
        os.close(fd)
