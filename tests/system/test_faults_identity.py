"""Numbers that lie: a pid that a stranger has now, another boot. Nobody is signalled or believed alive by them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import kill
from lab import mounts_of_our_own
from night import Night, Nights, tellings

from overnight.watchman.start import ensure

HERE = Path(__file__).parent
NEW_PIDS = ["unshare", "--pid", "--fork", "--mount-proc"]
STRANGERS = """
import json, os, signal, subprocess, sys
from pathlib import Path
from helpers import Home
from overnight import app
from overnight.errors import OvernightError
from overnight.keeper.liveness import is_kept, state_of
from overnight.keeper.stop import stop_tree
from overnight.watchman.start import needs_watching, watchman_pid

home = Home(Path(sys.argv[1]))
run = home.launch(sys.executable, "-c", "import signal; signal.pause()")
wanted = [*run.keepers, run.started.pid]
for pid in wanted:
    os.kill(pid, signal.SIGKILL)
while True:  # whoever was theirs is ours now: this process is the namespace's first
    try:
        os.wait()
    except ChildProcessError:
        break
strangers = []
for pid in sorted(wanted):
    Path("/proc/sys/kernel/ns_last_pid").write_text(str(pid - 1))
    strangers.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True))
(home.path / "watchman.lock").write_text(f"{wanted[0]} 1 0.0.1")
report = stop_tree(str(run.folder), (1, 1))
watchman = watchman_pid(str(home.path))
from overnight.watchman import lock
held = lock.take_over(str(home.path))
if held:
    held.release()
said = {
    "same": sorted(wanted) == [one.pid for one in strangers],
    "state": state_of(str(run.folder)),
    "kept": is_kept(str(run.folder)),
    "signals": report.signals,
    "survivors": len(report.survivors),
    "watchman": watchman,
    "taken": held is not None,
    "alive": [one.poll() for one in strangers],
}
print(json.dumps(said))
for one in strangers:
    one.kill()
"""


def may_have_pids() -> bool:
    probe = [*NEW_PIDS, "sh", "-c", "echo 300 > /proc/sys/kernel/ns_last_pid"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(
    not may_have_pids(), reason="giving out a pid again needs a pid namespace of one's own (root)"
)
@pytest.mark.rule("W0.2")
def test_a_pid_that_was_given_out_again_is_neither_stopped_nor_believed_alive(tmp_path: Path) -> None:
    """The command, both keepers and the watchman are gone, and strangers have their very numbers."""
    env = {
        **os.environ,
        "OVERNIGHT_HOME": str(tmp_path),
        "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path]),
    }
    words = [*NEW_PIDS, sys.executable, "-c", STRANGERS, str(tmp_path)]
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert json.loads(done.stdout) == {
        "same": True,
        "state": "gone",
        "kept": False,
        "signals": [],
        "survivors": 0,
        "watchman": None,
        "taken": True,
        "alive": [None] * 3,
    }


@pytest.mark.rule("W0.2", "W4.2")
def test_after_a_reboot_what_ran_is_lost_with_the_machine_and_told_once(
    nights: Nights, tmp_path: Path
) -> None:
    """The kernel says another boot id, and the processes of the old boot are gone."""
    if not mounts_of_our_own():
        pytest.skip("another boot id needs the right to mount")
    runs = [nights.start(sys.executable, "-c", "import signal; signal.pause()") for _ in range(2)]
    for run in runs:
        run.until("check_in")
    nights.kill_watchman()
    for run in runs:
        for pid in (*run.keepers, run.pid):
            kill(pid)
    other = tmp_path / "boot_id"
    other.write_text("00000000-1111-2222-3333-444444444444\n")
    place = "/proc/sys/kernel/random/boot_id"
    subprocess.run(["mount", "--bind", other, place], check=True)
    try:
        ensure(str(nights.home.path))
        for run in runs:
            check_lost(run)
        kill(nights.watchman)
        ensure(str(nights.home.path))
        assert nights.watchman
    finally:
        subprocess.run(["umount", place], check=True)
    assert sorted(row["run"] for row in tellings(nights.home)) == sorted(run.id for run in runs)


def check_lost(run: Night) -> None:
    run.closed()
    ended = run.events("ended")[0]
    assert (ended.data["state"], ended.data["exit"]["code"], ended.data["exit"]["signal"]) == (
        "lost",
        None,
        None,
    )
    assert ended.data["exit"]["note"] == "interrupted by a reboot of the machine"
    assert 0 <= ended.t < 60
    status = run.run.status()
    assert status is not None
    assert (status.state, status.exit_code) == ("lost", None)
