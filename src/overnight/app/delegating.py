"""Starting a command on behalf of an agent.

Rules:
- The same command in the same folder that is running already is said, and not started again unless asked for: agents
  that lost their memory start things twice.
"""

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from overnight.app.environment import for_agent
from overnight.app.knowing import status_of
from overnight.app.starting import here, launch
from overnight.core.humane import duration
from overnight.errors import CannotStart, OvernightError, Unreadable
from overnight.store import files, runs
from overnight.store.home import home, prepare, unusable
from overnight.store.rundir import RunDir

_NOW = float("inf")
_KEY, _TOKEN, _KEY_BYTES = "agents.key", "agents.token", 32


class Begun(NamedTuple):
    """A run that was started for an agent. `remarks`: what it should know of how."""

    run: str
    remarks: list[str]


def start_for_agent(
    argv: Sequence[str],
    *,
    cwd: str | None,
    name: str | None,
    env: Mapping[str, str],
    agent: str,
    again: bool,
) -> Begun:
    """Start `argv` in `cwd`. Raises OvernightError (`already_running`), CannotStart, HomeUnusable, UsageError."""
    folder = os.path.realpath(os.path.expanduser(cwd)) if cwd else here()
    if not os.path.isdir(folder):
        raise CannotStart(f"There is no folder {folder!r}: name one with cwd.", code="bad_cwd")
    if not again:
        _refuse_second(list(argv), folder)
    found = for_agent(folder, os.environ)
    launched = launch(argv, name=name, cwd=folder, env=env, base=(found.source, found.env))
    remarks = [f"nobody watches it: {launched.unwatched}"] if launched.unwatched else []
    return Begun(launched.id, [*remarks, found.words()])


class Token(NamedTuple):
    """What a caller over HTTP has to know, and the private file in which it stands."""

    text: str
    path: str


def access_token() -> Token:
    """The home's token for HTTP, made when it is first asked for. Raises HomeUnusable."""
    path = os.path.join(home(), _TOKEN)
    return Token(
        _secret(path, os.urandom(_KEY_BYTES).hex().encode()).decode("ascii", "replace").strip(), path
    )


def signing_key() -> bytes:
    """The home's own secret, made when it is first asked for. Raises HomeUnusable."""
    return _secret(os.path.join(home(), _KEY), os.urandom(_KEY_BYTES))


def _secret(path: str, fresh: bytes) -> bytes:
    place = os.path.dirname(path)
    prepare(place)
    try:
        files.publish(path, fresh)
        return files.read(path)
    except OSError as error:
        raise unusable(place, error) from error


def _refuse_second(argv: list[str], folder: str) -> None:
    for run in runs.current(home(), _NOW):
        if not run.over and _is_same(run, argv, folder):
            since = duration(status_of(run).elapsed_s)
            text = (
                f"The same command runs in that folder already, as {run.id} for {since}: watch it with "
                f"command_status({run.id}), or give again=true to start a second one."
            )
            raise OvernightError(text, code="already_running")


def _is_same(run: RunDir, argv: list[str], folder: str) -> bool:
    try:
        spec = run.spec()
    except Unreadable:
        return False
    return spec.argv == argv and os.path.realpath(spec.cwd) == folder
