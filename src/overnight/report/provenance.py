"""Where a run came from: code, program, host, and the files it left in its folder.

Rules:
- Looking changes nothing: git is asked without its optional locks, and nothing of the run is executed.
- What cannot be learned is left out; a report never fails for it.
- The commit is the one of the moment the report is written; files changed since are counted beside it.
"""

import hashlib
import os
import platform
import shutil
import subprocess
from pathlib import Path

from overnight import __version__
from overnight.core.model import Spec
from overnight.report.view import Provenance

_GIT_S = 5.0
_MOST_FILES = 8
_HASHED_BYTES = 16_000_000


def provenance(spec: Spec, start_at: float) -> Provenance:
    """What can be learned now; `start_at` is wall seconds."""
    commit, changes = _git(spec.cwd)
    return Provenance(
        host=platform.node(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=f"overnight {__version__}, Python {platform.python_version()}",
        program=_program(spec),
        commit=commit,
        changes=changes,
        artifacts=tuple(_artifacts(Path(spec.cwd), start_at)),
    )


def _program(spec: Spec) -> str:
    path = spec.env.get("PATH", os.environ.get("PATH"))
    found = shutil.which(spec.argv[0], path=path) if spec.argv else None
    return os.path.join(spec.cwd, found) if found else ""


def _git(cwd: str) -> tuple[str, int | None]:
    commit = _ask_git(cwd, "rev-parse", "--short=12", "HEAD").strip()
    if not commit:
        return "", None
    return commit, len(_ask_git(cwd, "status", "--porcelain", "--untracked-files=no").splitlines())


def _ask_git(cwd: str, *words: str) -> str:
    """What git says, or nothing when it is not there, takes too long or this is no repository."""
    environment = os.environ | {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    command = ["git", "-c", "core.fsmonitor=false", "-C", cwd, *words]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_GIT_S, env=environment, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def _artifacts(folder: Path, since: float) -> list[tuple[str, int, str]]:
    """The files right in the folder that were written since the start, the newest first."""
    try:
        files = [
            (entry.stat(), entry) for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False)
        ]
    except OSError:
        return []
    fresh = [(stat.st_mtime, stat.st_size, entry) for stat, entry in files if stat.st_mtime >= since]
    newest = sorted(fresh, key=lambda f: -f[0])[:_MOST_FILES]
    return [(entry.name, size, _digest(Path(entry.path), size)) for _mtime, size, entry in newest]


def _digest(path: Path, size: int) -> str:
    if size > _HASHED_BYTES:
        return ""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    except OSError:
        return ""
