"""The environment that a user had when agents were set up, kept for the runs that agents start.

Rules: a private file of the home, since it holds the user's keys; it is replaced whole; what is damaged raises
Unreadable.
"""

import contextlib
import json
import os
from collections.abc import Mapping
from typing import NamedTuple

from overnight.errors import Unreadable
from overnight.store import files
from overnight.store.home import prepare, unusable

FILE = "agent-environment.json"


class Captured(NamedTuple):
    """`env`: the variables; `cwd`, `shell`: where and in which login shell; `at`: when, seconds since the epoch."""

    env: dict[str, str]
    cwd: str
    shell: str
    at: float


def save(home: str, captured: Captured) -> str:
    """Keep it, in place of an older one; returns the path. Raises HomeUnusable."""
    prepare(home)
    path = os.path.join(home, FILE)
    try:
        files.replace(path, json.dumps(captured._asdict()).encode())  # escapes what is no UTF-8
    except OSError as error:
        raise unusable(home, error) from error
    return path


def load(home: str) -> Captured | None:
    """What was kept; None when nothing was. Raises Unreadable."""
    path = os.path.join(home, FILE)
    try:
        found = json.loads(files.read(path))
        return Captured(_plain(found["env"]), str(found["cwd"]), str(found["shell"]), float(found["at"]))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(f"{path} is damaged: `overnight agent install` writes it anew.") from error


def remove(home: str) -> None:
    """Forget it."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(home, FILE))


def _plain(env: Mapping[object, object]) -> dict[str, str]:
    """ValueError for what no process could be started with."""
    plain = {}
    for name, value in env.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise ValueError(f"{name!r} is no variable")
        if not name or "=" in name or "\0" in name + value:
            raise ValueError(f"{name!r} is no variable")
        os.fsencode(name + value)
        plain[name] = value
    return plain
