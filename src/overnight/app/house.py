"""The house: what may go, and the index anew."""

import os
import time
from typing import NamedTuple

from overnight.app.knowing import is_closed, status_of
from overnight.keeper.liveness import state_of
from overnight.store import home as store
from overnight.store import runs
from overnight.store.rundir import RunDir
from overnight.watchman.start import ensure_if_needed


class Gone(NamedTuple):
    """A run that was removed, or would be; `bytes` on disk."""

    run: str
    name: str
    bytes: int


def prune(older_than_s: float | None = None, keep: int | None = None, dry_run: bool = False) -> list[Gone]:
    """Remove ended runs: those over longer than `older_than_s`, and not among the `keep` newest ended ones.

    What lives, and what the watchman has not closed, is never touched. Raises HomeUnusable.
    """
    place = store.home()
    ended = [run for run in runs.all_runs(place) if _may_go(run)]
    gone = [_gone(run) for run in ended[keep or 0 :] if _old(run, older_than_s)]
    if not dry_run:
        _remove(place, [one.run for one in gone])
    return gone


def _may_go(run: RunDir) -> bool:
    return is_closed(run) and state_of(run.path) in ("ended", "gone")


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
        store.remove_run_dir(os.path.join(store.runs_folder(place), run))
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
