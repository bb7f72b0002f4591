"""Doctor on this machine, and on sick ones made of namespaces and limits."""

import ctypes
import errno
import json
import os
import resource
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from test_watchman_faults import may_mount

from overnight import app
from overnight.app.checkup import container, logout
from overnight.app.checkup.facts import System

Checks = dict[str, app.Check]
Call = Callable[..., subprocess.CompletedProcess[str]]
DOCTOR = [sys.executable, "-m", "overnight", "doctor"]
NAMESPACES = ["unshare", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]
namespaced = pytest.mark.skipif(not may_mount(), reason="needs namespaces of one's own")


@pytest.fixture
def call(tmp_path: Path) -> Call:
    """Call doctor with a home of its own; `before`: what stands before the command."""

    def caller(*words: str, before: tuple[str, ...] = (), **more) -> subprocess.CompletedProcess[str]:
        paths = os.pathsep.join(os.path.abspath(path) for path in sys.path if path)
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": paths, "LC_ALL": "C.UTF-8"}
        env |= {"OVERNIGHT_HOME": str(tmp_path / "home")} | more.pop("env", {})
        command = [*before, *DOCTOR, *words]
        return subprocess.run(
            command, env=env, capture_output=True, text=True, timeout=60, check=False, **more
        )

    return caller


def checks(done: subprocess.CompletedProcess[str]) -> Checks:
    """The checks by name, those in need of somebody in preference."""
    found = [app.Check(**each) for each in json.loads(done.stdout)]
    return {check.name: check for check in sorted(found, key=lambda check: not check.ok)}


# ------------------------------------------------------------ this machine


def test_this_machine_is_one_page_and_its_home_is_left_as_it_was(call: Call, tmp_path: Path) -> None:
    done = call()
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) <= 40
    assert sorted(entry.name for entry in (tmp_path / "home").iterdir()) == ["runs", "watchman.lock"]
    found = checks(call("--json"))
    assert {"home", "file system", "disk", "files", "python", "logout", "init", "ulimit", "kernel"} <= set(
        found
    )
    for check in found.values():
        assert check.level in ("ok", "warn", "unknown")
        assert bool(check.advice) is (check.level == "warn")
        assert check.ok is (check.level != "warn")


def test_every_probe_of_this_machine_could_look(call: Call) -> None:
    assert [check for check in checks(call("--json")).values() if check.level == "unknown"] == []


def test_an_orphan_of_this_machine_goes_away() -> None:
    assert container._is_taken() is not False


def test_a_home_that_cannot_be_used_is_bad_and_the_rest_is_told(call: Call, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    done = call("--json")
    found = checks(done)
    assert done.returncode == 1
    assert (found["home"].level, "ulimit" in found, "disk" in found) == ("bad", True, False)
    assert call().stdout.startswith("Nothing works here yet:")


def test_an_agent_is_named(call: Call) -> None:
    found = checks(call("--json", env={"CLAUDECODE": "1", "SLURM_JOB_ID": "9"}))
    assert "Claude Code" in found["agent"].text
    assert found["job"].level == "warn"
    assert "agent" not in checks(call("--json"))


@namespaced
def test_a_user_without_a_name_and_without_rights_gets_the_whole_page(call: Call) -> None:
    before = ("unshare", "--user", "--map-user=54321")
    found = checks(call("--json", before=before))
    assert [check for check in found.values() if check.level == "unknown"] == []
    assert found["processes"].level == "ok"


# ------------------------------------------------------------ sick ones


def test_low_limits_are_told_with_their_cure(call: Call) -> None:
    done = call("--json", before=("prlimit", "--nofile=200:5000", "--fsize=1000000000:"))
    found = checks(done)
    assert done.returncode == 0
    assert "SIGXFSZ" in found["ulimit"].text
    assert found["files"].advice == "ulimit -n 4096"


def test_a_limit_of_cpu_time_is_told(call: Call) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (7200, resource.getrlimit(resource.RLIMIT_CPU)[1]))

    assert "after 2 h 00" in checks(call("--json", preexec_fn=limit))["ulimit"].text


SMALL_HOME = (
    "sh",
    "-c",
    'mkdir "$OVERNIGHT_HOME" && mount -t tmpfs -o size=4m none "$OVERNIGHT_HOME" && exec "$@"',
    "sh",
)


@namespaced
def test_a_home_in_memory_and_without_room(call: Call) -> None:
    done = call("--json", before=("unshare", "--map-root-user", "--mount", *SMALL_HOME))
    found = checks(done)
    assert (found["file system"].level, "tmpfs" in found["file system"].text) == ("warn", True)
    assert (found["disk"].level, done.returncode) == ("bad", 1)


FIRST = "import subprocess, sys; {} sys.exit(subprocess.run(sys.argv[1:]).returncode)"
NAMED = "from overnight.keeper.linux import set_name; set_name({!r});"


@namespaced
def test_a_first_process_that_does_not_reap_is_found_out(call: Call) -> None:
    first = FIRST.format(NAMED.format("server"))
    found = checks(call("--json", before=(*NAMESPACES, sys.executable, "-c", first)))
    assert (found["init"].level, "(server)" in found["init"].text) == ("warn", True)
    assert "docker run --init" in found["init"].advice


@namespaced
def test_a_sandbox_takes_the_runs_of_an_agent_with_it(call: Call) -> None:
    before = (*NAMESPACES, sys.executable, "-c", FIRST.format(NAMED.format("bwrap")))
    found = checks(call("--json", before=before, env={"CODEX_CI": "1"}))
    assert {found[name].level for name in ("container", "agent")} == {"warn"}


@namespaced
def test_without_an_inotify_instance_nothing_works(call: Call) -> None:
    none_left = ("sh", "-c", 'echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"', "sh")
    done = call("--json", before=("unshare", "--map-root-user", *none_left))
    found = checks(done)
    assert (found["inotify"].level, done.returncode) == ("bad", 1)
    assert found["files"].level == "unknown"


@namespaced
def test_a_shell_that_takes_its_namespace_along(call: Call) -> None:
    found = checks(call("--json", before=(*NAMESPACES, "sh", "-c", '"$@"; exit $?', "sh")))
    assert (found["container"].level, "(sh)" in found["container"].text) == ("warn", True)


PIDFD_OPEN = 434  # the same on every processor
REFUSE = 0x00050000 | errno.EPERM


def forbid_pidfd_open() -> None:
    """What old profiles of containers do to calls that they do not know."""

    def line(code: int, equal: int, other: int, value: int) -> bytes:
        return struct.pack("=HBBI", code, equal, other, value)

    program = (
        line(0x20, 0, 0, 0) + line(0x15, 0, 1, PIDFD_OPEN) + line(6, 0, 0, REFUSE) + line(6, 0, 0, 0x7FFF0000)
    )
    lines = ctypes.create_string_buffer(program, len(program))
    filter_ = ctypes.create_string_buffer(struct.pack("=H6xQ", 4, ctypes.addressof(lines)))
    libc = ctypes.CDLL(None)
    libc.prctl(38, 1, 0, 0, 0)  # no new privileges, without which a filter is refused
    assert libc.prctl(22, 2, filter_) == 0


def test_a_sandbox_that_forbids_pidfds_is_found_out_by_trying(call: Call) -> None:
    done = call("--json", preexec_fn=forbid_pidfd_open)
    found = checks(done)
    assert (found["kernel"].level, done.returncode) == ("bad", 1)
    assert "Operation not permitted" in found["kernel"].text


# ------------------------------------------------------------ a copy of another machine


def machine(root: Path, **files: str) -> None:
    """Files below `root`; `__` stands for a slash and `_dot_` for a dot."""
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_machine_that_ends_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERNIGHT_HOME", str(tmp_path / "home"))
    root = tmp_path / "root"
    machine(
        root,
        etc__systemd__logind_dot_conf="[Login]\n#KillUserProcesses=no\n",
        etc__systemd__logind_dot_conf_dot_d__lab_dot_conf="[Login]\nKillUserProcesses=yes\nKillExcludeUsers=\n",
        proc__self__cgroup="0::/user.slice/user-0.slice/session-3.scope\n",
        run__systemd__shutdown__scheduled="MODE=poweroff\n",
        etc__apt__apt_dot_conf_dot_d__50unattended='Unattended-Upgrade::Automatic-Reboot "true";\n',
        sys__class__power_supply__BAT0__type="Battery\n",
        proc__version="Linux version 6.1.0 microsoft-standard-WSL2",
        proc__sys__kernel__pid_max="many\n",
    )
    (root / "run/systemd/system").mkdir(parents=True)
    found = {check.name: check for check in app.doctor(str(root))}
    assert {name for name in ("logout", "reboot", "sleep", "windows") if found[name].level == "warn"} == {
        "logout", "reboot", "sleep", "windows",
    }  # fmt: skip
    assert "session-3.scope" in found["logout"].text
    assert found["logout"].advice.startswith("loginctl enable-linger && systemd-run --user --scope")
    # what this copy lacks, or has broken, is said and breaks nothing
    assert {name for name, check in found.items() if check.level == "unknown"} >= {
        "processes",
        "ram",
        "inotify",
        "init",
    }


def test_a_configuration_that_is_a_folder_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERNIGHT_HOME", str(tmp_path / "home"))
    for folder in ("etc/systemd/logind.conf", "run/systemd/system"):
        (tmp_path / "root" / folder).mkdir(parents=True)
    found = {check.name: check for check in app.doctor(str(tmp_path / "root"))}
    assert found["logout"].level == "unknown"
    assert "logind.conf" in found["logout"].text


def test_an_empty_machine_breaks_no_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERNIGHT_HOME", str(tmp_path / "home"))
    assert {check.level for check in app.doctor(str(tmp_path / "nothing"))} <= {"ok", "unknown", "warn"}


@pytest.mark.parametrize(
    ("said", "level"), [("echo process", "ok"), ("echo control-group", "warn"), ("exit 1", "warn")]
)
def test_systemd_is_asked_what_a_service_does(
    said: str, level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.parent.mkdir()
    systemctl.write_text(f"#!/bin/sh\n{said}\n")
    systemctl.chmod(0o700)
    monkeypatch.setenv("PATH", f"{systemctl.parent}:{os.environ['PATH']}")
    root = tmp_path / "root"
    machine(root, proc__self__cgroup="0::/system.slice/jupyterhub.service\n")
    (root / "run/systemd/system").mkdir(parents=True)
    (found,) = logout.look_at_service(System(str(root)))
    assert (found.level, "jupyterhub.service" in found.text) == (level, True)
