"""`events.jsonl`, damaged.

Rules: reading it never raises, from whatever byte; a replay of what is read never raises and gives the same watch each
time; so does the index made anew of it. The log of the run is the same for all.
"""

from fuzz import support
from overnight import catalog
from overnight.app.deciding import _stopped
from overnight.core.model import Answer, Best, Event, Record, Sample, StopRequest
from overnight.core.replay import replay
from overnight.errors import AlreadyEnded
from overnight.store import rebuild
from overnight.store.codec import encode
from overnight.store.rundir import RunDir

KNOWN = catalog.load()
LOG = b"epoch 1/10 loss 0.5\nepoch 2/10 loss 0.4\n" * 20


def check(data: bytes) -> None:
    """The whole file at once, then from the middle."""
    run = support.run_dir()
    with open(run.file("events.jsonl"), "wb") as file:
        file.write(data)
    events, end = run.events()
    run.torn_events()
    run.questions()
    support.refused(lambda: run.answer(Answer(question="gpu.oom-1", choice="stop", by="ada", at=1.0)))
    support.refused(lambda: _stopped(run), AlreadyEnded)
    assert run.events(end) == ([], end)
    run.events(len(data) // 2)
    assert _replayed(events) == _replayed(events)
    _indexed(run, events)


def _replayed(events: list[Event]) -> bytes:
    watch = replay(support.SPEC, events, [LOG], KNOWN)
    watch.look(7200.0)
    return encode(watch.status(7200.0))


def _indexed(run: RunDir, events: list[Event]) -> None:
    """What an index takes of them."""
    rebuild._status_without_watch(run, events)
    for event in events:
        rebuild._values(event)
        rebuild._telling(event)


def seeds() -> list[bytes]:
    """Events of each kind, one by one and together."""
    best = Best(name="value", value=0.5, at="trial 1", direction="maximize")
    told = {
        "key": "k3f9:success",
        "kind": "success",
        "run": "k3f9",
        "name": "s",
        "command": "c",
        "elapsed_s": 1.0,
    }
    kinds = {
        "started": {},
        "first_logs": {"result": "valid"},
        "check_in": {
            "number": 1,
            "verdict": "ok",
            "metrics": {"loss": 0.5},
            "progress": [{"unit": "epoch", "current": 2}],
        },
        "problem": support.PROBLEM,
        "record": Record(best=best, previous=0.4, gain=0.1, t=5.0),
        "sample": Sample(t=5.0, cpu_percent=99.0, rss_bytes=10**9),
        "question": support.QUESTION,
        "answer": Answer(question="gpu.oom-1", choice="continue", by="ada", at=1.0),
        "interrupt": {"problem": support.PROBLEM},
        "stop": StopRequest(by="ada", at=1.0, reason="stop"),
        "stopped_tree": {"signals": ["SIGINT"], "survivors": [{"pid": 3, "name": "a"}]},
        "ended": {"state": "failed", "exit": support.EXIT},
        "notification": told,
        "report": {"html": "report.html"},
    }
    lines = [_line(kind, data, t) for t, (kind, data) in enumerate(kinds.items())]
    return [*lines, b"".join(lines), b'{"torn"\n' + lines[0]]


def _line(kind: str, data: object, t: int) -> bytes:
    return (
        encode(
            {"t": float(t), "kind": kind, "key": kind, "offset": 20 * t, "at": support.BEGAN, "data": data}
        )
        + b"\n"
    )


WORDS = (
    '"kind":"question"',
    '"kind":"ended"',
    '"kind":"answer"',
    '"t":"nan"',
    '"t":1e300',
    '"offset":-1',
    "null",
    "[[[[",
)
