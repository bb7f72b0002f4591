"""Records: the first writer wins, whole or not at all, on a full disk too; out of memory on evidence only."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import DEADLINE_S, Home

from overnight.errors import Unreadable
from overnight.keeper import linux, oom, records
from overnight.keeper.launch import failure

pytestmark = pytest.mark.system

NOWHERE: dict[str, object] = {"code": None, "signal": None}


def test_the_first_writer_wins(tmp_path: Path) -> None:
    assert records.write_exit(str(tmp_path), code=7, signal=None, by="watchman")
    assert not records.write_exit(str(tmp_path), code=0, signal=None, by="watchman")
    assert records.read_exit(str(tmp_path))["code"] == 7  # type: ignore[index]  # written above
    assert os.listdir(tmp_path) == ["exit.json"]


def test_two_recorders_that_both_saw_no_record_cannot_overwrite_each_other(tmp_path: Path) -> None:
    folder = records.open_folder(str(tmp_path))
    rooms = {by: records.set_room_aside(folder, by) for by in records.KEEPERS}
    (tmp_path / "exit.json").write_text("{}")
    assert not records.commit_exit(folder, rooms["inner"], "inner", NOWHERE)
    (tmp_path / "exit.json").unlink()
    assert records.commit_exit(folder, rooms["outer"], "outer", NOWHERE)
    with pytest.raises(FileExistsError):
        linux.rename_exclusively(folder, records.room_name("inner"), "exit.json")
    assert records.read_exit(str(tmp_path))["by"] == "outer"  # type: ignore[index]  # written above


def test_a_record_takes_up_its_text_and_no_more(tmp_path: Path) -> None:
    records.write_exit(str(tmp_path), code=None, signal=9, by="watchman", note="n" * 100)
    text = (tmp_path / "exit.json").read_text()
    assert text == text.strip() + "\n"
    assert oct((tmp_path / "exit.json").stat().st_mode & 0o777) == "0o600"


@pytest.mark.parametrize(
    "text", ['quote " back \\ slash', "line\nend\ttab\x1b[31m\x00", "été \U0001f600", "\udcff lone"]
)
def test_any_text_is_written_as_json(text: str) -> None:
    read = json.loads(records.encode({"note": text, "list": [(1, 2)], "on": True, "none": None, "x": 0.5}))
    assert read == {"note": text.replace("\udcff", "?"), "list": [[1, 2]], "on": True, "none": None, "x": 0.5}


@pytest.mark.parametrize("text", ["", "{", "{}", "[1]", '{"pid": 1', '{"pid": "1"}', "\x00" * 4096])
def test_a_damaged_record_is_named_not_guessed(tmp_path: Path, text: str) -> None:
    (tmp_path / "start.json").write_text(text)
    with pytest.raises(Unreadable, match=r"start\.json"):
        records.read_start(str(tmp_path))


def counters(host: int | None, group: int | None) -> oom.Counters:
    seen = oom.Counters()
    seen.host, seen.group = host, group
    return seen


@pytest.mark.parametrize(
    ("before", "after", "signal", "verdict"),
    [
        ((0, 0), (0, 0), 9, False),  # nothing was killed on the whole host
        ((0, 0), (1, 1), 9, True),
        ((0, 0), (1, 1), None, None),  # a neighbour in the same group, or a child: nobody knows
        ((0, 0), (1, 0), 9, None),  # somewhere else, unless the command moved there
        ((0, None), (1, None), 9, None),  # no counter of the group to read
        ((None, 3), (None, 4), 9, True),
        ((None, 3), (None, 3), 9, None),
        ((None, None), (None, None), 9, None),
    ],
)
def test_out_of_memory_is_said_only_on_evidence(
    before: tuple[int, int], after: tuple[int, int], signal: int | None, verdict: bool | None
) -> None:
    assert oom.evidence(counters(*before), counters(*after), signal) is verdict


MEMORY_LIMIT = 48 << 20


def memory_group() -> Path | None:
    """A fresh memory cgroup with a small limit; None where this process may not make one."""
    try:
        own = oom.Counters().path
        if own is None:
            return None
        group = Path(own).parent / f"overnight-test-{os.getpid()}"
        group.mkdir()
    except OSError:
        return None
    for name in ("memory.max", "memory.limit_in_bytes"):
        if (group / name).exists():
            (group / name).write_text(str(MEMORY_LIMIT))
            return group
    group.rmdir()
    return None


@pytest.fixture
def small_memory() -> Path:
    group = memory_group()
    if group is None:
        pytest.skip("making a memory cgroup needs root or a delegated one")
    yield group  # type: ignore[misc]  # pytest's way of a fixture with an end
    group.rmdir()


LAUNCH = (
    "import os, sys; open(sys.argv[1], 'w').write(str(os.getpid()));"
    "from overnight.keeper.launch import launch; launch(sys.argv[2], sys.argv[3:], '/', dict(os.environ))"
)


def test_a_command_killed_by_the_memory_limit_is_evident(home: Home, small_memory: Path) -> None:
    folder = home.new_folder()
    greedy = [sys.executable, "-c", "x = bytearray(400 << 20); print('never')"]
    words = [sys.executable, "-c", LAUNCH, str(small_memory / "cgroup.procs"), str(folder), *greedy]
    subprocess.run(words, check=True, timeout=DEADLINE_S)
    record = home.run_in(folder).wait()
    home.run_in(folder).wait_until_all_are_gone()
    assert (record["code"], record["signal"], record["oom"]) == (None, 9, True)


def test_a_plain_kill_is_not_taken_for_out_of_memory(home: Home) -> None:
    """(None, not False, should somebody else on this host run out of memory at this very moment.)"""
    assert home.sh("kill -9 $$; read never").wait()["oom"] is not True


def may_mount() -> bool:
    return (
        subprocess.run(["unshare", "--map-root-user", "--mount", "true"], capture_output=True).returncode == 0
    )


SMALL_DISK = 'mount -t tmpfs -o size=128k none "$0" && exec "$@"'
FULL_DISK = """
import json, os, sys
from pathlib import Path
from helpers import Home
from overnight.errors import OvernightError
home = Home(Path(sys.argv[1]))
pty = sys.argv[2] == "pty"
run = home.launch("sh", "-c", f"head -c 1000000 /dev/zero > {home.path}/fill; echo full; exit 9", pty=pty)
record = run.wait()
run.wait_until_let_go()
try:
    home.launch("true")
except (OvernightError, OSError) as error:
    second = str(error)
print(json.dumps([record, os.listdir(run.folder), second]))
"""


@pytest.mark.skipif(not may_mount(), reason="a small disk of one's own needs a mount namespace")
@pytest.mark.parametrize("how", ["plain", "pty"])
def test_a_disk_that_fills_up_during_the_run_loses_no_exit_code(tmp_path: Path, how: str) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    script = [sys.executable, "-c", FULL_DISK, str(tmp_path), how]
    words = ["unshare", "--map-root-user", "--mount", "sh", "-c", SMALL_DISK, str(tmp_path), *script]
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert done.stderr == ""
    record, files, second = json.loads(done.stdout)
    assert (record["code"], record["by"]) == (9, "inner")
    assert not [name for name in files if name.startswith(".")]
    assert "No space left" in second or "is full" in second  # in making the folder, or after it


def test_a_start_on_a_full_disk_says_so(tmp_path: Path) -> None:
    error = failure("home", 28, "true", "/", str(tmp_path))
    assert (type(error).__name__, error.code) == ("HomeUnusable", "disk_full")
