"""What is different between a run and an earlier one of the same command. Pure.

Rules:
- The most telling first: what was typed, then the environment, the Python, and the code.
- Compared are the true values, told are those that may be told; a file's content is compared by its digest.
- What is not known of both is not compared, and that is said where it matters.
"""

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from overnight.core import fence
from overnight.core.humane import duration
from overnight.core.model import Amount, Int, Spec, Struct
from overnight.core.tokens import estimate
from overnight.core.veil import Veil

BUDGET_TOKENS = 250
_FILES, _WORDS, _VARIABLES = 6, 12, 8
_WORD, _PATH = 60, 80
_SHORT = 10
"""Digits of a commit."""


class DirtyFile(Struct, frozen=True):
    """A file that is not as committed. `sha`: of its content; None: it is gone, large, or no plain file. `added`,
    `removed`: lines; None where there are none to count."""

    path: str
    tracked: bool = True
    sha: str | None = None
    added: Int | None = None
    removed: Int | None = None


class Code(Struct, frozen=True):
    """`code.json`: what a run was started from, looked at once it ran.

    `at`: when, wall time. `root`: the repository; None: there was none. `unlisted`: uncommitted files beyond those in
    `files`. `python`: the program of its Python, links resolved; `venv`: its virtual or conda environment."""

    at: Amount = 0.0
    root: str | None = None
    commit: str | None = None
    branch: str | None = None
    files: list[DirtyFile] = []
    unlisted: Int = 0
    python: str | None = None
    venv: str | None = None


class FileChange(NamedTuple):
    """How many lines of a file are other ones; None for what has no lines."""

    path: str
    added: int | None
    removed: int | None


class Commits(NamedTuple):
    """How many commits the newer one has on top, the latest `subjects`, and what they come to. A `number` of 0: it is
    on another line of history, or an older one."""

    number: int
    subjects: tuple[str, ...]
    files: tuple[FileChange, ...]


class Variable(NamedTuple):
    """A variable that was added to the environment, as it may be told; None: it was not given."""

    name: str
    old: str | None
    new: str | None


class Changes(NamedTuple):
    """What is different from the run `run`, which began `before_s` earlier. Pairs are (old, new)."""

    run: str
    before_s: float
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    variables: tuple[Variable, ...] = ()
    python: tuple[str, str] | None = None
    venv: tuple[str, str] | None = None
    commit: tuple[str, str] | None = None
    commits: Commits | None = None
    uncommitted: tuple[FileChange, ...] = ()
    new_files: tuple[str, ...] = ()
    code_known: bool = False

    def lines(self, budget_tokens: int = BUDGET_TOKENS) -> list[str]:
        """In words, the most telling first, as many as the budget holds; one line when nothing is different."""
        told = [*self._typed(), *self._surroundings(), *self._code()]
        since = f"{self.run}, the last good run, {duration(self.before_s)} earlier"
        if not told:
            same = "arguments, environment and code" if self.code_known else "arguments and environment"
            unknown = "" if self.code_known else "; the code cannot be compared"
            return [f"nothing, the same {same} (as {since}){unknown}"]
        told[0] = f"{told[0]} (since {since})"
        kept: list[str] = []
        for line in told:
            if estimate("\n".join([*kept, line])) <= budget_tokens:
                kept.append(line)
        return kept

    def _typed(self) -> list[str]:
        if not self.added and not self.removed:
            return []
        new, old = _joined(self.added), _joined(self.removed)
        if new and old:
            return [f"arguments: {new} instead of {old}"]
        return [f"arguments: {new} added" if new else f"arguments: {old} left out"]

    def _surroundings(self) -> list[str]:
        told = [f"variable {_variable(one)}" for one in self.variables[:_VARIABLES]]
        if self.python is not None:
            told.append(f"python: {_path(self.python[1])} instead of {_path(self.python[0])}")
        if self.venv is not None:
            old, new = (_path(one) if one else "none" for one in self.venv)
            told.append(f"virtual environment: {new} instead of {old}")
        return told

    def _code(self) -> list[str]:
        told = []
        if self.uncommitted:
            told.append(f"uncommitted: {_files(self.uncommitted)}")
        if self.commit is not None:
            old, new = (one[:_SHORT] for one in self.commit)
            told.append(f"commit {new} instead of {old}{_commits(self.commits)}")
        if self.new_files:
            shown = ", ".join(_path(path) for path in self.new_files[:_FILES])
            told.append(f"files that git does not know: {shown}{_more(len(self.new_files))}")
        return told


def compare(new: Spec, old: Spec, code: tuple[Code | None, Code | None], commits: Commits | None) -> Changes:
    """What is different in `new` from `old`. `code`: of both, in this order; `commits`: those between them."""
    removed, added = _words(new, old)
    changes = Changes(
        old.run, max(0.0, new.created_at - old.created_at), removed, added, _variables(new, old)
    )
    now, then = code
    if now is None or then is None:
        return changes
    if now.python and then.python:
        changes = changes._replace(
            python=(then.python, now.python) if now.python != then.python else None,
            venv=(then.venv or "", now.venv or "") if now.venv != then.venv else None,
        )
    if now.root is None or now.root != then.root:
        return changes._replace(code_known=now.root is None and then.root is None)
    moved = bool(now.commit and then.commit and now.commit != then.commit)
    return changes._replace(
        commit=(then.commit or "", now.commit or "") if moved else None,
        commits=commits if moved else None,
        uncommitted=tuple(_uncommitted(now, then)),
        new_files=tuple(_unknown(now, then)),
        code_known=True,
    )


def _words(new: Spec, old: Spec) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words that only the old command has, and those that only the new one has; a value brings its flag along."""
    removed: list[str] = []
    added: list[str] = []
    shown_old, shown_new = Veil.of(old).words(old.argv), Veil.of(new).words(new.argv)
    for kind, a, b, c, d in SequenceMatcher(None, old.argv, new.argv, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        before, after = _with_flag(old.argv, a, b), _with_flag(new.argv, c, d)
        removed += shown_old[before:b]
        added += shown_new[after:d]
    return tuple(removed), tuple(added)


def _with_flag(argv: Sequence[str], start: int, end: int) -> int:
    """Where the changed words begin, with the flag that they are the value of."""
    is_value = start < end and start > 0 and not argv[start].startswith("-")
    flag = argv[start - 1] if is_value else ""
    return start - 1 if flag.startswith("-") and "=" not in flag else start


def _variables(new: Spec, old: Spec) -> tuple[Variable, ...]:
    shown_old, shown_new = _shown(old), _shown(new)
    names = [name for name in {**old.env, **new.env} if old.env.get(name) != new.env.get(name)]
    return tuple(Variable(name, shown_old.get(name), shown_new.get(name)) for name in names)


def _shown(spec: Spec) -> Mapping[str, str]:
    shown = Veil.of(spec).variables(spec.env)
    return dict(zip(spec.env, shown.values(), strict=True)) if len(shown) == len(spec.env) else shown


def _uncommitted(now: Code, then: Code) -> list[FileChange]:
    """The files git knows whose uncommitted state is another one."""
    before = {file.path: file for file in then.files if file.tracked}
    found = []
    for file in now.files:
        if file.tracked and (file.path not in before or before.pop(file.path).sha != file.sha):
            found.append(FileChange(file.path, file.added, file.removed))
        before.pop(file.path, None)
    left = [FileChange(path, None, None) for path in before if now.commit == then.commit]
    return found + left


def _unknown(now: Code, then: Code) -> list[str]:
    """The files git does not know that are new or other ones; of folders only that they are new."""
    before = {file.path: file.sha for file in then.files if not file.tracked}
    return [f.path for f in now.files if not f.tracked and (f.path not in before or before[f.path] != f.sha)]


# ---------------------------------------------------------------- words


def _joined(words: Sequence[str]) -> str:
    shown = " ".join(fence.harmless(word, _WORD) or "''" for word in words[:_WORDS])
    return shown + _more(len(words), _WORDS)


def _variable(one: Variable) -> str:
    name = fence.harmless(one.name, _WORD)
    old, new = (None if value is None else fence.harmless(value, _WORD) for value in (one.old, one.new))
    if new is None:
        return f"{name} not set, it was {old}"
    if old == new:
        return f"{name} has another value"
    return f"{name}={new}" + (f" instead of {old}" if old is not None else ", which was not set")


def _path(path: str) -> str:
    return fence.harmless(path, _PATH)


def _files(files: Sequence[FileChange]) -> str:
    shown = []
    for file in files[:_FILES]:
        known = file.added is not None and file.removed is not None
        shown.append(_path(file.path) + (f" +{file.added} -{file.removed}" if known else ""))
    return ", ".join(shown) + _more(len(files))


def _commits(commits: Commits | None) -> str:
    if commits is None:
        return ""
    plural = "s" if commits.number != 1 else ""
    number = f", {commits.number} commit{plural}" if commits.number else ", none on top of it"
    subjects = "; ".join(fence.quoted(subject, _WORD) for subject in commits.subjects)
    changed = f": {_files(commits.files)}" if commits.files else ""
    return number + (f" ({subjects})" if subjects else "") + changed


def _more(count: int, shown: int = _FILES) -> str:
    return f" and {count - shown} more" if count > shown else ""
