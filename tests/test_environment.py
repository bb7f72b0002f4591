"""The environment of a run that an agent starts: real shells, real virtual environments, real files."""

import json
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from overnight.app import environment
from overnight.core import surroundings
from overnight.errors import Unreadable
from overnight.executors import loginshell
from overnight.store import captured

SHELLS = [path for name in ("bash", "zsh", "fish", "dash") if (path := shutil.which(name))]
_RC = {"bash": ".bash_profile", "zsh": ".zshrc", "fish": ".config/fish/config.fish", "dash": ".profile"}


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder with a home of ours."""
    folder = tmp_path / "user"
    folder.mkdir()
    monkeypatch.setenv("OVERNIGHT_HOME", str(tmp_path / "home"))
    return folder


def poor(user: Path, shell: str = "/bin/false", **more: str) -> dict[str, str]:
    """What clients give to the servers they start."""
    return {
        "HOME": str(user),
        "PATH": "/usr/bin:/bin",
        "SHELL": shell,
        "TERM": "xterm",
        "LC_ALL": "C",
        **more,
    }


def make_venv(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder


def write_rc(user: Path, shell: str, bash: str) -> None:
    place = user / _RC[Path(shell).name]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(bash)


# ---------------------------------------------------------------- capturing


def test_a_captured_environment_comes_back_without_the_session(
    user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "WANDB_API_KEY": "k" * 40,
        "ODD": os.fsdecode(b"\xff\n="),
        "TMUX_PANE": "%1",
        "SSH_CONNECTION": "1",
        "CLAUDECODE": "1",
        "OVERNIGHT_TOKEN": "t",
        "OVERNIGHT_RUN": "r",
        "SLURM_JOB_ID": "7",
        "PATH": "/opt/cuda/bin:/usr/bin",
    }.items():
        monkeypatch.setenv(name, value)
    path = Path(environment.capture())
    assert path.name == captured.FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = environment.for_agent(str(user), poor(user))
    assert found.source == "captured"
    assert found.env["WANDB_API_KEY"] == "k" * 40
    assert found.env["ODD"] == os.fsdecode(b"\xff\n=")
    assert found.env["PATH"] == "/opt/cuda/bin:/usr/bin:/bin"
    left_out = {
        "TMUX_PANE",
        "SSH_CONNECTION",
        "CLAUDECODE",
        "OVERNIGHT_TOKEN",
        "OVERNIGHT_RUN",
        "SLURM_JOB_ID",
    }
    assert not left_out & set(found.env)
    assert "environment captured 0 s ago" in found.words()


def test_what_the_agents_configuration_sets_stays(user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    environment.capture()
    found = environment.for_agent(str(user), poor(user, CUDA_VISIBLE_DEVICES="1", OVERNIGHT_HOME="/h"))
    assert found.source == "captured"
    assert found.env["CUDA_VISIBLE_DEVICES"] == "1"
    assert found.env["OVERNIGHT_HOME"] == "/h"


def test_a_rich_environment_is_the_runs_own(user: Path) -> None:
    environment.capture()
    own = poor(user, CONDA_PREFIX="/c", EDITOR="vi", CUDA_HOME="/cuda", PYENV_ROOT="/p")
    found = environment.for_agent(str(user), own)
    assert (found.source, found.env) == ("own", own)
    again = environment.for_agent(str(user), own, "captured")
    assert again.source == "captured"


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"env": 1}', '{"env": {"A=B": ""}, "cwd": "", "shell": "", "at": 0}', "[" * 99999],
)
def test_a_damaged_capture_is_a_note(user: Path, tmp_path: Path, text: str) -> None:
    path = Path(environment.capture())
    path.write_text(text)
    with pytest.raises(Unreadable):
        captured.load(str(tmp_path / "home"))
    found = environment.for_agent(str(user), poor(user))
    assert found.source == "own"
    assert "is damaged" in found.words()


def test_a_capture_that_is_a_link_is_not_followed(user: Path, tmp_path: Path) -> None:
    path = Path(environment.capture())
    path.rename(user / "elsewhere.json")
    path.symlink_to(user / "elsewhere.json")
    with pytest.raises(Unreadable):
        captured.load(str(tmp_path / "home"))


def test_names_of_sessions_are_no_riches() -> None:
    session = {
        "TMUX": "1",
        "CLAUDECODE": "1",
        "CLAUDE_CODE_ENTRYPOINT": "x",
        "PWD": "/",
        "SHLVL": "1",
        "LC_TIME": "C",
    }
    assert not surroundings.is_rich(session)
    assert surroundings.lasting({**session, "A": "b"}) == {"LC_TIME": "C", "A": "b"}


# ---------------------------------------------------------------- login shells


@pytest.mark.parametrize("shell", SHELLS)
def test_a_login_shell_tells_its_environment_whatever_its_files_print(user: Path, shell: str) -> None:
    export = "set -gx" if shell.endswith("fish") else "export"
    sets = f"{export} WANDB_API_KEY 'a b'\n" if "fish" in shell else f"{export} WANDB_API_KEY='a b'\n"
    write_rc(user, shell, f"echo FAKE=1; printf 'EVIL=2\\000'\n{sets}echo noise >&2\n")
    found = environment.for_agent(str(user), poor(user, shell))
    assert (found.source, found.notes) == ("login shell", [])
    assert found.env["WANDB_API_KEY"] == "a b"
    assert not {"FAKE", "EVIL", "SHLVL"} & set(found.env)
    assert "environment of the login shell" in found.words()


def test_a_login_shell_that_hangs_is_ended_with_all_it_started(user: Path) -> None:
    write_rc(user, "/bin/bash", f"sleep 1000 &\necho $! > {user}/pid\nset -m\nsleep 1000\n")
    began = time.monotonic()
    with pytest.raises(loginshell.NoAnswerError, match="did not tell"):
        loginshell.environment_of("/bin/bash", poor(user, "/bin/bash"), bound_s=1.0)
    assert time.monotonic() - began < 5
    pid = int((user / "pid").read_text())
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    os.close(fd)
    assert (Path("/proc") / str(pid) / "stat").read_text().split()[2] == "Z"


def test_a_shell_that_leaves_something_behind_is_not_waited_for(user: Path) -> None:
    write_rc(user, "/bin/bash", "sleep 1000 &\nexport GIVEN=1\n")
    began = time.monotonic()
    assert loginshell.environment_of("/bin/bash", poor(user, "/bin/bash"))["GIVEN"] == "1"
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("shell", ["/bin/false", "/nowhere/bash", "", "/usr/sbin/nologin"])
def test_no_login_shell_is_a_note(user: Path, shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "_login_shell", lambda _env: shell)
    found = environment.for_agent(str(user), poor(user, shell))
    assert found.source == "own"
    assert "overnight agent install" in found.words()


# ---------------------------------------------------------------- the project


def test_the_projects_virtual_environment_is_laid_over(user: Path) -> None:
    project = user / "project"
    (project / "src").mkdir(parents=True)
    (project / ".git").mkdir()
    make_venv(project / ".venv")
    own = poor(user, PYTHONHOME="/wrong", VIRTUAL_ENV="/other", VIRTUAL_ENV_PROMPT="other")
    found = environment.for_agent(str(project / "src"), own)
    assert found.venv == found.env["VIRTUAL_ENV"] == str(project / ".venv")
    assert found.env["PATH"].split(":")[0] == str(project / ".venv" / "bin")
    assert not {"PYTHONHOME", "VIRTUAL_ENV_PROMPT"} & set(found.env)
    command = [shutil.which("python", path=found.env["PATH"]) or "", "-c", "import sys; print(sys.prefix)"]
    ran = subprocess.run(command, env=found.env, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == str(project / ".venv")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert (
        environment.for_agent(str(project), own)
        .words()
        .startswith(f"python .venv/bin/python {version} (project), ")
    )


def test_above_the_repository_or_the_home_nobody_looks(user: Path, tmp_path: Path) -> None:
    make_venv(user / "venv")
    repository = user / "project"
    (repository / ".git").mkdir(parents=True)
    assert environment.project_venv(str(repository), str(user)) is None
    plain = user / "plain"
    plain.mkdir()
    assert environment.project_venv(str(plain), str(user)) == str(user / "venv")
    outside = tmp_path / "outside"
    outside.mkdir()
    make_venv(tmp_path / ".venv")
    assert environment.project_venv(str(outside), str(user)) is None


def test_an_environment_that_others_can_write_in_is_none(user: Path) -> None:
    venv = make_venv(user / ".venv")
    assert environment.project_venv(str(user), str(user)) == str(venv)
    (venv / "bin").chmod(0o777)
    assert environment.project_venv(str(user), str(user)) is None
    (venv / "bin").chmod(0o755)
    (venv / "pyvenv.cfg").unlink()
    assert environment.project_venv(str(user), str(user)) is None


def test_the_capture_names_its_circumstances(user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(user)
    monkeypatch.setenv("SHELL", "/bin/bash")
    kept = json.loads(Path(environment.capture()).read_text())
    assert (kept["cwd"], kept["shell"]) == (str(user), "/bin/bash")
    assert abs(kept["at"] - time.time()) < 60
