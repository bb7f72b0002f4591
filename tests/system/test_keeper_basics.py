"""The keeper by itself: what a command gets, what its record says, how a start fails, what stays behind."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from helpers import DEADLINE_S, Home, state_of, wait_for_end, wait_for_pidfd

from overnight.errors import CannotStart, HomeUnusable
from overnight.keeper import identity, launch
from overnight.keeper.liveness import is_kept

pytestmark = pytest.mark.system


C_LIBRARY_S_OWN = 0b11 << 31
"""Signals 32 and 33 in a mask: glibc keeps them to itself, and its posix_spawn ignores them in a child."""


def python(script: str) -> tuple[str, ...]:
    return (sys.executable, "-c", script)


@pytest.mark.rule("W1.1")
@pytest.mark.parametrize("code", [0, 1, 7, 126, 137, 255])
def test_an_exit_code_is_recorded_as_it_is(home: Home, code: int) -> None:
    record = home.sh(f"exit {code}").wait()
    assert (record["code"], record["signal"], record["by"]) == (code, None, "inner")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_no_exit_code(home: Home, number: int) -> None:
    record = home.sh(f"kill -{number} $$; read never").wait()
    assert (record["code"], record["signal"]) == (None, int(number))


def test_the_record_has_both_clocks_usage_and_no_false_evidence(home: Home) -> None:
    before = identity.boottime()
    run = home.launch(*python("x = bytearray(60_000_000); sum(range(2_000_000))"))
    record = run.wait()
    assert before < record["boottime"] < identity.boottime()
    assert record["user_s"] + record["system_s"] > 0.01
    assert 60_000_000 < record["max_rss_bytes"] < 600_000_000
    assert record["oom"] is not True
    assert record["note"] is None


def test_output_and_errors_keep_their_order_in_one_file(home: Home) -> None:
    script = "for i in 1 2 3; do echo out $i; echo err $i >&2; done; printf 'no newline'"
    run = home.sh(script)
    run.wait()
    assert run.log.read_text() == "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\nno newline"


def test_a_truncated_log_goes_on_at_its_start(home: Home, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "go")
    run = home.sh(f"echo before; read line < {tmp_path}/go; echo after")
    run.said("before")
    os.truncate(run.log, 0)
    (tmp_path / "go").write_text("go\n")
    run.wait()
    assert run.log.read_bytes() == b"after\n"


@pytest.mark.rule("W1.3")
def test_the_start_is_recorded_before_the_command_does_anything(home: Home) -> None:
    script = 'cat "$0/$OVERNIGHT_RUN/start.json"; cat /proc/$$/stat'
    run = home.launch("sh", "-c", script, str(home.runs))
    run.wait()
    start, stat = run.log.read_text().splitlines()
    seen = identity.Stat(stat.encode())
    assert json.loads(start)["pid"] == seen.pid == seen.session == run.started.pid
    assert json.loads(start)["ticks"] == seen.ticks == run.started.ticks
    assert json.loads(start)["boot_id"] == identity.boot_id()


def test_the_command_knows_its_run_and_is_unbuffered(home: Home) -> None:
    run = home.sh("echo $OVERNIGHT_RUN $OVERNIGHT_TOKEN $PYTHONUNBUFFERED $MINE", MINE="kept")
    run.wait()
    token = json.loads((run.folder / "spec.json").read_text())["token"]
    assert run.log.read_text().split() == [run.folder.name, token, "1", "kept"]
    own = home.sh("echo $PYTHONUNBUFFERED", PYTHONUNBUFFERED="0")
    own.wait()
    assert own.log.read_text() == "0\n"


def test_the_command_gets_signals_and_descriptors_as_after_a_login(home: Home) -> None:
    """Neither what the keepers ignore nor what the caller ignores, blocks or holds open reaches it."""
    held, _ = os.pipe()
    os.set_inheritable(held, True)
    previous = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        run = home.sh("grep -E '^Sig(Blk|Ign)' /proc/self/status; exec ls -l /proc/self/fd")
    finally:
        signal.signal(signal.SIGHUP, previous)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        os.close(held)
    run.wait()
    masks, listing = run.log.read_text().split("total 0\n")
    caught = [int(line.split()[1], 16) & ~C_LIBRARY_S_OWN for line in masks.splitlines()]
    assert caught == [0, 0]
    targets = sorted(line.rpartition(" -> ")[2] for line in listing.splitlines())
    log, lock = str(run.log), str(run.folder / "tree.lock")
    assert [target for target in targets if "/proc/" not in target] == sorted(["/dev/null", log, log, lock])


def test_the_keepers_hold_nothing_of_the_caller(home: Home) -> None:
    """Their own sessions, no stdio, no folder, no environment, none of the command's words."""
    run = home.launch("sleep", "987654", SECRET="hunter2")
    outer, inner = run.keepers
    for pid in (outer, inner):
        stat = identity.read_stat(pid)
        assert stat is not None
        assert stat.session == pid
        targets = {os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()}
        allowed = ("lock", ".exit.inner", ".exit.outer")
        assert targets == {"/dev/null", str(run.folder), *(str(run.folder / name) for name in allowed)}
        assert os.readlink(f"/proc/{pid}/cwd") == "/"
        assert b"hunter2" not in Path(f"/proc/{pid}/environ").read_bytes()
        assert b"987654" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    assert identity.read_stat(inner).parent == outer  # type: ignore[union-attr]  # seen alive above


@pytest.mark.rule("W1.1")
def test_whoever_captures_the_launchers_output_does_not_wait_for_the_run(home: Home) -> None:
    """subprocess.run(capture_output=True) is what the shell tools of agents do."""
    folder = home.new_folder()
    script = (
        "import os, sys; from overnight.keeper.launch import launch;"
        "launch(sys.argv[1], ['sleep', '1000'], '/', dict(os.environ)); print('back')"
    )
    done = subprocess.run(
        [*python(script), str(folder)], capture_output=True, text=True, timeout=DEADLINE_S, check=True
    )
    assert (done.stdout, done.stderr) == ("back\n", "")
    assert state_of(str(folder)) == "running"


def test_launching_from_threads_of_a_big_process(home: Home) -> None:
    runs = []

    def start(code: int) -> None:
        runs.append((code, home.sh(f"exit {code}")))

    threads = [threading.Thread(target=start, args=(code,)) for code in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert len(runs) == 8
    assert all(run.wait()["code"] == code for code, run in runs)


def test_an_interpreter_started_early_serves_the_next_launch(home: Home) -> None:
    launch.prepare()
    assert home.sh("exit 4").wait()["code"] == 4
    assert home.sh("exit 5").wait()["code"] == 5


def test_an_interpreter_started_early_and_not_used_ends_with_its_caller() -> None:
    script = "from overnight.keeper import launch; launch.prepare(); print(launch._waiting[0].pid)"
    done = subprocess.run(python(script), capture_output=True, text=True, timeout=DEADLINE_S, check=True)
    wait_for_end(int(done.stdout))


def test_words_that_are_no_text_arrive_byte_for_byte(home: Home) -> None:
    odd = os.fsdecode(b"caf\xe9 \xff\n$(touch x) \x1b[31m")
    run = home.launch("printf", "%s|", odd, "", "-- --", "é")
    run.wait()
    assert run.log.read_bytes() == b"caf\xe9 \xff\n$(touch x) \x1b[31m||-- --|\xc3\xa9|"


def test_the_commands_own_path_and_folder_find_it(home: Home, tmp_path: Path) -> None:
    tool = tmp_path / "only-here"
    tool.write_text("echo found $1\n")  # no #! line: goes to the shell, as at a prompt
    tool.chmod(0o755)
    by_path = home.launch("only-here", "a", PATH=f"/usr/bin:{tmp_path}")
    by_folder = home.launch("./only-here", "b", cwd=tmp_path)
    assert (by_path.wait()["code"], by_folder.wait()["code"]) == (0, 0)
    assert (by_path.log.read_text(), by_folder.log.read_text()) == ("found a\n", "found b\n")


def test_a_path_that_cannot_be_looked_into_holds_no_command(home: Home, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "text").write_text("not executable")
    with pytest.raises(CannotStart) as missing:
        home.launch("no-such-command-here", PATH=f"{tmp_path}/loop:{tmp_path}/none:/usr/bin")
    assert missing.value.code == "command_not_found"
    with pytest.raises(CannotStart) as plain:
        home.launch("text", PATH=f"/usr/bin:{tmp_path}")
    assert plain.value.code == "not_executable"


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        ([], "empty_command", "no command"),
        (["  "], "empty_command", "no command"),
        (["no-such-command-here"], "command_not_found", "not in PATH"),
        (["./no-such-file"], "command_not_found", "no such file"),
        (["{tmp}"], "not_executable", "is a folder"),
        (["{tmp}/plain"], "not_executable", "chmod"),
        (["{tmp}/orphaned"], "exec_failed", "first line names"),
        (["{tmp}/binary"], "exec_failed", "format"),
        (["true", "x" * 3_000_000], "exec_failed", "too long"),
        (["true", "a\0b"], "exec_failed", "NUL"),
    ],
)
def test_what_cannot_start_says_why_and_leaves_nothing(
    home: Home, tmp_path: Path, argv: list[str], code: str, words: str
) -> None:
    (tmp_path / "plain").write_text("text")
    (tmp_path / "orphaned").write_text("#!/no/such/interpreter\n")
    (tmp_path / "binary").write_bytes(b"\x7f\0\0\0garbage")
    (tmp_path / "orphaned").chmod(0o755)
    (tmp_path / "binary").chmod(0o755)
    folder = home.new_folder()
    words_of = [word.format(tmp=tmp_path) for word in argv]
    with pytest.raises(CannotStart, match=words) as caught:
        launch.launch(str(folder), words_of, str(tmp_path), dict(os.environ))
    assert caught.value.code == code
    assert "\n" not in str(caught.value)
    assert not is_kept(str(folder))
    assert state_of(str(folder)) in ("gone", "ended")


def test_a_failed_start_is_on_record_for_whoever_did_not_hear_of_it(home: Home) -> None:
    folder = home.new_folder()
    with pytest.raises(CannotStart):
        launch.launch(str(folder), ["no-such-command-here"], "/", dict(os.environ))
    record = json.loads((folder / "exit.json").read_text())
    assert (record["code"], record["signal"]) == (None, None)
    assert record["note"].startswith("could not be started (find)")


@pytest.mark.parametrize(
    ("cwd", "words"), [("/no/such/folder", "No such file"), ("/etc/passwd", "Not a directory")]
)
def test_a_bad_folder_is_named(home: Home, cwd: str, words: str) -> None:
    with pytest.raises(CannotStart, match=words) as caught:
        home.launch("true", cwd=cwd)
    assert caught.value.code == "bad_cwd"


def test_a_run_folder_that_takes_no_files_is_named(home: Home) -> None:
    folder = home.new_folder()
    (folder / "lock").mkdir()
    with pytest.raises(HomeUnusable, match=str(folder)) as caught:
        launch.launch(str(folder), ["true"], "/", dict(os.environ))
    assert caught.value.code == "home_unwritable"


def test_what_the_command_leaves_behind_does_not_keep_it_running(home: Home, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "go")
    run = home.sh(
        f"(read line < {tmp_path}/go; exit 9) & echo $! $(setsid sleep 1000 >/dev/null & echo $!); exit 3"
    )
    assert run.wait()["code"] == 3
    outer, inner = run.keepers
    wait_for_end(inner)
    run.wait_until_let_go()
    assert state_of(str(run.folder)) == "ended"
    reader, sleeper = map(int, run.log.read_text().split())
    assert identity.read_stat(sleeper).parent == outer  # type: ignore[union-attr]  # fails the test when None
    orphan = os.pidfd_open(reader)
    (tmp_path / "go").write_text("go\n")
    wait_for_pidfd(orphan)
    os.kill(sleeper, signal.SIGKILL)
    wait_for_end(outer)
    assert identity.read_stat(reader) is None  # adopted, and reaped
    assert json.loads((run.folder / "exit.json").read_text())["code"] == 3
