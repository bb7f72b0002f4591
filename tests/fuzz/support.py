"""What the targets share: a scratch folder in memory, valid records to damage, and what a refusal looks like.

Rules: nothing here needs atheris, as the kept inputs also run as ordinary tests; a folder is made once per process.
"""

import atexit
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from overnight.core.model import Event, Exit, Goal, Problem, Question, Spec, Start, Status
from overnight.errors import OvernightError
from overnight.store.codec import encode
from overnight.store.rundir import RunDir

T = TypeVar("T")

SCRATCH = Path(
    tempfile.mkdtemp(prefix="overnight-fuzz-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
)
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)
PLACES = {"OVERNIGHT_HOME": str(SCRATCH / "home"), "OVERNIGHT_CONFIG": str(SCRATCH / "config.toml")}
os.environ |= PLACES

RUN_ID = "k3f9"
BEGAN = time.time() - 3600.0
BOOT = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
PROBLEM = Problem(
    signature="gpu.oom", cls="gpu_oom", severity="critical", count=2, first_line=4, last_line=9,
    text="CUDA out of memory", cause="the GPU's memory is full", advice="Lower the batch size.", context=["a", "b"],
)  # fmt: skip
QUESTION = Question(id="gpu.oom-1", t=9.0, problems=[PROBLEM])
SPEC = Spec(
    run=RUN_ID, argv=["python", "tune.py"], cwd="/tmp", token="0" * 32, created_at=BEGAN, name="sweep",
    tags=["a"], env={"K": "V"}, goal=Goal(direction="maximize", metric="value"), expect={"trial": 10.0},
)  # fmt: skip
START = Start(pid=4_000_000, ticks=5, boot_id=BOOT, keepers=[(4_000_001, 5)], at=BEGAN, boottime=1.0)
EXIT = Exit(code=1, at=BEGAN + 60, by="inner")
STATUS = Status(
    run=RUN_ID, name="sweep", state="running", exit_code=None, signal=None, phase="paused", verdict="minor",
    elapsed_s=9.0, progress=[], best=None, metrics={"loss": 0.5}, problems=[PROBLEM], question=QUESTION,
    next_check_in_s=None, log="",
)  # fmt: skip
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def run_dir() -> RunDir:
    """A run that is closed and in order, anew: whoever looks at it starts no watchman."""
    path = SCRATCH / "home" / "runs" / RUN_ID
    shutil.rmtree(path, ignore_errors=True)
    (path / "answers").mkdir(parents=True)
    (path / "cursors").mkdir()
    (path / ".closed").touch()
    for name, value in (("spec.json", SPEC), ("start.json", START), ("exit.json", EXIT)):
        (path / name).write_bytes(encode(value))
    return RunDir(path)


def event(kind: str, data: object = None, t: float = 9.0) -> Event:
    """One that a watch might have recorded."""
    return Event(t=t, kind=kind, key=kind, at=BEGAN + t, data=data or {})  # type: ignore[arg-type]


def refused(call: Callable[[], T], *allowed: type[OvernightError]) -> T | None:
    """What `call` gives; None when it refuses in one sentence, as a person can meet it."""
    try:
        return call()
    except OvernightError as error:
        if allowed and not isinstance(error, allowed):
            raise
        said = str(error)
    assert said.strip(), "an error without a word"
    assert "\n" not in said, f"more than one line: {said}"
    assert len(said) < 5_000, "a sentence without an end"
    return None


def assert_harmless(text: str) -> None:
    """Nothing that acts on a terminal, lines of ours aside."""
    found = _CONTROL.search(text)
    assert found is None, f"{found and found[0]!r} in {text!r}"
