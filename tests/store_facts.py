"""Facts for the tests of the store and of telling: statuses, tellings, a home with runs."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from overnight.core import model
from overnight.core.model import Best, Event, Problem, Progress, Question, Status, Telling
from overnight.store.codec import decode, encode
from overnight.store.home import create_run_dir
from overnight.store.rundir import RunDir

SOURCES = str(Path(model.__file__).parents[2])
ENVIRONMENT = os.environ | {"PYTHONPATH": SOURCES}
NIGHT_S = 27_720.0
"""7 h 42."""

MAY_MOUNT = subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode == 0
"""Whether a test may have a disk of its own."""


def new_run(home: Path | str, **facts: Any) -> RunDir:
    """A run directory as `run` makes it."""
    return RunDir(create_run_dir(str(home), {"argv": ["true"], "cwd": "/", **facts}))


def status(run: str = "k3f9", **over: Any) -> Status:
    facts: dict[str, Any] = {
        "run": run,
        "name": "sweep-A",
        "state": "running",
        "exit_code": None,
        "signal": None,
        "phase": "cruise",
        "verdict": "ok",
        "elapsed_s": 690.0,
        "progress": [Progress(unit="trial", current=63, total=100, percent=63.0, rate_per_s=0.1, eta_s=370)],
        "best": best(),
        "metrics": {"val_loss": 0.0312},
        "problems": [],
        "question": None,
        "next_check_in_s": 300.0,
        "log": "/home/me/runs/k3f9/output.log",
        "check_ins": 4,
        "updated_at": 1_795_385_640.0,
    }
    return Status(**(facts | over))


def best(**over: Any) -> Best:
    facts: dict[str, Any] = {
        "name": "val_loss",
        "value": 0.0312,
        "at": "trial 87",
        "direction": "minimize",
        "params": {"lr": "0.01", "depth": "7"},
    }
    return Best(**(facts | over))


def problem(**over: Any) -> Problem:
    facts: dict[str, Any] = {
        "signature": "gpu.oom",
        "cls": "gpu_oom",
        "severity": "critical",
        "count": 3,
        "first_line": 4120,
        "last_line": 5000,
        "text": "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
        "cause": "the GPU's memory is full",
        "advice": "Lower the batch size.",
        "relaunch": "It fails the same way until something is changed.",
        "context": ["Trial 62 finished", "Traceback (most recent call last):", '  File "train.py", line 88'],
    }
    return Problem(**(facts | over))


def question(**over: Any) -> Question:
    facts: dict[str, Any] = {"id": "gpu.oom-4", "t": 690.0, "problems": [problem()]}
    return Question(**(facts | over))


def telling(run: str = "k3f9", **over: Any) -> Telling:
    facts: dict[str, Any] = {
        "key": f"{run}:success",
        "kind": "success",
        "run": run,
        "name": "sweep-A",
        "command": "python tune.py",
        "elapsed_s": NIGHT_S,
        "host": "box",
        "progress": [Progress(unit="trial", current=63, total=100)],
        "best": best(),
    }
    return Telling(**(facts | over))


def event(kind: Any, key: str, data: object = None, **over: Any) -> Event:
    plain = decode(encode(data), dict) if data is not None else {}
    return Event(**({"t": 1.0, "kind": kind, "key": key, "data": plain} | over))


def on_a_small_disk(folder: Path, kilobytes: int, script: str, *arguments: str) -> str:
    """What a Python script prints that has `folder` on a disk of so many kilobytes."""
    mount = f'mount -t tmpfs -o size={kilobytes}k none "$0" && exec "$@"'
    words = ["unshare", "-rm", "sh", "-c", mount, str(folder), sys.executable, "-c", script, str(folder)]
    done = subprocess.run(
        [*words, *arguments], env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
