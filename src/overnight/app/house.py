"""The house: is everything in order here, what may go, and the index anew."""

import importlib.util
import os
import shutil
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

from overnight.app.knowing import status_of
from overnight.errors import OvernightError, Unreadable
from overnight.keeper.liveness import state_of
from overnight.store import home as store
from overnight.store import runs
from overnight.store.rundir import RunDir
from overnight.watchman.start import CLOSED, ensure_if_needed, needs_watching, watchman_pid

_LITTLE_BYTES = 200 << 20
_EXTRAS = {
    "altair": ("plots", "pictures in the report", "overnight[report]"),
    "pynvml": ("gpu", "GPU use in the samples", "overnight[gpu]"),
    "hyperscan": ("engine", "large logs at 1 GB/s", "overnight[fast]"),
}


class Check(NamedTuple):
    """One thing that was looked at. `advice`: what to do when it is not `ok`."""

    name: str
    ok: bool
    text: str
    advice: str = ""


class Gone(NamedTuple):
    """A run that was removed, or would be; `bytes` on disk."""

    run: str
    name: str
    bytes: int


# ---------------------------------------------------------------- doctor


def doctor() -> list[Check]:
    """Everything that has to be right here for a night to go well."""
    place = store.home()
    return [_python(), *_home(place), _settings(), *_signatures(), _watchman(place), *_kernel(), *_extras()]


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check(
        "python", sys.version_info >= (3, 11), f"{version} at {sys.executable}", "Use Python 3.11 or newer."
    )


def _home(place: str) -> Iterator[Check]:
    try:
        store.prepare(place)
    except OvernightError as error:
        yield Check("home", False, str(error), "Set OVERNIGHT_HOME to a folder of your own.")
        return
    yield Check("home", True, place)
    free = shutil.disk_usage(place).free
    text = f"{free / 1e9:.1f} GB free"
    yield Check("disk", free > _LITTLE_BYTES, text, "Free some space: logs and reports go there.")


def _settings() -> Check:
    from overnight import settings

    try:
        settings.load()
    except Unreadable as error:
        return Check("settings", False, str(error), f"Correct {settings.path()}.")
    there = os.path.exists(settings.path())
    return Check("settings", True, settings.path() if there else f"defaults ({settings.path()} is not there)")


def _signatures() -> Iterator[Check]:
    """Each file of known problems of the user's own and of this folder's project."""
    from overnight import catalog

    files = catalog.user_files(os.getcwd())
    if not files:
        ours = len(catalog.load().signatures)
        text = f"{ours} known problems; none of your own in {catalog.user_folder()}"
        yield Check("signatures", True, text)
    for path in files:
        try:
            count = len(catalog.checked(path))
        except Unreadable as error:
            yield Check("signatures", False, str(error), "Correct the file or remove it.")
        else:
            yield Check("signatures", True, f"{count} in {path}")


def _watchman(place: str) -> Check:
    pid = watchman_pid(place)
    if pid is not None:
        return Check("watchman", True, f"at work (process {pid})")
    if not needs_watching(place):
        return Check("watchman", True, "at rest: there is nothing to watch")
    ensure_if_needed(place)
    return Check(
        "watchman", False, "a run had nobody to watch it; it was started now", "Run `overnight doctor` again."
    )


def _kernel() -> Iterator[Check]:
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError) as error:
        yield Check("pidfd", False, f"not available: {error}", "Linux 5.3 or newer is needed.")
    else:
        yield Check("pidfd", True, f"Linux {os.uname().release}")
    with open("/proc/sys/fs/inotify/max_user_watches", encoding="ascii") as file:
        most = int(file.read())
    advice = "Raise fs.inotify.max_user_watches (sysctl)."
    yield Check("inotify", most >= 1024, f"{most} watches", advice)


def _extras() -> Iterator[Check]:
    for module, (name, what, extra) in _EXTRAS.items():
        there = importlib.util.find_spec(module) is not None
        yield Check(name, True, f"{what}: {'yes' if there else f'no (pip install {extra!r} adds it)'}")


# ---------------------------------------------------------------- prune and rebuild


def prune(older_than_s: float | None = None, keep: int | None = None, dry_run: bool = False) -> list[Gone]:
    """Remove ended runs: those over longer than `older_than_s`, and not among the `keep` newest ended ones.

    What lives, and what the watchman has not closed, is never touched. Raises HomeUnusable.
    """
    place = store.home()
    ended = [run for run in runs.all_runs(place) if _is_closed(run)]
    gone = [_gone(run) for run in ended[keep or 0 :] if _old(run, older_than_s)]
    if not dry_run:
        _remove(place, [one.run for one in gone])
    return gone


def _is_closed(run: RunDir) -> bool:
    return os.path.exists(run.file(CLOSED)) and state_of(run.path) in ("ended", "gone")


def _old(run: RunDir, older_than_s: float | None) -> bool:
    if older_than_s is None:
        return True
    exit_ = run.exit()
    return exit_ is not None and time.time() - exit_.at > older_than_s


def _gone(run: RunDir) -> Gone:
    total = sum(
        entry.stat().st_size for entry in os.scandir(run.path) if entry.is_file(follow_symlinks=False)
    )
    return Gone(run.id, status_of(run).name, total)


def _remove(place: str, ids: list[str]) -> None:
    from overnight.store.index import Index

    if not ids:
        return
    index = Index(place)
    for run in ids:
        try:
            shutil.rmtree(os.path.join(store.runs_folder(place), run))
        except OSError as error:
            raise store.unusable(place, error) from error
        index.drop_run(run)


def rebuild() -> int:
    """Make the index anew from the run directories; how many runs it holds. Raises HomeUnusable."""
    from overnight import settings
    from overnight.notify.channels import addresses
    from overnight.store.rebuild import rebuild as make_anew

    place = store.home()
    done = make_anew(place, addresses(settings.load(), place), time.time())
    ensure_if_needed(place)
    return done.runs
