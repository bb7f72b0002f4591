"""`answer`, `stop` and `relaunch`: what a person or an agent decides about a run."""

import getpass
from typing import Any

import click

from overnight import app
from overnight.core.model import CHOICES, Choice
from overnight.surfaces.cli import out, words
from overnight.surfaces.cli.launching import say_started
from overnight.surfaces.cli.registry import DONE
from overnight.surfaces.cli.run import detach_option, early_wait_option
from overnight.surfaces.cli.runref import run_argument
from overnight.surfaces.cli.starting import see_through
from overnight.surfaces.cli.verb import json_option, verb
from overnight.surfaces.notices import notice

_env_option = click.option(
    "--env",
    multiple=True,
    callback=words.assignments,
    help="A change of the environment of the new run; may be repeated.",
    metavar="K=V",
)
_new_command = click.argument("argv", nargs=-1, type=click.UNPROCESSED, metavar="[-- NEW CMD...]")


@verb(
    "answer",
    "Answer the question of a run: fix, continue or stop",
    ("overnight answer k3f9 continue", "it is all right: go on watching"),
    ("overnight answer k3f9 fix --env BATCH=16", "stop it and start it again with a change"),
    ("overnight answer k3f9 fix -- python tune.py --lr 1e-4", "the same with a new command"),
)
@run_argument
@click.argument("choice", type=click.Choice(CHOICES), metavar="|".join(CHOICES))
@_env_option
@click.option("--by", help="Who answers.  [default: the user]", metavar="NAME")
@json_option
@_new_command
def answer(
    run: str, choice: Choice, env: dict[str, str], by: str | None, as_json: bool, argv: tuple[str, ...]
) -> int:
    """Answer the open question of a run; the first answer counts.

    fix: stop the run and launch it again, with the changes given here. continue: nothing is wrong, go on; the
    same finding is not asked about again. stop: end the run.
    """
    new = app.answer(run, choice, by or getpass.getuser(), env=env, argv=_command(argv))
    if new is not None:
        return _relaunched(new.id, run, as_json)
    done = {"continue": "goes on", "stop": "is being stopped"}[choice]
    return _confirm(app.status(run).run, done, {"answer": choice}, as_json)


@verb(
    "stop",
    "End a run and everything it started",
    ("overnight stop k3f9", "Ctrl-C for the whole tree, then harder"),
    ("overnight stop k3f9 --grace 300", "with time to write a checkpoint"),
)
@run_argument
@click.option(
    "--grace",
    type=click.FloatRange(0),
    help="How long it may take to end after Ctrl-C.  [default: the policy's 30]",
    metavar="S",
)
@json_option
def stop(run: str, grace: float | None, as_json: bool) -> int:
    """End a run: SIGINT to its whole tree, SIGTERM and SIGKILL if that is not enough."""
    report = app.stop(run, grace)
    return _confirm(app.status(run).run, "is stopped", {"signals": report.signals}, as_json)


@verb(
    "relaunch",
    "Start a run again, with or without changes",
    ("overnight relaunch k3f9", "the same again"),
    ("overnight relaunch k3f9 --env BATCH=16", "with a change of the environment"),
    ("overnight relaunch last -- python tune.py --resume", "with a new command, linked to the old run"),
)
@run_argument
@_env_option
@detach_option
@early_wait_option
@json_option
@_new_command
def relaunch(
    run: str,
    env: dict[str, str],
    detach: bool,
    early_wait: float | None,
    as_json: bool,
    argv: tuple[str, ...],
) -> int:
    """Start an ended run again, with its folder, schedule and policy, and say what changed."""
    new = app.relaunch(run, argv=_command(argv), env=env)
    return say_started(new.id, as_json) if detach else see_through(new.id, early_wait, as_json)


def _command(argv: tuple[str, ...]) -> list[str] | None:
    """The new command without what it does not need; None: the old one."""
    if not argv:
        return None
    words_, sentences = notice(argv)
    for sentence in sentences:
        out.note(sentence)
    return words_


def _relaunched(new_id: str, old: str, as_json: bool) -> int:
    if as_json:
        out.say_json({"run": new_id, "replaces": old, "next": f"overnight wait {new_id}"})
    else:
        out.say(f"{new_id} takes its place. See it: overnight wait {new_id}")
    return DONE


def _confirm(run_id: str, done: str, facts: dict[str, Any], as_json: bool) -> int:
    if as_json:
        out.say_json({"run": run_id, **facts})
    else:
        out.say(f"{run_id} {done}.")
    return DONE
