"""The records of a run directory, damaged.

Rules: any bytes in any of the files lead to a value of its type or to `Unreadable` with one sentence; looking at the
home (`ls`, `find`, `state_of`, a report of the status) raises nothing but an `OvernightError`. The first line of an
input names the file that the rest is written into.
"""

from fuzz import support
from overnight import catalog
from overnight.app import following, house, knowing
from overnight.core.digest import digest
from overnight.core.model import Answer, Status, StopRequest
from overnight.core.news import News
from overnight.core.watch import Watch
from overnight.errors import Unreadable
from overnight.keeper import liveness, records, stop
from overnight.keeper.tree import Tree
from overnight.store import rebuild, runs
from overnight.store.codec import encode
from overnight.store.rundir import RunDir
from overnight.store.task_status import markdown
from overnight.surfaces.cli import facts, listing, out

KNOWN = catalog.load()
FILES = (
    "spec.json", "start.json", "exit.json", "stop.json", "status.json", "cursors/ada.json", "answers/gpu%2Eoom-1.json",
    "templates.bin", "returned.jsonl",
)  # fmt: skip


def check(data: bytes) -> None:
    """One damaged file, and all who read it."""
    name, _, body = data.partition(b"\n")
    file = name.decode("latin-1")
    run = support.run_dir()
    with open(run.file(file if file in FILES else FILES[len(name) % len(FILES)]), "wb") as target:
        target.write(body)
    _records(run)
    _keepers(run)
    _looks(run)


def _records(run: RunDir) -> None:
    for read in (
        run.start,
        run.exit,
        run.stop_request,
        run.answers,
        run.templates,
        run.returns,
        run.open_question,
    ):
        support.refused(read, Unreadable)
    spec = support.refused(run.spec, Unreadable)
    if spec is not None:
        Watch(spec, KNOWN).look(7200.0)
    status = support.refused(run.status, Unreadable)
    if status is not None:
        _show(status)
    assert isinstance(run.cursor("ada"), dict | None)
    cursor = following.Cursor(run, "ada")
    cursor.take()
    assert cursor.place.news() is not None
    support.refused(cursor.place.lines, Unreadable)


def _keepers(run: RunDir) -> None:
    """The keeper's own reader of the same files."""
    support.refused(lambda: liveness.state_of(run.path), Unreadable)
    support.refused(lambda: records.read_exit(run.path), Unreadable)
    support.refused(lambda: stop._token(run.path), Unreadable)
    start = support.refused(lambda: records.read_start(run.path), Unreadable)
    if start is not None:
        Tree(start, "0")
        liveness.command_lives(start)


def _looks(run: RunDir) -> None:
    found = support.refused(lambda: knowing.status_of(run))
    if found is not None:
        _show(found)
    for seen in support.refused(knowing.list_runs) or ():
        listing._row(seen)
    for ref in (run.id, "last", "sweep", "k3"):
        support.refused(lambda ref=ref: runs.find(run.home, ref))  # type: ignore[misc]
    support.refused(lambda: house._old(run, 60.0), Unreadable)
    support.refused(lambda: rebuild._status_without_watch(run, []), Unreadable)


def _show(status: Status) -> None:
    """What a person is shown of it."""
    assert isinstance(status, Status)
    support.assert_harmless(markdown(status))
    digest(status, News(first=True))
    support.assert_harmless(out.page(facts.headline(status), facts.facts(status)))


def seeds() -> list[bytes]:
    """Each file as it should be."""
    stop_ = StopRequest(by="ada", at=support.BEGAN, reason="stop", grace_s=(1.0, 2.0))
    answer = Answer(question="gpu.oom-1", choice="fix", by="ada", at=support.BEGAN)
    cursor = {"events": 3, "log": 4, "question": None, "ended": False, "status": support.STATUS}
    bodies = (support.SPEC, support.START, support.EXIT, stop_, support.STATUS, cursor, answer)
    whole = [name.encode() + b"\n" + encode(body) for name, body in zip(FILES, bodies, strict=False)]
    return [*whole, b"templates.bin\novernight templates 1\nf12345678"]


WORDS = (
    "null",
    "NaN",
    "Infinity",
    "1e999",
    "-1",
    "99999999999999999999",
    '"nan"',
    "[[[[",
    '{"a":',
    "true",
    "\\ud800",
)
