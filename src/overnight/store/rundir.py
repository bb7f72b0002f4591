"""One run's directory: the truth about the run.

    spec.json       the intent, written before anything starts
    start.json      who runs, by the keepers           exit.json     how it ended, by the first who knew
    output.log      what the command wrote, or a link  stop.json     somebody meant the run to end
                    to the log of what was attached
    events.jsonl    everything that mattered           answers/      one file per answered question
    status.json/md  the latest TaskStatus              cursors/      what each reader has already been told
    templates.bin   which lines a good run printed     code.json     the code and the Python it was started from
    returned.jsonl  what readers were given, in tokens

Rules:
- Append or replace atomically; a crash at any point leaves a directory that can be read.
- Answers and the stop request are exclusive: the first one counts, the others are told so. One exception: a person
  may end what an agent let go on; that answer lies beside the agent's, is exclusive too, and counts from then on.
- What is damaged raises Unreadable with one sentence, except where less is still right: a torn line of
  `events.jsonl` is passed over (it was never acknowledged), a damaged cursor means "told nothing yet".
- A file that is none of ours (a pipe, a link, a device, a terabyte of holes) is damaged: see `files`.
- Names that come from outside (question ids, readers) never become paths unquoted.
"""

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, TypeVar
from urllib.parse import quote

from overnight.core import cadence
from overnight.core.changes import Code
from overnight.core.guard import outranks
from overnight.core.model import (
    Answer,
    Event,
    EventKind,
    Exit,
    Question,
    Return,
    Spec,
    Start,
    Status,
    StopRequest,
)
from overnight.errors import AlreadyAnswered, AlreadyEnded, NothingToAnswer, Unreadable, UsageError
from overnight.store import event_line, files
from overnight.store.codec import DamagedError, decode, encode
from overnight.store.home import LOG, SPEC, unusable
from overnight.store.task_status import markdown

T = TypeVar("T")

START, EXIT, STOP = "start.json", "exit.json", "stop.json"
STATUS, STATUS_TEXT = "status.json", "status.md"
EVENTS = "events.jsonl"
ANSWERS, CURSORS = "answers", "cursors"
TEMPLATES = "templates.bin"
RETURNED = "returned.jsonl"
CODE = "code.json"
_LONGEST_NAME = 200
_PERSON = "!"
"""After a question's id, in the name of the file with the answer of a person who overruled an agent's."""
_MOST_RETURNED_BYTES = 16 << 20
"""More than a reader is given in a month of polling each half minute."""
_LOOK_BACK = 1 << 18
"""Bytes of events before a place in which the last check-in stands, but for the wildest nights."""


def open_log(path: str | os.PathLike[str]) -> BinaryIO:
    """A log to be read from its start. Raises FileNotFoundError, and Unreadable for all else."""
    try:
        return open(path, "rb", opener=files.plain)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unreadable(f"The log {os.fspath(path)} cannot be read: {error.strerror}.") from error


class RunDir:
    """The run directory at `path`; nothing is read before it is asked for."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.path.abspath(os.fspath(path))

    def __repr__(self) -> str:
        return f"RunDir({self.path!r})"

    @property
    def id(self) -> str:
        """The run's id."""
        return os.path.basename(self.path)

    @property
    def home(self) -> str:
        """The home that this run belongs to."""
        return os.path.dirname(os.path.dirname(self.path))

    @property
    def log_path(self) -> str:
        """Where the command's output is: for what was attached, where the link leads to."""
        own = self.file(LOG)
        try:
            return os.readlink(own)
        except OSError:  # our own log, or none
            return own

    def file(self, name: str) -> str:
        """The path of a file of this run."""
        return os.path.join(self.path, name)

    # ------------------------------------------------------------ what the others wrote

    def spec(self) -> Spec:
        """The intent. Raises Unreadable."""
        spec = self._read(SPEC, Spec)
        if spec is None:
            raise Unreadable(f"{self.file(SPEC)} is missing: this is no run directory.")
        try:
            cadence.check(spec.schedule)
            for word in (
                spec.cwd,
                *spec.argv,
                spec.results or "",
                (spec.attached and spec.attached.log) or "",
            ):
                _check_word(word)
        except ValueError as error:
            raise Unreadable(f"{self.file(SPEC)} is damaged ({error}).") from error
        return spec

    def start(self) -> Start | None:
        """Who runs; None when the command was never started. Raises Unreadable."""
        return self._read(START, Start)

    def exit(self) -> Exit | None:
        """How the command ended; None while nobody recorded that. Raises Unreadable."""
        return self._read(EXIT, Exit)

    @property
    def over(self) -> bool:
        """Whether something stands where the end is recorded, be it damaged: nobody can record another one."""
        return os.path.lexists(self.file(EXIT))

    # ------------------------------------------------------------ the status

    def status(self) -> Status | None:
        """The latest TaskStatus; None when none was written yet. Raises Unreadable."""
        return self._read(
            STATUS, Status, "The next check-in writes it anew; `overnight analyze` reads the log itself."
        )

    def write_status(self, status: Status) -> None:
        """Replace `status.json` and `status.md`. Raises HomeUnusable."""
        durable = status.state != "running"  # else the next one comes within seconds, a new watchman's too
        with self._writing():
            files.replace(self.file(STATUS), encode(status) + b"\n", durable=durable)
            files.replace(
                self.file(STATUS_TEXT), markdown(status).encode("utf-8", "replace"), durable=durable
            )

    # ------------------------------------------------------------ what it was started from

    def code(self) -> Code | None:
        """The code and the Python it was started from; None when nobody could look. Raises Unreadable."""
        return self._read(CODE, Code)

    def write_code(self, code: Code) -> None:
        """Keep what it was started from. Raises HomeUnusable."""
        with self._writing():
            files.replace(self.file(CODE), encode(code) + b"\n", durable=False)

    # ------------------------------------------------------------ what a good run printed

    def templates(self) -> bytes | None:
        """What `write_templates` wrote; None when the run was not a good one, or not yet. Raises Unreadable."""
        with self._reading(TEMPLATES):
            try:
                return files.read(self.file(TEMPLATES)) or None
            except FileNotFoundError:
                return None

    def write_templates(self, data: bytes) -> None:
        """Keep which lines this good run printed. Raises HomeUnusable."""
        with self._writing():
            files.replace(self.file(TEMPLATES), data)

    # ------------------------------------------------------------ events

    def append(self, events: Sequence[Event]) -> None:
        """Record the events durably, in one write. Raises HomeUnusable; then none of them is recorded."""
        if events:
            with self._writing():
                files.append_lines(self.file(EVENTS), b"".join(encode(event) + b"\n" for event in events))

    def events(self, since: int = 0) -> tuple[list[Event], int]:
        """The events from byte `since` on, and the byte to go on from. Raises Unreadable.

        A line that is not whole yet is left for the next call; one that a crash tore is passed over.
        """
        events, end = [], since
        for event, after in self.each_event(since):
            end = after
            if event is not None:
                events.append(event)
        return events, end

    def each_event(
        self, since: int = 0, kinds: Collection[EventKind] | None = None
    ) -> Iterator[tuple[Event | None, int]]:
        """The same one by one, each with the byte after it: there may be a million. None is a line that a crash tore.

        With `kinds` only those: None stands for the others, too, and not for each. Raises Unreadable.
        """
        wanted = None if kinds is None else event_line.of_kinds(frozenset(kinds))
        with self._reading(EVENTS):
            for line, end in files.lines(self.file(EVENTS), since, wanted):
                event = event_line.read(line)
                yield (event if kinds is None or (event is not None and event.kind in kinds) else None), end

    def events_of(self, *kinds: EventKind) -> Iterator[Event]:
        """The events of these kinds, in order. Raises Unreadable."""
        return (event for event, _end in self.each_event(0, kinds) if event is not None)

    def told_until(self) -> int:
        """The byte after the last event that is there."""
        return files.size(self.file(EVENTS))

    def events_before(self, end: int) -> list[Event] | None:
        """The latest events before byte `end`, as many as a glance back needs; None when no event ends there.

        Raises Unreadable.
        """
        with self._reading(EVENTS):
            lines = files.lines_before(self.file(EVENTS), end, _LOOK_BACK)
        if lines is None:
            return None
        return [event for event in map(event_line.read, lines) if event is not None]

    def torn_events(self) -> int:
        """How many lines of `events.jsonl` cannot be read. Raises Unreadable."""
        torn = end = 0
        with self._reading(EVENTS):
            for line, after in files.lines(self.file(EVENTS), 0):
                end = after
                torn += bool(line.strip()) and event_line.read(line) is None
        return torn + (files.size(self.file(EVENTS)) > end)

    # ------------------------------------------------------------ questions and answers

    def questions(self) -> list[Question]:
        """Every question that was asked, in order. Raises Unreadable."""
        return [_question(event) for event in self.events_of("question")]

    def open_question(self) -> Question | None:
        """The question that waits for an answer; None when there is none. Raises Unreadable.

        A question asks until it is answered, until a later one takes its place, and until the run ends.
        """
        last: Question | None = None
        for event in self.events_of("question", "answer", "ended"):
            if event.kind == "answer" and last is not None and event.data.get("question", last.id) != last.id:
                continue  # a person who overruled what an agent said to an earlier one
            last = _question(event) if event.kind == "question" else None
        if last is None or os.path.lexists(self._answer_path(last.id)) or self.over:
            return None
        return last

    def answer(self, answer: Answer) -> None:
        """Give the open question its one answer.

        Raises AlreadyAnswered (somebody was faster), NothingToAnswer (not the open one), HomeUnusable.
        """
        asked = self.open_question()
        if (
            asked is None
            or asked.id != answer.question
            or not self._publish(self._answer_path(asked.id), answer)
        ):
            self._overrule(answer)

    def _overrule(self, answer: Answer) -> None:
        """The question is not open: a person's answer may still take the place of an agent's."""
        given = self._given(answer.question)
        if given is None or not outranks(answer, given) or self.over or not self._is_latest(answer.question):
            raise self._not_open(answer.question)
        if not self._publish(self._answer_path(answer.question + _PERSON), answer):
            raise self._not_open(answer.question)

    def _publish(self, path: str, answer: Answer) -> bool:
        with self._writing():
            os.makedirs(self.file(ANSWERS), 0o700, exist_ok=True)
            return files.publish(path, encode(answer) + b"\n")

    def _is_latest(self, question: str) -> bool:
        asked = self.questions()
        return bool(asked) and asked[-1].id == question

    def answers(self, damaged: list[str] | None = None) -> list[Answer]:
        """Every answer that was given here, oldest first. Raises Unreadable; with `damaged`, what cannot be read is
        passed over and named there."""
        found = []
        for name in self._answer_names():
            try:
                answer = self._read(os.path.join(ANSWERS, name), Answer)
            except Unreadable as error:
                if damaged is None:
                    raise
                damaged.append(str(error))
                continue
            found += [answer] if answer is not None else []
        return sorted(found, key=lambda answer: answer.at)

    def _answer_names(self) -> list[str]:
        try:
            names = os.listdir(self.file(ANSWERS))
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(name for name in names if name.endswith(".json") and name[0] != ".")

    def _not_open(self, question: str) -> AlreadyAnswered | NothingToAnswer:
        given = self._given(question)
        if given is not None:
            return AlreadyAnswered(
                f"The question of run {self.id} was already answered {given.choice!r} by {given.by!r}."
            )
        return NothingToAnswer(f"Run {self.id} asks nothing that could be answered.")

    def _given(self, question: str) -> Answer | None:
        """The answer that counts: a person's before an agent's."""
        found = [answer for answer in self.answers() if answer.question == question]
        if found:
            return min(found, key=lambda answer: answer.agent)
        given = (event for event in self.events_of("answer") if event.data.get("question") == question)
        return next(map(_answer, given), None)

    def _answer_path(self, question: str) -> str:
        return self.file(os.path.join(ANSWERS, _safe_name(question)))

    # ------------------------------------------------------------ stop

    def stop_request(self) -> StopRequest | None:
        """Who wanted the run to end; None when nobody did. Raises Unreadable."""
        return self._read(STOP, StopRequest)

    def request_stop(self, request: StopRequest) -> bool:
        """Ask for the end of the run. False: somebody had asked before. Raises AlreadyEnded, HomeUnusable."""
        if self.over:
            raise AlreadyEnded(f"Run {self.id} is over already; `overnight report {self.id}` tells how.")
        with self._writing():
            return files.publish(self.file(STOP), encode(request) + b"\n")

    # ------------------------------------------------------------ cursors

    def cursor(self, reader: str) -> dict[str, Any] | None:
        """What `reader` has been told, as `set_cursor` left it; None when nothing, or when it is damaged."""
        try:
            return self._read(os.path.join(CURSORS, _safe_name(reader)), dict[str, Any])
        except Unreadable:
            return None  # to tell twice is better than to stay silent

    def set_cursor(self, reader: str, value: dict[str, Any]) -> None:
        """Remember what `reader` has been told. Raises HomeUnusable, UsageError (a name too long)."""
        name = _safe_name(reader)
        with self._writing():
            os.makedirs(self.file(CURSORS), 0o700, exist_ok=True)
            files.replace(self.file(os.path.join(CURSORS, name)), encode(value) + b"\n")

    # ------------------------------------------------------------ what readers were given

    def note_return(self, given: Return) -> None:
        """Put it on the account. A disk that takes nothing loses that line: no call fails of an account."""
        path = self.file(RETURNED)
        if files.size(path) < _MOST_RETURNED_BYTES:
            with suppress(OSError):
                files.append_lines(path, encode(given) + b"\n")

    def returns(self) -> list[Return]:
        """What readers were given, in order; damaged lines are passed over. Raises Unreadable."""
        found = []
        with self._reading(RETURNED):
            for line, _end in files.lines(self.file(RETURNED), 0):
                with suppress(DamagedError):
                    found.append(decode(line, Return))
        return found

    # ------------------------------------------------------------ reading

    def _read(self, name: str, wanted: type[T], hope: str = "") -> T | None:
        path = self.file(name)
        with self._reading(name):
            try:
                return decode(files.read(path), wanted)
            except FileNotFoundError:
                return None
            except DamagedError as error:
                raise Unreadable(f"{path} is damaged ({error}). {hope}".rstrip()) from error

    @contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Unreadable(f"{self.file(name)} cannot be read ({error.strerror}).") from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise Unreadable(f"The directory of run {self.id} is gone: {self.path}") from error
        except OSError as error:
            raise unusable(self.path, error) from error


def _check_word(word: str) -> None:
    """ValueError when the system could not be given that word, be it a command's or a path."""
    os.fsencode(word)
    if "\0" in word:
        raise ValueError("a word of it holds a zero byte")


def _question(event: Event) -> Question:
    return decode(encode(event.data), Question)


def _answer(event: Event) -> Answer:
    return decode(encode(event.data), Answer)


def _safe_name(word: str) -> str:
    name = quote(word, safe="", errors="surrogatepass").replace(".", "%2E") + ".json"
    if len(name) > _LONGEST_NAME:
        raise UsageError(f"A name of {len(word)} characters is too long: {word[:40]!r}...")
    return name
