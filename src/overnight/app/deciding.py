"""What a person or an agent decides about a run: answer, stop, relaunch.

Rules:
- A decision is a file in the run's directory before anything follows from it; the watchman acts on it, so
  that it is done even when whoever decided is gone.
- A run can be stopped without a watchman and on a full disk: then it is done from here.
"""

import getpass
import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import msgspec

from overnight.app.environment import for_agent
from overnight.app.following import Following
from overnight.app.knowing import found
from overnight.app.starting import Launched, launch
from overnight.core.model import CHOICES, Answer, Choice, Spec, StopRequest
from overnight.errors import AlreadyEnded, HomeUnusable, NothingToAnswer, OvernightError, UsageError
from overnight.store.rundir import RunDir
from overnight.watchman import ending

_SLACK_S = 15.0
"""How long after the last signal the end may take to be recorded before it is done from here."""
_HARD_S = 10.0


class Stopped(NamedTuple):
    """What a stop did: the names of the signals sent, and who (pid, name) outlived them all."""

    signals: list[str]
    survivors: list[tuple[int, str]]


def answer(
    ref: str,
    choice: Choice,
    by: str = "",
    env: Mapping[str, str] | None = None,
    argv: Sequence[str] | None = None,
) -> Launched | None:
    """Give the open question its one answer; for `fix` the run that takes the place of this one.

    `env`, `argv`: the changes that come with `fix`. Raises NothingToAnswer, AlreadyAnswered, UsageError.
    """
    if choice not in CHOICES:
        raise UsageError(f"The answer is one of {', '.join(CHOICES)}, not {choice!r}.")
    if choice != "fix" and (env or argv):
        raise UsageError(f"Changes go with the answer 'fix', not with {choice!r}.")
    run = found(ref)
    if choice == "fix":
        _refuse_again(run)
    with Following(run) as following:
        run.answer(Answer(question=_question(run), choice=choice, by=by or getpass.getuser(), at=time.time()))
        if choice != "fix":
            return None
        with suppress(AlreadyEnded):  # by itself, before it could be stopped: so much the better
            _end(following, run.spec().policy.grace_s)
    return _again(run, env, argv)


def stop(ref: str, grace: float | None = None, by: str = "") -> Stopped:
    """End the run's whole tree; returns when it is over. Of a run that ended, end what it left behind.

    `grace`: seconds after SIGINT before SIGTERM, instead of the policy's. Raises AlreadyEnded when nothing is left.
    """
    run = found(ref)
    usual = run.spec().policy.grace_s
    given = None if grace is None else (grace, min(grace, usual[1]))
    request = StopRequest(by=by or getpass.getuser(), at=time.time(), reason="stop", grace_s=given)
    with Following(run) as following:
        try:
            first = run.request_stop(request)
        except AlreadyEnded:
            left = _done_here(run, given or usual, signal.SIGINT)
            if not left.signals and not left.survivors:
                raise
            return left
        except HomeUnusable:  # a full disk does not keep anybody from stopping a run
            return _done_here(run, given or usual, signal.SIGINT)
        if not first and given is not None:  # somebody asked before, this one is in more of a hurry
            return _done_here(run, given, signal.SIGTERM)
        return _end(following, given or usual)


def relaunch(ref: str, argv: Sequence[str] | None = None, env: Mapping[str, str] | None = None) -> Launched:
    """Start an ended run again, with changes; the new run says what it replaces and what changed.

    Raises what `launch` raises, and OvernightError (`still_running`).
    """
    run = found(ref)
    if not run.over:
        text = f"Run {run.id} is still running: stop it first (overnight stop {run.id})."
        raise OvernightError(text, code="still_running")
    _refuse_again(run)
    return _again(run, env, argv)


# ---------------------------------------------------------------- answering


def _question(run: RunDir) -> str:
    """The id of the question to answer; that of the latest one lets the run's directory say why it is too
    late."""
    asked = run.open_question() or next(reversed(run.questions()), None)
    if asked is None:
        raise NothingToAnswer(f"Run {run.id} asks nothing that could be answered.")
    return asked.id


# ---------------------------------------------------------------- ending


def _end(following: Following, graces: tuple[float, float]) -> Stopped:
    """Wait until the watchman has ended the run; if it does not, do it."""
    run = following.run
    deadline = time.monotonic() + sum(graces) + _SLACK_S
    while (done := _stopped(run)) is None:
        left = deadline - time.monotonic()
        if left <= 0:
            return _done_here(run, (_HARD_S, _HARD_S), signal.SIGTERM)
        following.wait(left)
    return done


def _stopped(run: RunDir) -> Stopped | None:
    """What the run's events say about the stop; None while it is going on."""
    kinds = set()
    for event in run.events_of("stopped_tree", "ended", "stop"):
        kinds.add(event.kind)
        if event.kind == "stopped_tree":
            survivors = [(int(one["pid"]), str(one["name"])) for one in event.data.get("survivors", [])]
            return Stopped(list(event.data.get("signals", [])), survivors)
    if "ended" in kinds and "stop" not in kinds:
        raise AlreadyEnded(f"Run {run.id} ended by itself before it could be stopped.")
    return None


def _done_here(run: RunDir, graces: tuple[float, float], first: signal.Signals) -> Stopped:
    report = ending.stop(run, graces, first)
    return Stopped(report.signals, [(one.pid, one.name) for one in report.survivors])


# ---------------------------------------------------------------- again


def _refuse_again(run: RunDir) -> None:
    """What was attached can be started again if all that it was started with could be read."""
    attached = run.spec().attached
    if attached is None or attached.env is not None:
        return
    what = (
        "watches a log alone"
        if attached.pid is None
        else "was attached, and its command could not be read whole"
    )
    text = f"Run {run.id} {what}: there is nothing to start again; overnight run -- COMMAND starts it anew."
    raise OvernightError(text, code="cannot_relaunch")


def _again(run: RunDir, env: Mapping[str, str] | None, argv: Sequence[str] | None) -> Launched:
    old = run.spec()
    found = for_agent(old.cwd, os.environ, old.base) if old.base else None
    new_argv = list(argv) if argv else old.argv
    old_env = {**((old.attached and old.attached.env) or {}), **old.env}
    new_env = {**old_env, **(env or {})}
    return launch(
        new_argv,
        name=old.name,
        tags=old.tags,
        cwd=old.cwd,
        env=new_env,
        base=(found.source, found.env) if found else None,
        schedule=old.schedule,
        policy=msgspec.to_builtins(old.policy),
        goal=msgspec.to_builtins(old.goal) if old.goal else None,
        expect=old.expect,
        pty=old.pty,
        results=old.results,
        hooks={str(of): command for of, command in old.hooks.items()},
        replaces=run.id,
        changed=_changes(old, old_env, new_argv, new_env),
    )


def _changes(old: Spec, old_env: Mapping[str, str], argv: Sequence[str], env: Mapping[str, str]) -> list[str]:
    """What differs, in words: each changed variable, and the command when it is another one."""
    changed = [f"{name}={value}" for name, value in env.items() if old_env.get(name) != value]
    if list(argv) != old.argv:
        changed.append(f"command: {' '.join(argv)}")
    return changed
