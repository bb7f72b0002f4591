"""What git says of the code in a folder.

Rules:
- Looking changes nothing and runs nothing: no optional locks, no hooks, monitors, filters, pagers, external diffs, no
  fetching, whatever the repository's own configuration says. One of another user git itself refuses.
- What cannot be learned in time, or at all, is None.
"""

import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from typing import NamedTuple

from overnight.core.changes import Commits, DirtyFile, FileChange
from overnight.store import files

BOUND_S = 5.0
_MOST_FILES = 200
_MOST_HASHED = 16 << 20
_SUBJECTS = 3
_HASH_DIGITS = 16
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_QUIET = {
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "core.untrackedCache": "false",
    "diff.relative": "false",
    "log.showSignature": "false",
    "protocol.allow": "never",
    "status.relativePaths": "false",
}
_PLAIN = ("--no-ext-diff", "--no-textconv", "--no-renames", "--ignore-submodules=all")


class Tree(NamedTuple):
    """The state of a repository: `commit` is None before the first one; `files`: what is not committed, and `unlisted`
    how many more."""

    root: str
    commit: str | None
    branch: str | None
    files: list[DirtyFile]
    unlisted: int


def tree(cwd: str) -> Tree | None:
    """The state of the repository that `cwd` is in; None when it is in none."""
    root = (_run(cwd, _QUIET, "rev-parse", "--show-toplevel") or "").removesuffix("\n")
    if not root:
        return None
    quiet = _quiet(cwd)
    words = ("status", "--porcelain=v2", "--branch", "-z", "--no-renames", "--ignore-submodules=all")
    said = _run(cwd, quiet, *words, "--untracked-files=normal")
    if said is None:  # a folder of a million files that nobody committed
        said = _run(cwd, quiet, *words, "--untracked-files=no")
    if said is None:
        return None
    entries = said.split("\0")
    heads = dict(entry[2:].split(" ", 1) for entry in entries if entry.startswith("# branch."))
    commit, branch = heads.get("branch.oid", ""), heads.get("branch.head")
    known = commit if _COMMIT.fullmatch(commit) else None
    dirty = list(_dirty(entries))
    numbers = _run(cwd, quiet, "diff", "--numstat", "-z", *_PLAIN, "HEAD") if known and dirty else None
    sizes = {change.path: change for change in _numbers(numbers)}
    found = [_described(root, path, tracked, sizes.get(path)) for path, tracked in dirty[:_MOST_FILES]]
    return Tree(
        root, known, None if branch == "(detached)" else branch, found, max(0, len(dirty) - _MOST_FILES)
    )


def between(cwd: str, old: str, new: str) -> Commits | None:
    """What the commits from `old` to `new` changed; None when the repository does not know both."""
    if not (_COMMIT.fullmatch(old) and _COMMIT.fullmatch(new)):
        return None
    quiet = _quiet(cwd)
    stat = _run(cwd, quiet, "diff", "--numstat", "-z", *_PLAIN, old, new, "--")
    count = _run(cwd, quiet, "rev-list", "--count", f"{old}..{new}", "--")
    if stat is None or count is None:
        return None
    log = ("log", f"-{_SUBJECTS}", "-z", "--no-color", "--format=%s", f"{old}..{new}", "--")
    subjects = tuple(subject for subject in (_run(cwd, quiet, *log) or "").split("\0") if subject)
    return Commits(int(count), subjects, tuple(_numbers(stat)))


def _dirty(entries: list[str]) -> Iterator[tuple[str, bool]]:
    """The path of each file that is not as committed, and whether git knows it; those it knows come first."""
    fields = {"1": 8, "u": 10}
    for entry in entries:
        if (count := fields.get(entry[:1])) and len(parts := entry.split(" ", count)) > count:
            yield parts[count], True
    yield from ((entry[2:], False) for entry in entries if entry.startswith("? "))


def _described(root: str, path: str, tracked: bool, size: FileChange | None) -> DirtyFile:
    added, removed = (size.added, size.removed) if size else (None, None)
    sha = _hash(os.path.join(root, path))
    return DirtyFile(path=path, tracked=tracked, sha=sha, added=added, removed=removed)


def _hash(path: str) -> str | None:
    """None for what is gone, is no plain file, or is large."""
    try:
        return hashlib.sha256(files.read(path, _MOST_HASHED)).hexdigest()[:_HASH_DIGITS]
    except OSError:
        return None


def _numbers(said: str | None) -> Iterator[FileChange]:
    """Of `--numstat -z`; a binary file has no numbers."""
    for entry in (said or "").split("\0"):
        added, _, rest = entry.partition("\t")
        removed, _, path = rest.partition("\t")
        if path:
            numbers = [int(word) if word.isdecimal() else None for word in (added, removed)]
            yield FileChange(path, numbers[0], numbers[1])


# ---------------------------------------------------------------- asking


def _quiet(cwd: str) -> dict[str, str]:
    """The settings under which git runs no program, be it one that the repository wants run over its files."""
    said = _run(cwd, _QUIET, "config", "--show-scope", "--name-only", "-z", "--get-regexp", r"^filter\..*")
    words = (said or "").split("\0")
    named = zip(words[::2], words[1::2], strict=False)
    return _QUIET | {name: "" for scope, name in named if scope in ("local", "worktree")}


def _run(cwd: str, quiet: dict[str, str], *words: str) -> str | None:
    """What git says; None when it is not there, takes too long or this is no repository."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
    env |= {"GIT_CONFIG_COUNT": str(len(quiet))}
    for place, (name, value) in enumerate(quiet.items()):
        env |= {f"GIT_CONFIG_KEY_{place}": name, f"GIT_CONFIG_VALUE_{place}": value}
    command = ["git", "--no-pager", "--literal-pathspecs", "-C", cwd, *words]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=BOUND_S, env=env, check=False
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return os.fsdecode(done.stdout) if done.returncode == 0 else None
