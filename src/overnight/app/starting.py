"""Starting a command under watch.

Rules:
- The detached start is measured: this module imports nothing but the keeper's and the store's light halves.
  The settings and the checks of a policy are imported when there are any.
- Intent before act: the run's directory is durable before its command starts, and gone again if it cannot
  start.
- The watchman comes last: the command runs whether or not there is one.
"""

from __future__ import annotations

import os

from overnight.errors import CannotStart, OvernightError, UsageError
from overnight.keeper.launch import launch as keep
from overnight.store import home as store
from overnight.watchman.start import ensure

TYPE_CHECKING = False  # `typing` costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


_MOST_DIGITS = 12
"""Of a time in seconds since the epoch, until the year 33658."""


class Launched:
    """A run that was started: its `id` and its directory, `path`. `unwatched`: why no watchman could be
    started."""

    __slots__ = ("id", "path", "unwatched")

    def __init__(self, path: str, unwatched: str | None = None) -> None:
        self.path = path
        self.id = os.path.basename(path)
        self.unwatched = unwatched


def launch(
    argv: Sequence[str],
    *,
    name: str | None = None,
    tags: Sequence[str] = (),
    cwd: str | None = None,
    env: Mapping[str, str] | None = None,
    base: tuple[str, Mapping[str, str]] | None = None,
    schedule: Sequence[float] | None = None,
    policy: Mapping[str, Any] | None = None,
    goal: Mapping[str, Any] | None = None,
    expect: Mapping[str, float] | None = None,
    pty: bool = False,
    results: str | None = None,
    hooks: Mapping[str, str] | None = None,
    replaces: str | None = None,
    changed: Sequence[str] = (),
) -> Launched:
    """Start `argv` and its watch; returns after exec.

    `env`: additions to this process's environment, or to that of `base`: its kind, which is remembered so that a
    relaunch finds it again, and its variables, which are not (see `app.environment`).
    `schedule`: seconds, see `core.cadence`. `policy`: the fields of `core.model.Policy` that differ from the
    settings. `goal`: `direction` and `metric`. `hooks`: commands for `attention` and `end`. What is None comes from the
    settings. Raises CannotStart, HomeUnusable, UsageError, Unreadable (broken settings).
    """
    if not argv or not argv[0].strip():
        raise CannotStart("There is no command to run: put one after `--`.", code="empty_command")
    folder = os.path.abspath(cwd or here())
    spec: dict[str, Any] = {"argv": list(argv), "cwd": folder, "env": dict(env or {}), "pty": pty}
    given = {"name": name, "goal": dict(goal) if goal else None, "results": results, "replaces": replaces}
    given |= {"base": base[0] if base else None}
    spec |= {field: value for field, value in given.items() if value is not None}
    spec |= {"tags": list(tags), "expect": {**_walltime(), **(expect or {})}, "changed": list(changed)}
    spec |= watching(schedule, policy, results, hooks)
    home = store.home()
    path = store.create_run_dir(home, spec)
    try:
        keep(path, spec["argv"], folder, {**(base[1] if base else os.environ), **spec["env"]}, pty=pty)
    except OvernightError:
        store.remove_run_dir(path)
        raise
    return Launched(path, watched(home))


def watched(home: str) -> str | None:
    """The command runs: a watchman that cannot be started is said, and is no reason to fail."""
    try:
        ensure(home)
    except OvernightError as error:
        return str(error)
    return None


def here() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError as error:
        raise CannotStart("The current folder is gone: name one with --cwd.", code="bad_cwd") from error


def watching(
    schedule: Sequence[float] | None,
    policy: Mapping[str, Any] | None,
    results: str | None,
    hooks: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """How to watch: what was given, over what the settings say; nothing where the defaults do."""
    found = _from_settings() if os.path.exists(_settings_path()) else {}
    if schedule is not None:
        found["schedule"] = list(schedule)
    if policy:
        found["policy"] = {**found.get("policy", {}), **policy}
    if results is not None:
        found["results"] = results
    if hooks:
        found["hooks"] = {**found.get("hooks", {}), **hooks}
    if schedule is not None or policy or hooks:
        _check(found)
    return found


def _check(found: dict[str, Any]) -> None:
    import msgspec

    from overnight.core import cadence, hooks
    from overnight.core.model import Policy

    try:
        hooks.check(found.get("hooks", {}))
        cadence.check(tuple(found.get("schedule", cadence.DEFAULT)))
        msgspec.convert(found.get("policy", {}), Policy, strict=False)
    except (ValueError, msgspec.ValidationError) as error:
        raise UsageError(f"The watch cannot be kept like that: {error}.") from error


def _from_settings() -> dict[str, Any]:
    import msgspec

    from overnight import settings

    loaded = settings.load()
    found: dict[str, Any] = {"schedule": list(loaded.schedule), "policy": msgspec.to_builtins(loaded.policy)}
    hooks = {"attention": loaded.on_attention, "end": loaded.on_end}
    found["hooks"] = {of: command for of, command in hooks.items() if command}
    return found | ({"results": loaded.results} if loaded.results else {})


def _settings_path() -> str:
    """Where settings would be, as `overnight.settings.path` says it, without that module's imports."""
    wanted = os.environ.get("OVERNIGHT_CONFIG")
    if wanted:
        return os.path.abspath(os.path.expanduser(wanted))
    folder = os.environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(folder):
        folder = os.path.expanduser("~/.config")
    return os.path.join(folder, "overnight", "config.toml")


def _walltime() -> dict[str, float]:
    """Seconds until the scheduler that we run under ends us, where it says so."""
    import time

    end = os.environ.get("SLURM_JOB_END_TIME", "")[:_MOST_DIGITS]
    left = int(end) - time.time() if end.isdecimal() else 0.0
    return {"walltime": left} if left > 0 else {}
