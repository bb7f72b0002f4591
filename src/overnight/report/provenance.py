"""Where a run came from: code, program, host, and the files it left in its folder.

Rules:
- Looking changes nothing, and nothing of the run is executed.
- What cannot be learned is left out; a report never fails for it.
- The commit is the one that the run was started from, where somebody looked then; else that of the moment the report is
  written. Files changed since are counted beside it.
"""

import hashlib
import os
import platform
import shutil
from pathlib import Path

from overnight import __version__
from overnight.core.changes import Code
from overnight.core.model import Spec
from overnight.readers import git
from overnight.report.view import Provenance

_COMMIT_DIGITS = 12
_MOST_FILES = 8
_HASHED_BYTES = 16_000_000


def provenance(spec: Spec, start_at: float, code: Code | None = None) -> Provenance:
    """What can be learned now; `start_at` is wall seconds, `code` what it was started from."""
    commit, changes = _git(spec.cwd, code if code is not None and code.root is not None else None)
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


def _git(cwd: str, code: Code | None) -> tuple[str, int | None]:
    """The commit, and how many of its files were changed."""
    tree = code or git.tree(cwd)
    if tree is None or tree.commit is None:
        return "", None
    return tree.commit[:_COMMIT_DIGITS], sum(file.tracked for file in tree.files)


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
