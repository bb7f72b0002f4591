"""The environment of a run that an agent starts: the user's, where the agent's own is poor.

In this order: the agent's own, if it is rich; what was captured when the agent was set up; what the login shell makes.
Over it the virtual environment of the project. What the agent's configuration sets by itself always stays.

Rules:
- A run remembers the kind of its environment (`Spec.base`) and not its variables: a relaunch finds it again in the
  same way, with keys that were renewed since, and no file of a run holds a secret that nobody gave it.
- A virtual environment counts only where nobody else could have put it: in the folder or above it, up to the
  repository's root or the home, and of this user or root.
- What cannot be had is a note, and no reason not to start.
"""

import os
import pwd
import re
import shutil
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Literal, NamedTuple

from overnight.core.humane import duration
from overnight.core.surroundings import is_rich, lasting, merged, within
from overnight.errors import OvernightError
from overnight.executors.loginshell import environment_of
from overnight.store import captured, files
from overnight.store.home import home

Source = Literal["own", "captured", "login shell"]

_FOLDERS = (".venv", "venv")
_CONFIG = "pyvenv.cfg"
_VERSION = re.compile(r"(?m)^version(?:_info)?\s*=\s*(\d+\.\d+)")
_NAMED = re.compile(r"python(\d+\.\d+)$")
_MOST_CONFIG = 1 << 16


class Found(NamedTuple):
    """An environment. `python`: what `python` is in it; `venv`: the project's; `notes`: what could not be had.

    `version`: of the Python, as `3.11`; `age_s`: seconds since it was captured; `cwd`: the folder it is for."""

    env: dict[str, str]
    source: Source
    python: str | None
    venv: str | None
    notes: list[str]
    version: str = ""
    age_s: float | None = None
    cwd: str = ""

    def words(self) -> str:
        """One sentence: `python .venv/bin/python 3.11 (project), environment captured 3 days ago`."""
        parts = [self._python(), self._environment(), *self.notes]
        return ", ".join(part for part in parts if part)

    def _python(self) -> str:
        if self.python is None:
            return "no python on its PATH"
        inside = self.python.startswith(self.cwd.rstrip("/") + "/")
        path = os.path.relpath(self.python, self.cwd) if inside else self.python
        project = " (project)" if self.venv and self.python.startswith(self.venv + "/") else ""
        return f"python {path}" + (f" {self.version}" if self.version else "") + project

    def _environment(self) -> str:
        if self.source == "captured" and self.age_s is not None:
            return f"environment captured {duration(self.age_s)} ago"
        return f"environment of the {'agent' if self.source == 'own' else 'login shell'}"


def capture() -> str:
    """Keep this process's environment for runs that agents start; returns the file's path. Raises HomeUnusable."""
    try:
        folder = os.getcwd()
    except FileNotFoundError:
        folder = ""
    kept = captured.Captured(lasting(os.environ), folder, _login_shell(os.environ), time.time())
    return captured.save(home(), kept)


def for_agent(cwd: str, own: Mapping[str, str], source: str | None = None) -> Found:
    """The environment for a run in `cwd` that is started by a process with the environment `own`.

    `source`: the kind that an earlier run had, which is then tried before all others.
    """
    folder = os.path.realpath(cwd)
    notes: list[str] = []
    env, kind, age_s = _base(own, source, notes)
    venv = project_venv(folder, env.get("HOME", ""))
    if venv is not None:
        env = within(env, venv)
    python = shutil.which("python", path=env.get("PATH", "")) or shutil.which(
        "python3", path=env.get("PATH", "")
    )
    return Found(env, kind, python, venv, notes, _version(python, venv), age_s, folder)


# ---------------------------------------------------------------- the base


def _base(
    own: Mapping[str, str], source: str | None, notes: list[str]
) -> tuple[dict[str, str], Source, float | None]:
    if source in (None, "own") and is_rich(own):
        return dict(own), "own", None
    if source != "login shell" and (kept := _captured(notes)) is not None:
        return merged(kept.env, own), "captured", max(0.0, time.time() - kept.at)
    try:
        env = environment_of(_login_shell(own), own)
    except OvernightError as error:
        notes.append(
            f"{str(error).rstrip('.')}: `overnight agent install` in your own shell keeps its environment"
        )
        return dict(own), "own", None
    return merged(lasting(env), own), "login shell", None


def _captured(notes: list[str]) -> captured.Captured | None:
    try:
        return captured.load(home())
    except OvernightError as error:
        notes.append(str(error).rstrip("."))
        return None


def _login_shell(env: Mapping[str, str]) -> str:
    named = env.get("SHELL", "")
    with suppress(KeyError):  # a user id without an account, as containers have
        named = named or pwd.getpwuid(os.geteuid()).pw_shell
    return named


# ---------------------------------------------------------------- the project


def project_venv(folder: str, user_home: str) -> str | None:
    """The nearest virtual environment that belongs to the project in `folder`; None when there is none."""
    for place in _places(folder, user_home):
        for name in _FOLDERS:
            venv = os.path.join(place, name)
            if _is_ours(venv) and _is_ours(os.path.join(venv, "bin")) and _is_python(venv):
                return venv
    return None


def _places(folder: str, user_home: str) -> Iterator[str]:
    """The folder and those above it up to the repository's root or the home; itself alone when it is in neither."""
    above = [folder]
    while (parent := os.path.dirname(above[-1])) != above[-1]:
        above.append(parent)
    wanted = os.path.realpath(user_home) if user_home else None
    for count, place in enumerate(above, 1):
        if place == wanted or os.path.lexists(os.path.join(place, ".git")):
            return iter(above[:count])
    return iter(above[:1])


def _is_ours(folder: str) -> bool:
    """Whether it is a folder in which nobody but this user, root and their groups can put a program."""
    try:
        found = os.stat(folder)
    except OSError:
        return False
    return (
        stat.S_ISDIR(found.st_mode) and found.st_uid in (os.geteuid(), 0) and not found.st_mode & stat.S_IWOTH
    )


def _is_python(venv: str) -> bool:
    return os.path.isfile(os.path.join(venv, _CONFIG)) and os.access(
        os.path.join(venv, "bin", "python"), os.X_OK
    )


def _version(python: str | None, venv: str | None) -> str:
    """What it says without being started: the project's configuration, else the program's name."""
    if python is None:
        return ""
    if venv is not None and python.startswith(venv + "/"):
        with suppress(OSError):
            told = _VERSION.search(
                files.read(os.path.join(venv, _CONFIG), _MOST_CONFIG).decode("utf-8", "replace")
            )
            if told is not None:
                return told[1]
    named = _NAMED.search(os.path.realpath(python))
    return named[1] if named else ""
