"""One line per event that matters, for harnesses that read a program's output line by line.

Rules:
- Only what the workflow tells somebody, and a critical error; a quiet check-in is no line.
- A line is one JSON value of less than 500 characters, where the first of these harnesses cut: the text of the log
  gives way first.
- `say` is our sentence and holds no text of a log but names; that stands in `log_text`, as data.
"""

from typing import Any

import msgspec

from overnight.core import fence
from overnight.core.calls import Calls
from overnight.core.digest import best_words, headline
from overnight.core.model import Answer, Event, Problem, Question, Record, RunState, Status, StopRequest
from overnight.core.news import is_urgent

MOST_CHARACTERS = 480
_LOG_TEXT, _LEAST = 200, 20


def line(run: str, event: Event, calls: Calls) -> dict[str, Any] | None:
    """The facts of an event that matters, in the order in which they are printed; None for the others."""
    if event.kind != "started" and not is_urgent(event):
        return None
    facts = {"t": round(event.t), "event": event.kind, "run": run}
    return fitted({**facts, **_FACTS[event.kind](run, event, calls)})


def present(status: Status, since: str) -> dict[str, Any]:
    """The first line: how the run stands, and the place from which it is told on."""
    facts = {"t": round(status.elapsed_s), "event": "state", "run": status.run, "state": status.state}
    return fitted({**facts, "say": headline(status, best=status.best), "since": since})


def fitted(facts: dict[str, Any]) -> dict[str, Any]:
    """The same, short enough to be one line."""
    while len(msgspec.json.encode(facts).decode()) > MOST_CHARACTERS:
        name = "log_text" if len(facts.get("log_text", "")) > _LEAST else "say"
        facts = {**facts, name: facts[name][: len(facts[name]) * 2 // 3] + "…"}
    return facts


def _started(_run: str, _event: Event, _calls: Calls) -> dict[str, Any]:
    return {"say": "it started"}


def _question(run: str, event: Event, calls: Calls) -> dict[str, Any]:
    question = msgspec.convert(event.data, Question, strict=False)
    call = calls.answer.format(run=run, choices="|".join(question.choices))
    found = _quoted(question.problems[0])
    return {"say": f"it asks: fix and relaunch, or continue? {call}", **found}


def _answer(_run: str, event: Event, _calls: Calls) -> dict[str, Any]:
    answer = msgspec.convert(event.data, Answer, strict=False)
    by = fence.harmless(answer.by, 40)
    return {"say": f"answered {answer.choice} by {by}", "choice": answer.choice, "by": by}


def _record(_run: str, event: Event, _calls: Calls) -> dict[str, Any]:
    record = msgspec.convert(event.data, Record, strict=False)
    say = f"record: {best_words(record.best)}, {record.gain:.1%} better than before"
    return {"say": say, "value": record.best.value}


def _problem(_run: str, event: Event, _calls: Calls) -> dict[str, Any]:
    problem = msgspec.convert(event.data, Problem, strict=False)
    return {"say": f"{problem.severity}: {problem.signature}, line {problem.first_line}", **_quoted(problem)}


def _interrupt(_run: str, event: Event, _calls: Calls) -> dict[str, Any]:
    problem = msgspec.convert(event.data["problem"], Problem, strict=False)
    return {"say": f"interrupted because of {problem.signature}", **_quoted(problem)}


def _stop(_run: str, event: Event, _calls: Calls) -> dict[str, Any]:
    request = msgspec.convert(event.data, StopRequest, strict=False)
    return {"say": f"stopped by {fence.harmless(request.by, 40)}: {fence.harmless(request.reason, 80)}"}


def _ended(run: str, event: Event, calls: Calls) -> dict[str, Any]:
    state: RunState = event.data["state"]
    code = event.data["exit"].get("code")
    say = f"{state}; {calls.report.format(run=run)}"
    return {"say": say, "state": state, "exit_code": code}


def _quoted(problem: Problem) -> dict[str, Any]:
    return {"signature": problem.signature, "log_text": fence.harmless(problem.text, _LOG_TEXT)}


_FACTS = {
    "started": _started,
    "question": _question,
    "answer": _answer,
    "record": _record,
    "problem": _problem,
    "interrupt": _interrupt,
    "stop": _stop,
    "ended": _ended,
}
