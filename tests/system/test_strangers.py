"""A stranger with a shell account gets at nothing of a night, can put nothing into it, and nothing listens to him."""

import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import Home, wait_for_file
from night import Night, Nights, Puppet
from outside import Outsiders
from stranger import NOBODY, all_of, as_stranger, listening, needs_root, reached, seen_in_proc, unprivate

from overnight import app
from overnight.errors import HomeUnusable
from overnight.keeper.launch import prepare as prepare_interpreter
from overnight.store import home as store
from overnight.store.database import Database
from overnight.watchman import memory
from overnight.watchman.start import ensure

SECRET = "hunter2-of-the-night"
HOOK = "json://127.0.0.1:9/hook-with-a-token"
MINOR = "WARNING: CUDA is not available, falling back to CPU"
LIVE = {
    "spec.json", "start.json", "output.log", "events.jsonl", "status.json", "status.md", "lock", "tree.lock",
    ".exit.inner", ".exit.outer", memory.FILE, "answers", "cursors", "index.db", "index.db-wal", "index.db-shm",
    "watchman.lock", "watchman.log", "told.log", "config.toml",
}  # fmt: skip
ENDED = {"exit.json", "report.md", "report.html", "templates.bin", "crash.log"}


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder whose parents anybody may traverse; the usual ones are this user's alone."""
    folder = Path(tempfile.mkdtemp(prefix="overnight-public-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home that is not there yet, nor what leads to it."""
    home = Home(tmp_path / "state" / "deep" / "overnight")
    places = {
        "OVERNIGHT_HOME": home.path,
        "XDG_CACHE_HOME": tmp_path / "cache",
        "TMPDIR": tmp_path / "temporary",
    }
    for name, path in places.items():
        monkeypatch.setenv(name, str(path))
    (tmp_path / "temporary").mkdir(mode=0o700)
    yield home
    home.close()


@pytest.fixture(params=[0o000, 0o022], ids=["umask-000", "umask-022"])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def overnight(*words: str) -> None:
    """A call that goes well or says something."""
    done = subprocess.run([sys.executable, "-m", "overnight", *words], capture_output=True, check=False)
    assert done.stdout or done.returncode == 0, done.stderr


def crash() -> None:
    """A bug of ours, as the command line saves it."""
    script = "import overnight.surfaces.cli.failing as f; f.report_bug(ValueError, ValueError('a'), None)"
    subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)


def asked_and_answered(nights: Nights) -> Puppet:
    """A run with a secret in its environment that asked and was answered."""
    puppet = nights.puppet(env={"API_KEY": SECRET})
    puppet.say(MINOR)
    puppet.night.until("question")
    overnight("wait", puppet.night.id, "--timeout", "0")
    overnight("answer", puppet.night.id, "continue")
    puppet.night.until("answer")
    return puppet


def remembered(night: Night) -> None:
    """Its log has become so long that what was understood of it is kept."""
    with night.log.open("ab") as log:
        line = b"x" * 1500 + b"\n"  # long: its bytes are what counts here, and lines are what takes time
        log.write(line * (memory.EVERY_BYTES // len(line) + 1))
    wait_for_file(night.folder / memory.FILE)


def ours(nights: Nights, *runs: Night) -> list[int]:
    return [nights.watchman, *(pid for run in runs for pid in run.keepers)]


def names(paths: list[str]) -> set[str]:
    return {os.path.basename(path) for path in paths}


@needs_root
def test_a_stranger_reaches_nothing(
    nights: Nights, outsiders: Outsiders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, umask: None
) -> None:
    monkeypatch.setenv("OVERNIGHT_CONFIG", str(tmp_path / "settings" / "deep" / "config.toml"))
    overnight("config", "set", "notify", f"file:{nights.home.path}/told.log")
    overnight("config", "set", "linger_s", "30")
    private = [tmp_path / name for name in ("state", "settings", "temporary")]
    puppet, one = asked_and_answered(nights), outsiders.start()
    attached = one.attach()
    attached.until("started")
    remembered(puppet.night)
    with Database(
        str(nights.home.path)
    ).reading() as connection:  # its side files are there while somebody has it open
        connection.exec_driver_sql("SELECT * FROM runs")
        found = all_of(*private)
        assert names(found) >= LIVE
        assert reached(found) == []
        assert unprivate(found) == []
    proc = seen_in_proc(ours(nights, puppet.night, attached))
    assert proc["reached"] == []
    assert SECRET not in "".join(proc["cmdline"])

    puppet.say("RuntimeError: it cannot go on")
    puppet.end(1)
    one.end(0)
    puppet.night.closed()
    attached.closed()
    overnight("report", puppet.night.id)
    overnight("ls")
    crash()
    found = all_of(*private)
    assert names(found) >= ENDED
    assert reached(found) == []
    assert unprivate(found) == []


@needs_root
def test_the_stranger_of_these_tests_reaches_what_is_open(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "a").touch()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "open" / "a").chmod(0o644)
    found = all_of(tmp_path / "open")
    assert len(unprivate(found)) == 2
    assert {done.split(" /")[0] for done in reached(found)} >= {"list", "read", "open in it", "rename"}


def test_no_secret_stands_on_a_command_line_of_ours(nights: Nights, tmp_path: Path) -> None:
    """Anybody may read those: the keepers', the watchman's, and those that wait to be a keeper's."""
    (tmp_path / "config.toml").write_text(f'notify = ["{HOOK}"]\n')
    puppet = nights.puppet(env={"API_KEY": SECRET}, name=SECRET, tags=[SECRET])
    puppet.night.until("started")
    prepare_interpreter()
    said = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in (*ours(nights, puppet.night), *children())]
    assert len(said) >= 4
    assert SECRET.encode() not in b"".join(said)
    assert b"hook-with-a-token" not in b"".join(said)
    puppet.end()


def children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def test_nothing_listens(nights: Nights, outsiders: Outsiders) -> None:
    puppet, one = asked_and_answered(nights), outsiders.start()
    attached = one.attach()
    attached.until("started")
    assert listening(ours(nights, puppet.night, attached)) == []
    puppet.say("RuntimeError: it cannot go on")
    puppet.end(1)
    one.end(0)
    puppet.night.closed()
    assert listening([nights.watchman]) == []


def test_who_listens_is_found() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)),
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as datagrams,
    ):
        datagrams.bind(("::1", 0))
        with socket.socket(socket.AF_UNIX) as local:
            local.bind("\0overnight-test")
            local.listen()
            kinds = {row.split()[0] for row in listening([os.getpid()])}
    assert kinds >= {"tcp", "udp6", "unix"}


# ---------------------------------------------------------------- what a stranger has put there


def refused(place: Path) -> HomeUnusable:
    """Every way in is closed, again and again, and nothing is started or written there."""
    before = sorted(place.rglob("*"))
    for enter in (
        lambda: store.create_run_dir(str(place), {"argv": ["true"], "cwd": "/"}),
        lambda: ensure(str(place)),
        lambda: store.prepare(str(place)),
    ):
        with pytest.raises(HomeUnusable) as caught:
            enter()
        assert caught.value.code == "home_foreign"
        assert "\n" not in str(caught.value)
        assert "OVERNIGHT_HOME" in str(caught.value)
    assert sorted(place.rglob("*")) == before
    return caught.value


def planted(place: Path, name: str) -> None:
    """As a stranger can where he may write: a run with an intent and an answer of his own making."""

    def plant() -> None:
        run = place / name
        (run / "answers").mkdir(parents=True)
        (run / "spec.json").write_text("{}")
        (run / "answers" / "q.json").write_text("{}")

    as_stranger(plant)


@needs_root
@pytest.mark.parametrize("below", ["", "runs"])
def test_what_a_stranger_planted_is_not_taken_over(tmp_path: Path, below: str) -> None:
    place = tmp_path / "home"
    (place / below).mkdir(parents=True)
    (place / below).chmod(0o777)
    planted(place / below, "runs" if not below else "k3f9")
    assert "put there by another user" in str(refused(place))
    assert stat.S_IMODE((place / below).stat().st_mode) == 0o777
    shutil.rmtree(place / below)
    assert store.prepare(str(place)) == str(place / "runs")
    assert reached(all_of(place)) == []


@needs_root
def test_a_home_that_was_open_and_holds_nothing_strange_is_closed(tmp_path: Path) -> None:
    run = store.create_run_dir(str(tmp_path / "home"), {"argv": ["true"], "cwd": "/"})
    for path in (tmp_path / "home", tmp_path / "home" / "runs"):
        path.chmod(0o777)
    store.prepare(str(tmp_path / "home"))
    assert reached(all_of(tmp_path / "home")) == []
    assert os.path.isdir(run)


@needs_root
def test_a_link_of_a_stranger_or_into_his_folder_is_refused(tmp_path: Path) -> None:
    for name in ("mine", "theirs"):
        (tmp_path / name).mkdir(mode=0o700)
    os.chown(tmp_path / "theirs", NOBODY, NOBODY)
    (tmp_path / "into").symlink_to(tmp_path / "theirs")
    (tmp_path / "by").symlink_to(tmp_path / "mine")
    os.chown(tmp_path / "by", NOBODY, NOBODY, follow_symlinks=False)
    (tmp_path / "own").symlink_to(tmp_path / "mine")
    assert "belongs to another user" in str(refused(tmp_path / "into"))
    assert "is a link of another user" in str(refused(tmp_path / "by"))
    assert store.prepare(str(tmp_path / "own")) == str(tmp_path / "own" / "runs")


@needs_root
def test_the_doctor_and_the_list_say_whose_home_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "theirs"
    (place / "runs" / "k3f9").mkdir(parents=True)
    os.chown(place, NOBODY, NOBODY)
    monkeypatch.setenv("OVERNIGHT_HOME", str(place))
    with pytest.raises(HomeUnusable, match="belongs to another user"):
        app.list_runs()
    said = subprocess.run(
        [sys.executable, "-m", "overnight", "doctor"], capture_output=True, text=True, check=False
    )
    assert "belongs to another user" in said.stdout
    assert "Traceback" not in said.stderr
    assert not (place / "watchman.log").exists()


@needs_root
def test_a_crash_is_not_written_where_a_stranger_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The temporary folder is everybody's: what stands there under a name that he can guess is his."""
    temporary = tmp_path / "everybody"
    temporary.mkdir()
    temporary.chmod(0o1777)
    as_stranger(lambda: (temporary / "crash.log").write_text(""))
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setenv("OVERNIGHT_HOME", str(tmp_path / "nowhere"))
    crash()
    assert (temporary / "crash.log").read_text() == ""
    (saved,) = temporary.glob("overnight-crash-*")
    assert "ValueError" in saved.read_text()
    assert reached([str(saved)]) == []
