"""A log that is one line without end, by a real run under a real watchman: bounded memory, an answer at once."""

import re
import shutil
import time
from pathlib import Path

import pytest
from night import Nights

from overnight import app

LINE_BYTES = 1 << 30
MOST_KIB = 300 << 10


def peak_kib(pid: int) -> int:
    """The most memory that a process ever had, in KiB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1])


def test_a_gigabyte_in_one_line_is_watched_in_bounded_memory(nights: Nights) -> None:
    if shutil.disk_usage(nights.home.path).free < 4 * LINE_BYTES:
        pytest.skip("a gigabyte more would fill this disk")
    night = nights.start("sh", "-c", f"head -c {LINE_BYTES} /dev/zero | tr '\\0' a; exit 3")
    night.closed()
    assert night.log.stat().st_size == LINE_BYTES
    assert night.status(lambda status: status.state == "failed").exit_code == 3
    assert peak_kib(nights.watchman) < MOST_KIB
    begun = time.monotonic()
    assert len("".join(app.read_log(night.id, 5))) <= 17 << 20
    assert time.monotonic() - begun < 5
    night.log.unlink()
