"""What doctor makes of texts as real machines have them: each probe with what alarms it and what must not."""

import os
import resource
import subprocess
from pathlib import Path

import pytest

from overnight.app.checkup import Check, check, container, facts, home, kernel, limits, logout, places, power
from overnight.app.checkup.facts import Mount, System
from overnight.core.surroundings import agent_of
from overnight.keeper.identity import Stat
from overnight.surfaces.cli import doctor as cli

DEBIAN = "[Login]\n#NAutoVTs=6\n#KillUserProcesses=no\n#KillExcludeUsers=root\n"
UPSTREAM = "[Login]\n#KillUserProcesses=yes\n"
KILLS = "[Login]\nKillUserProcesses=yes\n"
SPARES = "[Login]\nKillUserProcesses=no\n"
SSH = "/user.slice/user-1000.slice/session-3.scope"
GNOME = (
    "/user.slice/user-1000.slice/user@1000.service/app.slice/app-org.gnome.Terminal.slice/vte-spawn-1.scope"
)
JUPYTER = "/system.slice/jupyterhub.service"


# ------------------------------------------------------------ what a line comes to


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied", "/x"), ValueError("no number"), KeyError("a")]
)
def test_a_probe_that_fails_is_a_line_of_its_own(error: Exception) -> None:
    def probe() -> list[Check]:
        raise error

    (found,) = check.looked("limits", [("memory", probe)])
    assert (found.name, found.level, found.theme, found.ok) == ("memory", "unknown", "limits", True)
    assert "could not be looked at" in found.text


def test_a_mistake_in_a_probe_is_seen() -> None:
    def probe() -> list[Check]:
        raise AssertionError

    with pytest.raises(AssertionError):
        list(check.looked("limits", [("memory", probe)]))


def test_an_external_program_that_hangs_is_a_fault_of_looking() -> None:
    def probe() -> list[Check]:
        raise subprocess.TimeoutExpired("systemctl", 3)

    assert next(check.looked("x", [("service", probe)])).level == "unknown"


# ------------------------------------------------------------ logind


@pytest.mark.parametrize(
    ("files", "kills"),
    [
        ({}, False),
        ({"/etc/systemd/logind.conf": DEBIAN}, False),
        ({"/usr/lib/systemd/logind.conf": UPSTREAM}, True),
        ({"/etc/systemd/logind.conf": KILLS, "/usr/lib/systemd/logind.conf": SPARES}, True),
        ({"/etc/systemd/logind.conf": SPARES, "/usr/lib/systemd/logind.conf.d/50-x.conf": KILLS}, True),
        # drop-ins by their names, wherever they lie
        (
            {"/usr/lib/systemd/logind.conf.d/90.conf": SPARES, "/etc/systemd/logind.conf.d/10.conf": KILLS},
            False,
        ),
        # of one name, that of /etc hides the others
        ({"/usr/lib/systemd/logind.conf.d/10.conf": KILLS, "/etc/systemd/logind.conf.d/10.conf": ""}, False),
        (
            {"/run/systemd/logind.conf.d/10.conf": KILLS, "/usr/lib/systemd/logind.conf.d/10.conf": SPARES},
            True,
        ),
        ({"/etc/systemd/logind.conf": "[Sleep]\nKillUserProcesses=yes\n"}, False),
        ({"/etc/systemd/logind.conf": "[Login]\nKillUserProcesses=yes\nKillUserProcesses=maybe\n"}, True),
        ({"/etc/systemd/logind.conf": "[Login]\n ; KillUserProcesses=yes\n\x00\xff=\n["}, False),
        ({"/etc/systemd/logind.conf": KILLS + "KillExcludeUsers=bob ann\n"}, False),
        ({"/etc/systemd/logind.conf": KILLS + "KillOnlyUsers=bob\n"}, False),
        ({"/etc/systemd/logind.conf": KILLS + "KillOnlyUsers=bob \\\n ann\n"}, True),
    ],
)
def test_the_last_word_about_sessions_counts(files: dict[str, str], kills: bool) -> None:
    assert logout.ends_sessions(logout.in_order(files), "ann") is kills


def test_root_is_spared_unless_the_list_is_emptied() -> None:
    assert not logout.ends_sessions([KILLS], "root")
    assert logout.ends_sessions([KILLS + "KillExcludeUsers=\n"], "root")


@pytest.mark.parametrize(
    ("path", "kills", "lingers", "level"),
    [
        (SSH, True, False, "warn"),
        (SSH, True, True, "warn"),  # lingering keeps the manager, not the session
        (SSH, False, False, "ok"),
        (GNOME, False, False, "warn"),  # ends with the manager, whatever KillUserProcesses says
        (GNOME, True, True, "ok"),
        (JUPYTER, True, False, "ok"),
        ("/", True, False, "ok"),
    ],
)
def test_what_a_logout_does(path: str, kills: bool, lingers: bool, level: str) -> None:
    found = logout.logout(path, kills, lingers)
    assert found.level == level
    assert ("loginctl enable-linger" in found.advice) is (level == "warn")


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        (JUPYTER, "jupyterhub.service"),
        (
            "/user.slice/user-1000.slice/user@1000.service/app.slice/code-server.service",
            "code-server.service",
        ),
        ("/user.slice/user-1000.slice/user@1000.service", None),
        (GNOME, None),
        (SSH, None),
        ("/", None),
    ],
)
def test_the_service_around_us(path: str, unit: str | None) -> None:
    assert logout.service_of(path) == unit


def test_a_service_kills_what_stays_behind_unless_told_otherwise() -> None:
    assert logout.service("x.service", "process", as_root=False).level == "ok"
    killed = logout.service("x.service", "control-group", as_root=False)
    assert (killed.level, "--user --scope" in killed.advice) == ("warn", True)
    unknown = logout.service("x.service", None, as_root=True)
    assert unknown.advice == "systemd-run --scope overnight run -- COMMAND"


@pytest.mark.parametrize(
    ("cgroup", "path"),
    [
        (f"0::{SSH}\n", SSH),
        (f"12:pids:/user.slice\n1:name=systemd:{SSH}\n0::/\n", SSH),
        (f"1:name=systemd:{SSH}\n", SSH),
        ("0::/\n", "/"),
        ("", "/"),
        ("nonsense", "/"),
    ],
)
def test_the_cgroup_that_systemd_arranged(cgroup: str, path: str) -> None:
    assert facts.unit_path(cgroup) == path


# ------------------------------------------------------------ containers


@pytest.mark.parametrize(
    ("marks", "cgroup", "env", "declared", "own", "name"),
    [
        (["/.dockerenv"], "0::/\n", {}, "", True, "Docker"),
        (["/.dockerenv"], "0::/\n", {}, "", False, ""),  # a virtual machine made from an image
        (["/run/.containerenv"], "0::/\n", {}, "podman", True, "Podman"),
        ([], "1:cpu:/docker/0123456789abcdef\n", {}, "", False, "Docker"),
        ([], "0::/system.slice/docker-0123456789abcdef.scope\n", {}, "", True, "Docker"),
        ([], "0::/system.slice/docker.service\n", {}, "", False, ""),
        ([], "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-9.scope\n", {}, "", True, "Kubernetes"),
        ([], "0::/\n", {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "", True, "Kubernetes"),
        ([], "0::/\n", {}, "systemd-nspawn\n", True, "systemd-nspawn"),
        ([], "0::/\n", {}, "wsl\n", True, ""),
        ([], f"0::{SSH}\n", {}, "", False, ""),
        ([], "0::/user.slice/lxcuser.scope\n", {}, "", False, ""),
    ],
)
def test_which_container(marks, cgroup, env, declared, own, name) -> None:
    assert container.container_name(marks, cgroup, env, declared, own) == name


def first(name: str) -> Stat:
    return Stat(f"1 ({name}) S 0 1 1 34816 1 {' '.join(['0'] * 40)}".encode())


@pytest.mark.parametrize(
    ("name", "process", "on_terminal", "same_session", "level"),
    [
        ("Docker", "tini", False, True, "ok"),
        ("Docker", "sleep", False, False, "ok"),
        ("Docker", "sleep", True, False, "warn"),
        ("Docker", "bash", False, True, "warn"),  # docker run IMAGE bash -c …
        ("Docker", "sh", False, False, "ok"),  # the entry point of a development container
        ("", "bwrap", False, False, "warn"),
        ("Kubernetes", "pause", False, False, "ok"),
        ("", "python3", False, True, "ok"),
    ],
)
def test_what_ends_a_container(
    name: str, process: str, on_terminal: bool, same_session: bool, level: str
) -> None:
    found = container.ending(name, first(process), on_terminal, same_session)
    assert found.level == level
    assert bool(found.advice) is (level == "warn")


def test_an_unknown_first_process_is_no_alarm() -> None:
    assert container.ending("Docker", None, False, False).level == "ok"


def test_orphans_that_stay_are_told() -> None:
    found = container.reaping("python3", False, 7)
    assert (found.level, "7 so far" in found.text, "--init" in found.advice) == ("warn", True, True)
    for taken in (True, None):
        assert container.reaping("tini", taken, 1).level == "ok"


# ------------------------------------------------------------ agents, jobs, terminals


@pytest.mark.parametrize(
    ("variable", "agent"),
    [
        ("CLAUDECODE", "Claude Code"),
        ("CLAUDE_CODE_ENTRYPOINT", "Claude Code"),
        ("CODEX_CI", "Codex"),
        ("CODEX_SANDBOX", "Codex"),
        ("CURSOR_AGENT", "Cursor"),
        ("GEMINI_CLI", "Gemini CLI"),
        ("COPILOT_AGENT_ID", "Copilot"),
        ("OPENCODE", "OpenCode"),
        ("AI_AGENT", "an agent"),
        # how people set the tools up says nothing about who calls
        ("CODEX_HOME", None),
        ("CLAUDE_CODE_USE_BEDROCK", None),
        ("GEMINI_CLI_HOME", None),
        ("COPILOT_GITHUB_TOKEN", None),
        ("PATH", None),
    ],
)
def test_which_agent(variable: str, agent: str | None) -> None:
    assert agent_of({variable: "1"}) == agent


def test_an_agent_is_an_alarm_only_inside_its_sandbox() -> None:
    assert places.agent("Codex", sandboxed=True, container="").level == "warn"
    assert places.agent("Codex", sandboxed=False, container="").level == "ok"
    assert "as long as the container" in places.agent("Codex", sandboxed=False, container="Docker").text


def test_a_batch_job_ends_with_its_runs() -> None:
    (found,) = places.job({"SLURM_JOB_ID": "42", "SLURM_JOB_END_TIME": "8200"}, now=1000.0)
    assert (found.level, "in 2 h 00" in found.text) == ("warn", True)
    (found,) = places.job({"SLURM_JOB_ID": "42", "SLURM_JOB_END_TIME": "soon"}, now=0.0)
    assert " in " not in found.text.split("ends")[1].split("by")[0]
    assert [c.level for c in places.job({"PBS_JOBID": "7"}, 0.0)] == ["warn"]
    assert list(places.job({}, 0.0)) == []


def test_terminals_are_harmless_and_rented_machines_are_not() -> None:
    (found,) = places.terminal({"SSH_CONNECTION": "a", "TMUX": "b"})
    assert (found.level, found.text.split(":")[0]) == ("ok", "tmux in SSH")
    assert list(places.terminal({})) == []
    assert [c.level for c in places.reclaimed({"COLAB_RELEASE_TAG": "1"})] == ["warn"]
    assert [c.level for c in places.windows("Linux version 5.15.90.1-microsoft-standard-WSL2")] == ["warn"]
    assert list(places.windows("Linux version 6.1.0-13-amd64 (debian-kernel@lists.debian.org)")) == []


# ------------------------------------------------------------ limits

NO = limits.NO_LIMIT
FREE = dict.fromkeys(("cpu", "fsize", "as", "data", "nproc"), (NO, NO)) | {"nofile": (1024, 4096)}


def test_usual_limits_are_one_quiet_line() -> None:
    (found,) = limits.ulimits(FREE)
    assert (found.level, "1024 open files" in found.text) == ("ok", True)
    assert limits.ulimits({})[0].level == "ok"


@pytest.mark.parametrize(
    ("name", "value", "word", "cure"),
    [
        ("cpu", (3600, NO), "SIGXCPU) after 1 h 00", "ulimit -t unlimited"),
        ("cpu", (3600, 3600), "SIGXCPU", "limits.conf"),
        ("fsize", (10**9, NO), "SIGXFSZ", "ulimit -f unlimited"),
        ("as", (4 * 10**9, NO), "4 GB", "ulimit -v unlimited"),
        ("data", (10**9, NO), "1 GB", "ulimit -d unlimited"),
        ("nofile", (200, 1000), "200 open files", "ulimit -n 1000"),
        ("nofile", (64, NO), "64 open files", "ulimit -n 4096"),
    ],
)
def test_a_cap_that_ends_a_run(name: str, value: tuple[int, int], word: str, cure: str) -> None:
    (found,) = limits.ulimits(FREE | {name: value})
    assert (found.level, word in found.text, cure in found.advice) == ("warn", True, True)


def test_processes_near_their_limit() -> None:
    many = FREE | {"nproc": (4096, 4096)}
    assert limits.processes(many, 200, 32768, 300).level == "ok"
    assert limits.processes(many, 4000, 32768, 300).level == "warn"
    assert limits.processes(many, 0, 32768, 30000).advice.startswith("sudo sysctl kernel.pid_max")


V2 = [Mount("/", "/sys/fs/cgroup", "cgroup2", "cgroup2", ("rw",))]
V1 = [Mount("/docker/1", "/sys/fs/cgroup/memory", "cgroup", "cgroup", ("rw", "memory"))]


@pytest.mark.parametrize(
    ("cgroup", "mounted", "found"),
    [
        ("0::/a/b\n", V2, ["/sys/fs/cgroup/a/b", "/sys/fs/cgroup/a", "/sys/fs/cgroup"]),
        ("0::/\n", V2, ["/sys/fs/cgroup"]),
        ("0::/../x\n", V2, ["/sys/fs/cgroup/x", "/sys/fs/cgroup"]),
        ("4:memory:/docker/1\n0::/\n", V1, ["/sys/fs/cgroup/memory"]),
        ("4:memory:/docker/1/in\n", V1, ["/sys/fs/cgroup/memory/in", "/sys/fs/cgroup/memory"]),
        ("0::/a\n", [], []),
        ("", V2, []),
    ],
)
def test_where_a_cgroup_has_its_files(cgroup: str, mounted: list[Mount], found: list[str]) -> None:
    assert limits.folders("memory", cgroup, mounted) == found


def test_what_a_cgroup_allows() -> None:
    assert limits.counted("max\n", "5\n") is None
    assert limits.counted("9223372036854771712\n", "5\n") is None
    assert limits.counted(None, "5") is None
    assert limits.counted("100\n", "90\n", cache=30) == limits.Use(100, 60)
    assert limits.cache_of("anon 5\ninactive_file 30\n") == 30
    assert limits.cache_of("inactive_file 1\ntotal_inactive_file 30\n\nbroken") == 30
    assert limits.cache_of("") == 0
    near, far = limits.Use(100, 95), limits.Use(1000, 100)
    assert limits.tightest([far, near]) == near
    assert limits.memory(near).level == "warn"
    assert limits.memory(far).level == limits.memory(None).level == "ok"
    assert [c.level for c in limits.tasks(limits.Use(1000, 990))] == ["warn"]
    assert [c.level for c in limits.tasks(limits.Use(1000, 99))] == ["ok"]
    assert list(limits.tasks(None)) == []


# ------------------------------------------------------------ kernel


@pytest.mark.parametrize(
    ("child", "level", "word"),
    [
        (kernel.Child(3, (3, None)), "ok", "tells an exit code"),
        (kernel.Child(3, None), "ok", "lost if both"),
        (kernel.Child(4, (4, None)), "bad", "forbidden"),
        (kernel.Child(-31, (None, 31)), "bad", "forbidden"),
    ],
)
def test_what_the_kernel_does_for_keepers(child: kernel.Child, level: str, word: str) -> None:
    (found,) = kernel.processes("6.1.0", child)
    assert (found.level, word in found.text) == (level, True)


@pytest.mark.parametrize(
    ("numbers", "cure"),
    [
        ((192536, 128, 16384, 7, 7), ""),
        ((8192, 128, 16384, 8000, 7), "max_user_watches"),
        ((100, 128, 16384, 0, 0), "max_user_watches"),
        ((192536, 128, 16384, 7, 127), "max_user_instances"),
        ((192536, 128, 16, 7, 7), "max_queued_events"),
    ],
)
def test_watches_that_run_out(numbers: tuple[int, ...], cure: str) -> None:
    found = kernel.watching(kernel.Inotify(*numbers))
    assert (found.level == "ok", cure in found.advice) == (not cure, True)


def test_how_proc_is_shown() -> None:
    assert list(kernel.proc(("rw", "relatime"))) == []
    assert list(kernel.proc(("rw", "hidepid=0"))) == []
    assert [c.level for c in kernel.proc(("rw", "hidepid=invisible"))] == ["ok"]
    assert [c.level for c in kernel.proc(("rw", "subset=pid"))] == ["warn"]


def test_a_clock_that_nobody_keeps_is_no_alarm() -> None:
    assert kernel.clock(True).level == kernel.clock(False).level == "ok"


# ------------------------------------------------------------ reboots, sleep, memory

APT = """// Unattended-Upgrade::Automatic-Reboot "true";
Unattended-Upgrade::Automatic-Reboot "true";
# a remark
Unattended-Upgrade::Automatic-Reboot-Time "02:00";
"""


def test_a_machine_that_reboots_by_itself() -> None:
    assert power.reboot_time([APT]) == "02:00"
    assert power.reboot_time(['Unattended-Upgrade::Automatic-Reboot "true";']) == "now"
    assert power.reboot_time([APT, 'Unattended-Upgrade::Automatic-Reboot "false";']) is None
    assert power.reboot_time(['//Unattended-Upgrade::Automatic-Reboot "true";', "", "\x00"]) is None
    due = power.reboot("02:00", True, "")
    assert (due.level, "02:00" in due.text, due.advice.count('"')) == ("warn", True, 2)


def test_a_reboot_that_somebody_must_order_is_no_alarm() -> None:
    assert power.reboot(None, True, "").level == "ok"
    assert power.reboot(None, False, "").text == "none is due"
    ordered = power.reboot(None, False, "USEC=1700000000000000\nWARN_WALL=1\nMODE=reboot\n")
    assert (ordered.level, ordered.advice) == ("warn", "sudo shutdown -c")


HOLDS = "WHAT=sleep:idle:handle-lid-switch\nMODE=block\nWHO=x\n"


@pytest.mark.parametrize(
    ("batteries", "masked", "inhibitors", "levels"),
    [
        (False, False, [], []),
        (True, False, [], ["warn"]),
        (True, True, [], ["ok"]),
        (True, False, [HOLDS], ["ok"]),
        (True, False, ["WHAT=sleep\nMODE=delay\n", "WHAT=sleep\nMODE=block\n", "?"], ["warn"]),
    ],
)
def test_a_laptop_that_sleeps(
    batteries: bool, masked: bool, inhibitors: list[str], levels: list[str]
) -> None:
    assert [c.level for c in power.suspend(batteries, masked, inhibitors)] == levels


def test_a_lid_that_may_be_closed() -> None:
    assert power.lid_ignored(["[Login]\n#HandleLidSwitch=suspend\nHandleLidSwitch=ignore\n"])
    assert not power.lid_ignored(["[Login]\nHandleLidSwitch=ignore\nIdleAction=suspend\n"])
    assert not power.lid_ignored(["[Login]\n#HandleLidSwitch=ignore\n"])


MEMORY = (
    "MemTotal:       16000000 kB\nMemFree: 1 kB\nMemAvailable:    8000000 kB\nSwapTotal:             0 kB\n"
)


def test_who_kills_when_memory_runs_out() -> None:
    assert "no swap" in power.out_of_memory([], MEMORY).text
    assert "whole cgroups" in power.out_of_memory(["systemd-oomd"], MEMORY).text
    assert "earlyoom kills" in power.out_of_memory(["earlyoom"], MEMORY).text
    with pytest.raises(KeyError):
        power.out_of_memory([], "")


# ------------------------------------------------------------ the home

MOUNTINFO = r"""22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw,hidepid=2
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 27 0:40 / /home rw - nfs4 filer:/export/home rw,vers=4.2
31 30 0:41 / /home/ann/my\040disk rw - fuse.sshfs ann@host: rw
32 27 0:42 / /home rw - tmpfs none rw
broken line
33 27 - ext4
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/x", "ext4"),
        ("/home/bob", "tmpfs"),  # the later of two mounts on one point hides the first
        ("/home/ann/my disk/x", "fuse.sshfs"),
        ("/homes", "ext4"),
        ("/home", "tmpfs"),
        ("/", "ext4"),
    ],
)
def test_the_longest_mount_point_holds_the_path(path: str, kind: str) -> None:
    found = facts.mount_of(path, facts.mounts(MOUNTINFO))
    assert found is not None
    assert found.kind == kind


def test_the_options_of_a_mount_are_both_kinds() -> None:
    assert {"relatime", "hidepid=2"} <= set(facts.mounts(MOUNTINFO)[0].options)
    assert facts.mount_of("/x", []) is None


@pytest.mark.parametrize(
    ("kind", "inside", "level", "word"),
    [
        ("ext4", "", "ok", "ext4"),
        ("btrfs", "Docker", "ok", "btrfs"),
        ("nfs4", "", "warn", "server"),
        ("lustre", "", "warn", "server"),
        ("fuse.sshfs", "", "warn", "server"),
        ("tmpfs", "", "warn", "reboot"),
        ("overlay", "Docker", "warn", "with the container"),
    ],
)
def test_what_a_file_system_means(kind: str, inside: str, level: str, word: str) -> None:
    found = home.kind(Mount("/", "/", kind, "source", ()), inside)
    assert (found.level, word in found.text) == (level, True)
    assert ("docker run -v" in found.advice) is (kind == "overlay")


def test_room() -> None:
    assert home.room("disk", "/h", 10 << 20, None).level == "bad"
    assert home.room("tmp", "/tmp", 10 << 20, None).level == "warn"
    assert home.room("disk", "/h", 500 << 20, None).level == "warn"
    assert home.room("disk", "/h", 50 << 30, 5).level == "warn"
    assert home.room("disk", "/h", 50 << 30, None).level == "ok"


def test_clocks_modes_and_other_hosts() -> None:
    assert home.skew(-1.9).level == "ok"
    assert "ahead" in home.skew(30.0).text
    assert "behind" in home.skew(-30.0).text
    assert list(home.privacy(0o40700)) == []
    assert "0755" in next(home.privacy(0o40755)).text
    assert [c.level for c in home.elsewhere(True, True, 77, False)] == ["warn"]
    for fine in ((False, True, 77, False), (True, False, None, False), (True, True, 77, True)):
        assert list(home.elsewhere(*fine)) == []


# ------------------------------------------------------------ reading


def test_what_is_not_there_is_none_and_what_may_not_be_read_is_told(tmp_path: Path) -> None:
    system = System(str(tmp_path))
    assert system.text("/sys/none") is None
    assert system.names("/sys") == []
    (tmp_path / "bytes").write_bytes(b"\xff\n")
    assert system.text("/bytes") == "\N{REPLACEMENT CHARACTER}\n"
    with pytest.raises(OSError, match="directory"):
        system.text("/")
    with pytest.raises(FileNotFoundError):
        system.needed("/proc/none")
    (tmp_path / "number").write_text("many")
    with pytest.raises(ValueError, match="many"):
        system.number("/number")


def test_the_limits_of_this_process_are_those_of_the_kernel() -> None:
    assert limits.limits_here()["nofile"] == resource.getrlimit(resource.RLIMIT_NOFILE)


# ------------------------------------------------------------ the page


def test_the_worst_is_first_and_a_cure_is_never_wrapped(capsys) -> None:
    cure = "docker run " + "--very-long-option " * 8
    checks = [
        check.fine("disk", "fine")._replace(theme="home"),
        check.warn("logout", "kills runs " * 20, cure)._replace(theme="surroundings"),
        Check("init", True, "could not be looked at: no", level="unknown", theme="surroundings"),
        check.bad("home", "gone \x1b[2J", "mend it")._replace(theme="home"),
    ]
    lines = list(cli.page(checks))
    signs = [line[0] for line in lines if line[:1].strip()]
    assert signs == ["N", "✗", "!", "?", "✓"] or signs == ["N", "x", "!", "?", "-"]
    assert any(cure.strip() in line for line in lines)
    assert all(len(line) <= 100 for line in lines if "docker" not in line)
    assert "\x1b" not in "".join(lines)


def test_a_very_sick_machine_is_one_page() -> None:
    sick = [check.warn(f"n{n}", "it could kill a run " * 4, "cure")._replace(theme="x") for n in range(12)]
    assert len(list(cli.page(sick))) <= 40


def test_the_name_of_the_package_leaves_the_use_case_alone() -> None:
    from overnight import app

    assert callable(app.doctor)
    assert app.Check is Check
    assert os.path.basename(os.path.dirname(check.__file__)) == "checkup"
