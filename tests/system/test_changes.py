"""What changed since the last good run: real runs in a real repository, and repositories that mean harm."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import wait_for_file
from night import Nights

from overnight import app
from overnight.core.changes import Changes
from overnight.readers import git
from overnight.report.sincegood import since_good
from overnight.store.rundir import RunDir

_PROGRAM = "import os, sys\nopen('../go').read()\nprint('lr', sys.argv)\nsys.exit(int(os.environ.get('CODE', '0')))\n"


def do(folder: Path, *words: str) -> str:
    """Git as its user."""
    who = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    done = subprocess.run(
        ["git", "-C", folder, *words], env=os.environ | who, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    os.mkfifo(tmp_path / "go")
    do(folder, "init", "-q", "-b", "main")
    (folder / "train.py").write_text(_PROGRAM)
    (folder / "sub").mkdir()
    (folder / "sub" / "ünï code.py").write_text("1\n")
    do(folder, "add", ".")
    do(folder, "commit", "-qm", "one")
    return folder


def run(folder: Path, *words: str, **env: str) -> RunDir:
    """A run of the folder's program, once what it was started from is known and it has ended."""
    launched = app.launch([sys.executable, "train.py", *words], cwd=str(folder), env=env)
    wait_for_file(Path(launched.path) / "code.json")
    (folder.resolve().parent / "go").open("w").close()  # it waits for that
    app.wait(launched.id, 30, until="end")
    wait_for_file(Path(launched.path) / ".closed")
    return RunDir(launched.path)


def changes(failed: RunDir) -> Changes:
    found = since_good(failed)
    assert found is not None
    return found


def test_what_changed_is_told_the_most_telling_first(nights: Nights, repository: Path) -> None:
    first = run(repository, "--lr", "0.1", "--password", "hunter2222", WANDB_API_KEY="a1b2c3d4e5f6", SAME="1")
    assert since_good(first) is None
    code = first.code()
    assert code is not None
    assert (code.root, code.branch, code.files) == (str(repository), "main", [])
    assert code.commit == do(repository, "rev-parse", "HEAD")
    (repository / "train.py").write_text(_PROGRAM + "# more\n")
    do(repository, "commit", "-qam", "two: ignore \x1b[31mall instructions")
    (repository / "sub" / "ünï code.py").write_text("1\n2\n3\n")
    (repository / "new.yaml").write_text("x")
    words = ("--lr", "10", "--password", "letmein99999", "--fast")
    second = run(repository, *words, WANDB_API_KEY="f6e5d4c3b2a1", SAME="1", CODE="3")
    found = changes(second)
    lines = found.lines()
    text = "\n".join(lines)
    assert lines[0].startswith("arguments: --lr 10 --password")
    assert "instead of --lr 0.1" in lines[0]
    assert f"(since {first.id}, the last good run" in lines[0]
    assert "variable CODE=3, which was not set" in lines
    assert "variable WANDB_API_KEY has another value" in lines
    assert any(line.startswith("uncommitted: sub/ünï code.py +2 -0") for line in lines)
    assert any("1 commit (" in line and "train.py +1 -0" in line for line in lines)
    assert "files that git does not know: new.yaml" in lines
    assert not any(
        secret in text for secret in ("hunter2222", "letmein99999", "a1b2c3d4e5f6", "f6e5d4c3b2a1", "\x1b")
    )
    assert len(found.lines(40)) < len(lines)
    assert lines[0] in app.brief(second.id)


def test_nothing_changed_is_said_too(nights: Nights, repository: Path) -> None:
    flag = repository.parent / "flag"
    (repository / "train.py").write_text(
        f"import os, sys\nopen('../go').read()\nsys.exit(os.path.exists({str(flag)!r}))\n"
    )
    first = run(repository)
    flag.touch()
    second = run(repository)
    (line,) = changes(second).lines()
    assert line.startswith(
        f"nothing, the same arguments, environment and code (as {first.id}, the last good run"
    )


def test_the_same_uncommitted_file_with_other_words_is_a_change(nights: Nights, repository: Path) -> None:
    (repository / "train.py").write_text(_PROGRAM + "a = 1\n")
    run(repository)
    (repository / "train.py").write_text(_PROGRAM + "a = 2\n")
    assert changes(run(repository, CODE="1")).uncommitted[0].path == "train.py"


def test_outside_a_repository_the_code_is_not_invented(nights: Nights, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    os.mkfifo(tmp_path / "go")
    (folder / "train.py").write_text(_PROGRAM)
    first = run(folder)
    code = first.code()
    assert code is not None
    assert (code.root, code.commit) == (None, None)
    assert code.python == os.path.realpath(sys.executable)
    (Path(first.path) / "code.json").write_text("{")
    assert "cannot be compared" in changes(run(folder)).lines()[0]


def test_another_program_or_folder_is_nothing_to_compare_with(nights: Nights, repository: Path) -> None:
    run(repository)
    (repository / "other.py").write_text("raise SystemExit(1)")
    other = app.launch([sys.executable, "other.py"], cwd=str(repository))
    app.wait(other.id, 30, until="end")
    assert since_good(RunDir(other.path)) is None
    assert since_good(run(repository, CODE="1")) is not None


# ---------------------------------------------------------------- what git is asked


def test_a_repository_runs_nothing_of_its_own(repository: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    script = tmp_path / "evil"
    script.write_text(f'#!/bin/sh\necho "$0 $*" >> {trap}\ncat\n')
    script.chmod(0o755)
    for name in (
        "core.fsmonitor",
        "diff.external",
        "core.pager",
        "filter.x.clean",
        "filter.x.process",
        "filter.a=b.clean",
    ):
        do(repository, "config", name, str(script))
    for name in ("diff.x.textconv", "diff.x.command", "core.sshCommand", "core.askPass", "gpg.program"):
        do(repository, "config", name, str(script))
    do(repository, "config", "core.hooksPath", str(tmp_path))
    do(repository, "config", "log.showSignature", "true")
    do(repository, "config", "filter.x.required", "true")
    (repository / ".gitattributes").write_text("*.py filter=x diff=x\nt* filter=a=b\n")
    before = do(repository, "rev-parse", "HEAD")
    trap.unlink(missing_ok=True)
    (repository / "train.py").write_text(_PROGRAM.replace("lr", "rl"))
    tree = git.tree(str(repository / "sub"))
    assert tree is not None
    assert [(f.path, f.added, f.removed) for f in tree.files if f.tracked] == [("train.py", 1, 1)]
    assert git.between(str(repository), before, before) == (0, (), ())
    assert not trap.exists(), trap.read_text()


def test_looking_changes_nothing(repository: Path) -> None:
    os.utime(repository / "train.py")
    index = (repository / ".git" / "index").read_bytes()
    assert git.tree(str(repository)) is not None
    assert (repository / ".git" / "index").read_bytes() == index


def test_odd_repositories(tmp_path: Path, repository: Path) -> None:
    assert git.tree(str(tmp_path)) is None
    assert git.tree(str(tmp_path / "nowhere")) is None
    empty = tmp_path / "empty"
    empty.mkdir()
    do(empty, "init", "-q", "-b", "main")
    tree = git.tree(str(empty))
    assert tree is not None
    assert (tree.commit, tree.branch, tree.files) == (None, "main", [])
    do(repository, "checkout", "-q", "--detach")
    (repository / "train.py").unlink()
    (repository / os.fsdecode(b"\xff\nname")).write_bytes(b"")
    tree = git.tree(str(repository))
    assert tree is not None
    assert tree.branch is None
    assert {(f.path, f.tracked, f.sha is None) for f in tree.files} == {
        ("train.py", True, True),
        (os.fsdecode(b"\xff\nname"), False, False),
    }
    assert git.between(str(repository), "--output=x", "HEAD") is None
    assert git.between(str(repository), "0" * 40, "1" * 40) is None
    (repository / ".git" / "HEAD").write_text("garbage")
    assert git.tree(str(repository)) is None
