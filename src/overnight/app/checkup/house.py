"""The program itself: its interpreter, its settings, its known problems, its watchman, what is installed.

Rules: an error that a person can meet is told in its own words; a missing watchman is started, as by any verb.
"""

import importlib.util
import os
import sys
from collections.abc import Iterator

from overnight.app.checkup.check import Check, bad, fine, warn
from overnight.errors import OvernightError, Unreadable
from overnight.store import home as store
from overnight.watchman.start import ensure_if_needed, needs_watching, watchman_pid

_EXTRAS = {
    "altair": ("plots", "pictures in the report", "overnight[report]"),
    "pynvml": ("gpu", "GPU use in the samples", "overnight[gpu]"),
    "hyperscan": ("engine", "large logs at 1 GB/s", "overnight[fast]"),
}


def python() -> Iterator[Check]:
    """The interpreter, with which keepers and watchman are started, too."""
    yield fine("python", f"{'.'.join(map(str, sys.version_info[:3]))} at {sys.executable}")


def home(place: str) -> Iterator[Check]:
    """The home, made if it was not there."""
    try:
        store.prepare(place)
    except OvernightError as error:
        yield bad("home", str(error), "export OVERNIGHT_HOME=…, a folder of your own")
    else:
        yield fine("home", place)


def settings() -> Iterator[Check]:
    """The settings of this user."""
    from overnight import settings

    try:
        settings.load()
    except Unreadable as error:
        yield bad("settings", str(error), f"Correct {settings.path()}.")
    else:
        there = os.path.exists(settings.path())
        yield fine("settings", settings.path() if there else "defaults")


def signatures() -> Iterator[Check]:
    """Each file of known problems of the user's own and of this folder's project."""
    from overnight import catalog

    files = catalog.user_files(os.getcwd())
    if not files:
        yield fine("signatures", f"{len(catalog.load().signatures)} known problems, none of your own")
    for path in files:
        try:
            count = len(catalog.checked(path))
        except Unreadable as error:
            yield warn(
                "signatures", f"{error} Its problems are not looked for.", "Correct the file or remove it."
            )
        else:
            yield fine("signatures", f"{count} in {path}")


def watchman(place: str) -> Iterator[Check]:
    """The home's watchman, started when a run has none."""
    pid = watchman_pid(place)
    if pid is not None:
        yield fine("watchman", f"at work (process {pid})")
    elif not needs_watching(place):
        yield fine("watchman", "at rest: there is nothing to watch")
    else:
        ensure_if_needed(place)
        text = "a run had nobody to watch it; one was started now"
        yield warn("watchman", text, "overnight doctor   (again, to see whether it stays)")


def extras() -> Iterator[Check]:
    """What may be installed in addition."""
    for module, (name, what, extra) in _EXTRAS.items():
        there = importlib.util.find_spec(module) is not None
        yield fine(name, "yes" if there else f"no, for {what}: pip install {extra!r}")
