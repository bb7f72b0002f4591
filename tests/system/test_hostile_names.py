"""Names, commands, folders and tags of any bytes, through the real command line: shown, never acted on."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from night import Night, Nights

CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]")
NAMES = {
    "newline": b"a\nb\r\nc",
    "path": b"../../../etc/passwd",
    "no utf-8": b"\xff\xfe\x80name",
    "long": b"n" * 10_000,
    "override": "abc\u202egnp.exe\u2066".encode(),
    "escapes": b"\x1b]0;owned\x07\x1b[2J\x1b[31mred\x9b31m",
    "markup": b"<script>document.title='owned'</script><img src=x onerror=alert(1)>",
    "emoji": "\U0001f680\u200d\U0001f469".encode(),
    "dashes": b"--json",
}


def overnight(*words: bytes | str) -> bytes:
    """What the command line shows and says."""
    command = [os.fsencode(word) for word in (sys.executable, "-m", "overnight", *words)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert b"Traceback" not in done.stderr, done.stderr
    assert not CONTROL.search(done.stderr), done.stderr
    return done.stdout


@pytest.mark.usefixtures("plots")
@pytest.mark.parametrize("kind", NAMES)
def test_a_name_of_any_bytes_is_shown_and_does_nothing(nights: Nights, kind: str) -> None:
    name = NAMES[kind]
    folder = os.path.join(os.fsencode(nights.cwd), name.replace(b"/", b"_")[:200])
    os.mkdir(folder)
    words = (b"--name=" + name, b"--tag=" + name, b"--cwd=" + folder)
    script = b'printf "%s\\n" "$1"; echo "RuntimeError: $1"; exit 3'
    overnight("run", "--early-wait", "20", *words, "--", "sh", "-c", script, "sh", name)
    (path,) = nights.home.runs.iterdir()
    night = Night(nights.home, path)
    night.closed()
    for call in (("status", night.id), ("ls",), ("logs", night.id), ("report", night.id), ("wait", night.id)):
        shown = overnight(*call)
        assert shown
        assert not CONTROL.search(shown), (call, CONTROL.search(shown), shown[:300])
    for call in (("status", night.id, "--json"), ("ls", "--json")):
        assert night.id in json.dumps(json.loads(overnight(*call)))
    page = (night.folder / "report.html").read_bytes()
    assert b"<script>document" not in page
    assert b"<img src=x" not in page
    assert not CONTROL.search((night.folder / "report.md").read_bytes())
    assert not CONTROL.search((night.folder / "status.md").read_bytes())
    assert sorted(nights.home.path.parent.iterdir()) == sorted(places(nights))


def places(nights: Nights) -> list[Path]:
    """What a test's folder holds when nothing was written outside the home."""
    return [nights.home.path, nights.cwd, nights.home.path.parent / "config.toml"]
