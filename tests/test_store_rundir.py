"""The run directory: what is written can be read, whatever happens in between."""

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from store_facts import ENVIRONMENT, MAY_MOUNT, event, new_run, on_a_small_disk, problem, question, status

from overnight.core.model import Answer, Exit, StopRequest
from overnight.errors import (
    AlreadyAnswered,
    AlreadyEnded,
    HomeUnusable,
    NothingToAnswer,
    Unreadable,
    UsageError,
)
from overnight.store.codec import encode
from overnight.store.rundir import RunDir


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return new_run(tmp_path / "home", name="sweep-A")


def answer(choice: str = "continue", asked: str = "gpu.oom-4", by: str = "me") -> Answer:
    return Answer(question=asked, choice=choice, by=by, at=5.0)  # type: ignore[arg-type]  # a literal, tested


def ask(run: RunDir, asked: str = "gpu.oom-4") -> None:
    run.append([event("question", f"question:{asked}", question(id=asked))])


# ---------------------------------------------------------------- events


def test_events_come_back_in_order_and_from_where_one_left_off(run: RunDir) -> None:
    assert run.events() == ([], 0)
    first, second = event("started", "started"), event("check_in", "check_in:1", {"number": 1})
    run.append([first])
    seen, place = run.events()
    run.append([second])
    assert (seen, run.events(place)[0], run.events()[0]) == ([first], [second], [first, second])


def test_a_line_that_is_not_whole_yet_is_left_for_later(run: RunDir) -> None:
    run.append([event("started", "started")])
    line = encode(event("note", "n")) + b"\n"
    with open(run.file("events.jsonl"), "ab", buffering=0) as file:
        file.write(line[:10])
        seen, place = run.events()
        file.write(line[10:])
    assert [e.key for e in seen] == ["started"]
    assert [e.key for e in run.events(place)[0]] == ["n"]


def test_a_torn_line_hides_nothing_that_follows(run: RunDir) -> None:
    run.append([event("started", "started")])
    with open(run.file("events.jsonl"), "ab") as file:
        file.write(b'{"t":1,"kind":"no')
    run.append([event("note", "after")])
    assert [e.key for e in run.events()[0]] == ["started", "after"]
    assert run.torn_events() == 1


@pytest.mark.parametrize("flood", [0, 3, 2_000])
def test_the_events_of_a_kind_are_found_among_many_others_however_they_are_written(
    run: RunDir, flood: int
) -> None:
    named = event("note", "n", {"text": '{"t":1.0,"kind":"ended"'})
    found = event("answer", "a", {"question": "q", "choice": "stop", "by": "me", "at": 1.0})
    run.append([event("note", f"n:{n}", {"text": "x" * 50}) for n in range(flood)] + [named, found])
    with open(run.file("events.jsonl"), "ab") as file:
        file.write(b'{"kind": "answer", "t": "2.0", "key": "other", "data": ' + encode(found.data) + b"}\n")
        file.write(b'{"t":1.0,"kind":"answer","key":"bad","data":{}}\n\n{"t":1.0,"kind":"ans')
    run.append([event("note", f"after:{n}") for n in range(flood + 1)])
    everything, end = run.events()
    assert [e.key for e in run.events_of("answer", "ended")] == ["a", "other"]
    assert [e.key for e in run.events_of("note")] == [e.key for e in everything if e.kind == "note"]
    *_, (_event, last) = run.each_event(0, ["answer"])
    assert last == end == os.path.getsize(run.file("events.jsonl"))
    places = {e.key: after for e, after in run.each_event() if e is not None}
    assert {e.key: after for e, after in run.each_event(0, ["answer"]) if e is not None} == {
        key: places[key] for key in ("a", "other")
    }


def test_a_line_longer_than_any_of_ours_is_passed_over(run: RunDir) -> None:
    Path(run.file("events.jsonl")).write_bytes(b"x" * (40 << 20) + b"\n")
    run.append([event("note", "after")])
    assert [e.key for e in run.events()[0]] == ["after"]
    assert [e.key for e in run.events_of("note")] == ["after"]
    assert run.events()[1] == os.path.getsize(run.file("events.jsonl"))


WRITER = """
import sys
from overnight.core.model import Event
from overnight.store.rundir import RunDir
run = RunDir(sys.argv[1])
for n in range(100_000):
    run.append([Event(t=n, kind="note", key=f"n:{n}", data={"text": "x" * 300})])
    print(n, flush=True)
"""


def test_what_was_acknowledged_survives_a_kill(run: RunDir) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, run.path], env=ENVIRONMENT, stdout=subprocess.PIPE
    )
    assert writer.stdout is not None
    for _ in range(20):
        last = int(writer.stdout.readline())
    writer.send_signal(signal.SIGKILL)
    writer.wait(timeout=30)
    acknowledged = [last, *map(int, writer.stdout.read().split())]
    run.append([event("note", "after")])
    keys = [e.key for e in run.events()[0]]
    assert keys[-1] == "after"
    assert keys[: acknowledged[-1] + 1] == [f"n:{n}" for n in range(acknowledged[-1] + 1)]


def test_writers_in_threads_tear_nothing(run: RunDir) -> None:
    def write(name: int) -> None:
        for n in range(20):
            run.append([event("note", f"{name}:{n}"), event("note", f"{name}:{n}+")])

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len({e.key for e in run.events()[0]}) == 160


def test_numbers_that_json_has_no_word_for_are_kept(run: RunDir) -> None:
    run.write_status(status(run.id, metrics={"loss": float("nan"), "gain": float("-inf")}))
    json.loads(Path(run.file("status.json")).read_text(), parse_constant=lambda word: pytest.fail(word))
    read = run.status()
    assert read is not None
    assert str(read.metrics) == "{'loss': nan, 'gain': -inf}"


# ---------------------------------------------------------------- status


@pytest.mark.rule("W3.1")
def test_the_status_is_replaced_as_a_whole_in_both_forms(run: RunDir) -> None:
    assert run.status() is None
    run.write_status(status(run.id))
    run.write_status(status(run.id, check_ins=5))
    read = run.status()
    assert read is not None
    assert (read.check_ins, read.best) == (5, status().best)
    page = Path(run.file("status.md")).read_text()
    assert "trial 63/100 (63 %)" in page
    assert "val_loss 0.0312 at trial 87" in page
    assert stat.S_IMODE(os.stat(run.file("status.json")).st_mode) == 0o600
    assert not [name for name in os.listdir(run.path) if name.startswith(".")]


def test_a_reader_never_sees_half_a_status(run: RunDir) -> None:
    run.write_status(status(run.id))
    done = threading.Event()

    def write() -> None:
        for n in range(100):
            run.write_status(status(run.id, check_ins=n, note="x" * 10_000))
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        assert run.status() is not None
    writer.join(30)


def test_the_page_shows_question_and_problems_and_no_secret(run: RunDir) -> None:
    found = problem(text="\x1b[31mOOM\x1b[0m <b>*bold*</b>\nAPI_KEY=abcdef123456")
    asked = question(problems=[found])
    words = ["train", "--password", "hunter2"]
    run.write_status(status(run.id, problems=[found], question=asked, command=words))
    page = Path(run.file("status.md")).read_text()
    assert "Fix and relaunch, or continue?" in page
    assert "\\<b\\>\\*bold\\*\\</b\\>" in page
    assert not [hidden for hidden in ("\x1b", "abcdef123456", "hunter2") if hidden in page]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"run": 3}', b"\xff\xfe", b"\x00" * 100, b"[" * 100_000]
)
def test_a_damaged_status_is_one_clear_sentence(run: RunDir, content: bytes) -> None:
    Path(run.file("status.json")).write_bytes(content)
    with pytest.raises(Unreadable, match=r"status\.json is damaged") as caught:
        run.status()
    assert "next check-in writes it anew" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_directory_without_its_intent_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="no run directory"):
        RunDir(tmp_path).spec()


def test_what_the_keepers_write_is_read(run: RunDir) -> None:
    assert (run.start(), run.exit()) == (None, None)
    Path(run.file("exit.json")).write_bytes(encode(Exit(code=3, by="inner")) + b" " * 100)
    read = run.exit()
    assert read is not None
    assert (read.code, read.by) == (3, "inner")


# ---------------------------------------------------------------- answers


@pytest.mark.rule("W3.3")
def test_a_question_gets_one_answer(run: RunDir) -> None:
    ask(run)
    assert run.open_question() == question()
    run.answer(answer("fix"))
    with pytest.raises(AlreadyAnswered, match="already answered 'fix' by 'me'"):
        run.answer(answer("stop", by="somebody else"))
    assert (run.answers(), run.open_question()) == ([answer("fix")], None)


@pytest.mark.rule("W3.3")
def test_of_many_answers_at_once_one_counts(run: RunDir) -> None:
    ask(run)
    together = threading.Barrier(8)
    outcomes: list[int | None] = []

    def give(name: int) -> None:
        together.wait(30)
        try:
            run.answer(answer(by=str(name)))
            outcomes.append(name)
        except AlreadyAnswered:
            outcomes.append(None)

    threads = [threading.Thread(target=give, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    (winner,) = [name for name in outcomes if name is not None]
    assert len(outcomes) == 8
    assert [a.by for a in run.answers()] == [str(winner)]


def test_nothing_was_asked(run: RunDir) -> None:
    with pytest.raises(NothingToAnswer):
        run.answer(answer())
    ask(run, "first-1")
    with pytest.raises(NothingToAnswer):
        run.answer(answer(asked="other-2"))


def test_a_question_that_answered_itself_takes_no_answer(run: RunDir) -> None:
    ask(run)
    run.append([event("answer", "answer:gpu.oom-4", answer("continue", by="default"))])
    with pytest.raises(AlreadyAnswered, match="by 'default'"):
        run.answer(answer("stop"))


def test_the_end_of_the_run_closes_the_question(run: RunDir) -> None:
    ask(run)
    Path(run.file("exit.json")).write_bytes(encode(Exit(code=0)))
    with pytest.raises(NothingToAnswer):
        run.answer(answer())


def test_a_later_question_takes_the_place_of_the_first(run: RunDir) -> None:
    ask(run, "first-1")
    ask(run, "second-2")
    with pytest.raises(NothingToAnswer):
        run.answer(answer(asked="first-1"))
    run.answer(answer(asked="second-2"))
    assert [q.id for q in run.questions()] == ["first-1", "second-2"]


@pytest.mark.parametrize(
    "name", ["../../escape", "..", ".", "a/b", "\x1b[31m", "é" * 20, os.fsdecode(b"\xff")]
)
def test_names_from_outside_stay_inside(run: RunDir, name: str) -> None:
    before = set(Path(run.home).parent.rglob("*"))
    ask(run, name)
    run.answer(answer(asked=name))
    run.set_cursor(name, {"offset": 3})
    assert run.cursor(name) == {"offset": 3}
    made = set(Path(run.home).parent.rglob("*")) - before
    assert {path.relative_to(run.path).parts[0] for path in made} == {"answers", "cursors", "events.jsonl"}


# ---------------------------------------------------------------- stop and cursors


def test_the_first_stop_counts(run: RunDir) -> None:
    assert run.request_stop(StopRequest(by="me", at=1.0, reason="enough"))
    assert not run.request_stop(StopRequest(by="you", at=2.0, reason="too"))
    found = run.stop_request()
    assert found is not None
    assert found.by == "me"


def test_what_is_over_cannot_be_stopped(run: RunDir) -> None:
    Path(run.file("exit.json")).write_bytes(encode(Exit(code=0)))
    with pytest.raises(AlreadyEnded, match="over already"):
        run.request_stop(StopRequest(by="me", at=1.0, reason=""))


@pytest.mark.rule("W5.2")
def test_each_reader_has_a_place_of_its_own(run: RunDir) -> None:
    assert run.cursor("agent") is None
    run.set_cursor("agent", {"offset": 10})
    run.set_cursor("person", {"offset": 3})
    run.set_cursor("agent", {"offset": 20})
    assert (run.cursor("agent"), run.cursor("person")) == ({"offset": 20}, {"offset": 3})


def test_a_damaged_cursor_tells_again_rather_than_nothing(run: RunDir) -> None:
    run.set_cursor("agent", {"offset": 10})
    (file,) = Path(run.file("cursors")).iterdir()
    file.write_text("{")
    assert run.cursor("agent") is None


def test_a_name_too_long_is_refused(run: RunDir) -> None:
    with pytest.raises(UsageError, match="too long"):
        run.set_cursor("x" * 5000, {})


# ---------------------------------------------------------------- places that fail


def test_a_directory_that_is_gone_is_said(run: RunDir) -> None:
    Path(run.file("spec.json")).unlink()
    Path(run.path).rmdir()
    with pytest.raises(Unreadable, match="is gone"):
        run.append([event("note", "n")])


def test_what_cannot_be_written_is_one_sentence(run: RunDir) -> None:
    Path(run.file("events.jsonl")).mkdir()
    with pytest.raises(HomeUnusable) as caught:
        run.append([event("note", "n")])
    assert caught.value.code == "home_unwritable"


FULL = """
import os, sys
sys.path.insert(0, sys.argv[2])
from store_facts import event, new_run, status
from overnight.errors import HomeUnusable
run = new_run(sys.argv[1])
run.append([event("note", "first")])
run.write_status(status(run.id))
codes = []
for act in (
    lambda n: run.append([event("note", f"n:{n}", {"text": "x" * 3000})]),
    lambda n: run.write_status(status(run.id, note="x" * 3000 * (n + 1))),
):
    try:
        for n in range(1000):
            act(n)
    except HomeUnusable as error:
        codes.append(error.code)
kept = run.events()[0]
print(codes, run.torn_events(), kept[0].key, kept[-1].key == f"n:{len(kept) - 2}", run.status() is not None)
print([name for name in os.listdir(run.path) if name.startswith(".")])
"""


@pytest.mark.skipif(not MAY_MOUNT, reason="a small disk of one's own needs a mount namespace")
def test_a_full_disk_tears_nothing(tmp_path: Path) -> None:
    said = on_a_small_disk(tmp_path, 256, FULL, str(Path(__file__).parent))
    assert said == "['disk_full', 'disk_full'] 0 first True True\n[]\n"
