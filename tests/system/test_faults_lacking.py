"""A home whose file system has no locks, a kernel without a watch left: said by doctor, slower, and still right."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import lacking
import pytest
from helpers import Home, kill
from night import Night, Nights, tellings

from overnight.store import locks
from overnight.watchman.start import holder

pytestmark = pytest.mark.skipif(
    not lacking.can, reason="the numbers of this processor's calls are not known here"
)
WORLDS = sorted(lacking.WITHOUT)


def overnight(what: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """A call in a world without that."""
    argv = lacking.command(what, sys.executable, "-m", "overnight", *words)
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)


def begun(nights: Nights, what: str) -> Night:
    """A command that waits for a word and ends with 57."""
    os.mkfifo(nights.cwd / "gate")
    script = "echo begun; read word < gate; echo $word; exit 57"
    words = ("run", "-d", "--json", "--cwd", str(nights.cwd), "--", "sh", "-c", script)
    done = overnight(what, *words)
    assert done.returncode == 0, done.stderr
    return Night(nights.home, nights.home.path / "runs" / json.loads(done.stdout)["run"])


def watchman(home: Home) -> int:
    """Whoever took the home's lock last: it counts as held only in its own world."""
    found = holder(str(home.path))
    assert found is not None
    return found.pid


@pytest.mark.parametrize("what", WORLDS)
def test_nothing_is_lost_or_doubled(nights: Nights, what: str) -> None:
    """A keeper and the watchman are killed, several look at once, and there is one watchman and one of everything."""
    night = begun(nights, what)
    night.until("started")
    kill(night.keepers[1])
    kill(watchman(nights.home))
    for _ in range(3):
        assert json.loads(overnight(what, "status", night.id, "--json").stdout)["state"] == "running"
    night.until("adopted")
    waiting = subprocess.Popen(
        lacking.command(
            what, sys.executable, "-m", "overnight", "wait", night.id, "--until", "end", "--json"
        ),
        stdout=subprocess.PIPE,
    )
    (nights.cwd / "gate").write_text("go\n")
    assert json.loads(waiting.communicate(timeout=60)[0])["exit_code"] == 57
    night.closed()
    assert waiting.returncode == 1
    assert night.log.read_text() == "begun\ngo\n"
    assert [event.data["exit"]["code"] for event in night.events("ended")] == [57]
    assert max(Counter(event.key for event in night.events()).values()) == 1
    assert len(tellings(nights.home)) == 1
    assert len(night.events("adopted")) == 1  # others were started and gave way
    kill(watchman(nights.home))


@pytest.mark.parametrize(
    ("what", "said"), [("flock", "cannot be locked"), ("inotify", "changes are not told")]
)
def test_the_doctor_says_it(nights: Nights, what: str, said: str) -> None:
    checks = json.loads(overnight(what, "doctor", "--json").stdout)
    texts = [check["text"] for check in checks if check["level"] == "warn"]
    assert [text for text in texts if said in text]


def test_a_stranger_s_folder_holds_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_MEMORY", str(tmp_path))
    mine = tmp_path / f"overnight-{os.geteuid()}"
    mine.mkdir(mode=0o777)
    mine.chmod(0o777)
    with pytest.raises(PermissionError, match="somebody else"):
        locks._folder()
