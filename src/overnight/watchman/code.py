"""What a run was started from: looked at once it runs, so that its start waits for nothing.

Rules:
- Recorded is what was seen, or nothing: of a command that is over its environment is not known any more.
- Looking is bounded and fails silently: a slow disk, a hung mount or a damaged repository are no matter of the run's.
"""

import os
import shutil
import threading
import time

from overnight.core.changes import Code
from overnight.core.model import Spec, Start
from overnight.errors import OvernightError
from overnight.keeper.identity import read_stat
from overnight.readers import git
from overnight.store import files
from overnight.store.rundir import RunDir

BOUND_S = 30.0
_PLACES = threading.BoundedSemaphore(2)
"""A thousand runs that start at once do not start a thousand gits."""


def note(run_dir: RunDir, spec: Spec, start: Start) -> None:
    """Write `code.json`, unless there is nothing to write. Blocks."""
    python, venv = _python(spec, _environment(start))  # at once: the command may be a short one
    if not _PLACES.acquire(timeout=BOUND_S):
        return
    try:
        tree = git.tree(spec.cwd)
    finally:
        _PLACES.release()
    if tree is None and python is None:
        return
    code = Code(at=round(time.time(), 3), python=python, venv=venv)
    if tree is not None:
        root, commit, branch, dirty, unlisted = tree
        code = Code(
            at=code.at,
            root=root,
            commit=commit,
            branch=branch,
            files=dirty,
            unlisted=unlisted,
            python=python,
            venv=venv,
        )
    try:
        run_dir.write_code(code)
    except OvernightError:
        return


def _environment(start: Start) -> dict[str, str]:
    """What the command was started with; nothing when it is over."""
    try:
        with open(f"/proc/{start.pid}/environ", "rb") as file:
            said = file.read(files.MOST_BYTES)
    except OSError:
        return {}
    stat = read_stat(start.pid)
    if stat is None or stat.ticks != start.ticks:
        return {}
    pairs = (os.fsdecode(entry).partition("=") for entry in said.split(b"\0"))
    return {name: value for name, _equals, value in pairs if name}


def _python(spec: Spec, env: dict[str, str]) -> tuple[str | None, str | None]:
    """The program of its Python, and the virtual or conda environment that this is of."""
    if not env:
        return None, None
    word = spec.argv[0] if os.path.basename(spec.argv[0]).startswith("python") else "python"
    found = shutil.which(word, path=env.get("PATH", os.defpath))
    if found is None:
        return None, None
    path = os.path.abspath(os.path.join(spec.cwd, found))
    folder = os.path.dirname(os.path.dirname(path))
    is_venv = os.path.exists(os.path.join(folder, "pyvenv.cfg"))
    return os.path.realpath(path), folder if is_venv else env.get("VIRTUAL_ENV") or env.get(
        "CONDA_PREFIX"
    ) or None
