"""Nights written down for the report's tests: what a view holds, without running one."""

import math
import os
import random
from pathlib import Path
from typing import Any

import msgspec

from overnight.core import model
from overnight.core.model import Best, Event, Exit, Problem, Progress, Question, Record, Sample
from overnight.report.view import CurvePoint, Provenance, Step, StudyFacts, TrialPoint, View

HERE = Path(__file__).parent
SOURCES = str(Path(model.__file__).parents[2])
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join([SOURCES, os.environ.get("PYTHONPATH", "")])}
"""For processes that are started in another folder."""
HOUR = 3600.0
START = 1_795_385_640.0
TAGS = frozenset((
    "html", "head", "meta", "title", "style", "body", "main", "header", "footer", "section", "p", "span", "b",
    "br", "h1", "h2", "h3", "ol", "ul", "li", "code", "pre", "dl", "dt", "dd", "figure", "figcaption", "div",
    "table", "thead", "tbody", "tr", "th", "td", "time", "i", "svg", "g", "path", "line", "rect", "text",
    "tspan", "circle", "defs", "clippath",
))  # fmt: skip
"""The elements that a page of ours may have."""


def event(t: float, kind: Any, key: str, data: Any = None) -> Event:
    return Event(t=t, kind=kind, key=key, at=START + t, data=msgspec.to_builtins(data or {}))


def problem(**over: Any) -> Problem:
    facts: dict[str, Any] = {
        "signature": "gpu.oom",
        "cls": "gpu_oom",
        "severity": "critical",
        "count": 1,
        "first_line": 4120,
        "last_line": 4120,
        "text": "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
        "cause": "the GPU's memory is full",
        "advice": "Lower the batch size or enable gradient checkpointing.",
        "relaunch": "It will fail the same way until something is changed.",
        "first_t": 5 * HOUR,
        "last_t": 5 * HOUR,
        "context": [
            "Trial 62 finished",
            "Traceback (most recent call last):",
            '  File "train.py", line 88',
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
        ],
    }
    return Problem(**(facts | over))


def samples(hours: float, seed: int = 3) -> list[Sample]:
    chance = random.Random(seed)
    count = 120
    return [
        Sample(
            t=hours * HOUR * i / (count - 1),
            cpu_percent=max(4.0, 190 + 40 * math.sin(i / 6) + chance.gauss(0, 18)),
            rss_bytes=int(1.1e9 + 1.6e9 * i / count + chance.random() * 2e8),
        )
        for i in range(count)
    ]


def check_ins(hours: float) -> list[Event]:
    times = [30.0, 90.0]
    while times[-1] + 300 < hours * HOUR:
        times.append(times[-1] + 300)
    return [
        event(t, "check_in", f"check_in:{i + 1}", {"number": i + 1, "verdict": "ok"})
        for i, t in enumerate(times)
    ]


def sweep(**over: Any) -> View:
    """A study of a hundred trials that went well, with an outlier, pruned and failed trials and records."""
    chance = random.Random(7)
    hours = 7.7
    trials: list[TrialPoint] = []
    for i in range(100):
        t = hours * HOUR * (i + 1) / 101
        floor = 0.031 + 0.35 * math.exp(-i / 12)
        value = floor + abs(chance.gauss(0, 0.05)) + (6.0 if i == 31 else 0.0)
        state = "failed" if i in (17, 44, 45) else "pruned" if i % 6 == 5 else "complete"
        trials.append(TrialPoint(i, state, None if state == "failed" else value, t))
    done = [p for p in trials if p.state == "complete"]
    best = min(done, key=lambda p: p.value or 9.0)
    steps = sorted(done, key=lambda p: p.number)
    told = []
    low = 9.0
    for p in steps:
        if p.value is not None and p.value < low * 0.75 and p.number > 10:
            before = low
            told.append(_record(p, before))
        low = min(low, p.value or 9.0)
    told = told[:3]
    question = Question(
        id="opt.trial_fail-50",
        t=3.4 * HOUR,
        problems=[problem(severity="minor", text="2 trials in a row failed")],
    )
    events = [
        event(0, "started", "started"),
        *check_ins(hours),
        *[event(r.t, "record", f"record:{r.best.at}", r) for r in told],
        *[
            event(
                r.t,
                "notification",
                f"notification:record:{r.best.at}",
                {"key": f"k3f9:record:{r.best.at}", "kind": "discovery"},
            )
            for r in told
        ],
        event(
            3.4 * HOUR,
            "problem",
            "problem:opt.trial_fail:3",
            problem(
                severity="minor",
                signature="opt.trial_fail",
                text="Trial 45 failed: RuntimeError('CUDA error')",
                count=3,
            ),
        ),
        event(3.4 * HOUR, "question", "question:q", question),
        event(
            3.4 * HOUR, "notification", "notification:question", {"key": "k3f9:question", "kind": "question"}
        ),
        event(
            3.9 * HOUR,
            "answer",
            "answer:q",
            {"question": "q", "choice": "continue", "by": "ada", "at": START},
        ),
        event(hours * HOUR, "ended", "ended", {"state": "succeeded", "exit": {"code": 0}}),
        event(
            hours * HOUR, "notification", "notification:success", {"key": "k3f9:success", "kind": "success"}
        ),
        event(hours * HOUR + 1, "told", "told:success:file", {"key": "k3f9:success", "channel": "file:24"}),
    ]
    facts: dict[str, Any] = {
        "run": "k3f9",
        "name": "sweep-A",
        "argv": ["python", "tune.py", "--trials", "100"],
        "cwd": "/home/ada/lab",
        "start_at": START,
        "elapsed_s": hours * HOUR,
        "state": "succeeded",
        "exit": Exit(code=0, by="inner", max_rss_bytes=2_900_000_000, user_s=51_000.0, system_s=900.0),
        "progress": [Progress(unit="trial", current=100, total=100, percent=100.0)],
        "steps": [Step(p.t or 0.0, i + 1.0) for i, p in enumerate(trials)],
        "best": Best(name="value", value=best.value or 0.0, at=f"trial {best.number}", direction="minimize"),
        "metric": "log_loss",
        "direction": "minimize",
        "params": {"C": "9.73", "gamma": "0.0021", "kernel": "rbf"},
        "trials": trials,
        "states": {"complete": len(done), "pruned": 16, "failed": 3},
        "records": told,
        "problems": [
            problem(
                severity="minor",
                signature="opt.trial_fail",
                cls="trial_fail",
                count=3,
                first_line=233,
                last_line=611,
                text="Trial 45 failed: RuntimeError('CUDA error')",
                cause="the objective raised an exception",
                advice="Read the traceback of the first one.",
            )
        ],
        "samples": samples(hours),
        "events": sorted(events, key=lambda e: e.t),
        "log": "/home/ada/.local/state/overnight/runs/k3f9/output.log",
        "log_lines": 1834,
        "study": StudyFacts(
            name="demo",
            storage="sqlite:///study.db",
            edges=("C (high)",),
            ranges={"C": "0.01 … 10 (log)", "gamma": "1e-05 … 0.1 (log)", "kernel": "rbf, linear"},
            leaders=(
                (best.number, best.value or 0.0, {"C": "9.73", "gamma": "0.0021"}),
                (71, 0.0391, {"C": "8.1", "gamma": "0.0017"}),
            ),
        ),
        "provenance": Provenance(
            host="tuna",
            system="Linux 6.12",
            python="3.11.9",
            program="/usr/bin/python",
            commit="4cf4107e2b",
            changes=2,
            artifacts=(("study.db", 184_320, "9f86d081884c"),),
        ),
    }
    return View(**(facts | over))


def _record(point: TrialPoint, before: float) -> Record:
    value = point.value or 0.0
    best = Best(name="value", value=value, at=f"trial {point.number}", direction="minimize")
    return Record(best=best, previous=before, gain=(before - value) / before, t=point.t or 0.0)


def training(**over: Any) -> View:
    """A training of 40 epochs that died of memory at epoch 26."""
    chance = random.Random(5)
    hours = 5.2
    points = [(i, 2.3 * math.exp(-i / 9) + 0.21 + chance.random() * 0.03) for i in range(1, 27)]
    val = [CurvePoint(x, v + 0.08 + max(0, x - 15) * 0.012, x / 27 * hours * HOUR) for x, v in points]
    train = [CurvePoint(x, v * 0.92, x / 27 * hours * HOUR) for x, v in points]
    low = min(val, key=lambda p: p.value)
    fatal = problem(first_t=hours * HOUR, last_t=hours * HOUR)
    events = [
        event(0, "started", "started"),
        *check_ins(hours),
        event(hours * HOUR, "problem", "problem:gpu.oom:1", fatal),
        event(hours * HOUR, "ended", "ended", {"state": "failed", "exit": {"code": 1}}),
        event(
            hours * HOUR, "notification", "notification:failure", {"key": "t2ma:failure", "kind": "failure"}
        ),
    ]
    facts: dict[str, Any] = {
        "run": "t2ma",
        "name": "resnet",
        "argv": ["python", "train.py"],
        "cwd": "/home/ada/lab",
        "start_at": START,
        "elapsed_s": hours * HOUR,
        "state": "failed",
        "exit": Exit(code=1, by="inner"),
        "metric": "val_loss",
        "direction": "minimize",
        "best": Best(name="val_loss", value=low.value, at=f"epoch {low.x:g}", direction="minimize"),
        "progress": [Progress(unit="epoch", current=26, total=40, percent=65.0)],
        "steps": [Step(p.t or 0.0, p.x) for p in val],
        "curves": {"val_loss": val, "loss": train},
        "curve_unit": "epoch",
        "problems": [fatal],
        "samples": samples(hours),
        "events": events,
        "log": "/runs/t2ma/output.log",
        "log_lines": 4122,
        "tail": ["Epoch 26/40", "torch.OutOfMemoryError: CUDA out of memory."],
    }
    return View(**(facts | over))
