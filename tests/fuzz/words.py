"""The words of options: `--schedule`, `--goal`, `--expect`, `--env`, `--older-than`.

Rules: a word is refused by click with what it should look like, or the run that is started with it can be read, watched
and shown. The first line of an input names the option.
"""

import math
import os
from unittest import mock

import click

from fuzz import support
from overnight import catalog
from overnight.app import starting
from overnight.core.watch import Watch
from overnight.errors import UsageError
from overnight.store import home
from overnight.store.rundir import RunDir
from overnight.store.task_status import markdown
from overnight.surfaces.cli import house, words

KNOWN = catalog.load()
OPTIONS = ("schedule", "goal", "expect", "env", "age", "name", "walltime")
_CONTEXT = click.Context(click.Command("run"))
_PARAM = click.Option(["--word"])


def check(data: bytes) -> None:
    """One option of a start."""
    first, _, rest = data.partition(b"\n")
    option = first.decode("latin-1")
    option = option if option in OPTIONS else OPTIONS[len(first) % len(OPTIONS)]
    text = rest.decode("utf-8", "surrogateescape").replace("\0", "")
    try:
        given = _read(option, text)
    except click.BadParameter:
        return
    if option == "age":
        assert given["age"] is None or 0 <= given["age"] < math.inf, given
    elif (found := support.refused(lambda: _checked(given), UsageError)) is not None:
        _start(found)


def _read(option: str, text: str) -> dict[str, object]:
    if option == "age":
        return {"age": house._age(text)}
    if option == "name":
        return {"name": text, "tags": [text], "argv": text.split("\n")}
    if option == "walltime":
        with mock.patch.dict(os.environ, {"SLURM_JOB_END_TIME": text}):
            return {"expect": starting._walltime()}
    if option in ("expect", "env"):
        reader = words.expectations if option == "expect" else words.assignments
        return {option: reader(_CONTEXT, _PARAM, tuple(text.split("\n")))}
    return {option: (words.schedule if option == "schedule" else words.goal)(_CONTEXT, _PARAM, text)}


def _checked(given: dict[str, object]) -> dict[str, object]:
    schedule = given.pop("schedule", None)
    return {**given, **starting.watching(schedule, None, None)}  # type: ignore[arg-type]


def _start(spec: dict[str, object]) -> None:
    path = home.create_run_dir(home.home(), {"argv": ["a"], "cwd": "/", **spec})
    try:
        watch = Watch(RunDir(path).spec(), KNOWN)
        watch.read(b"Epoch 3/10\n", 60.0)
        watch.look(7200.0)
        support.assert_harmless(markdown(watch.status(7200.0)))
    finally:
        home.remove_run_dir(path)


def seeds() -> list[bytes]:
    """Each option as people write it."""
    return [
        b"schedule\n30,90,300", b"schedule\n1e-9", b"schedule\n1,2,nan", b"goal\nmaximize val loss", b"goal\nmin",
        b"expect\ntrials=100\nepochs=1e3", b"expect\ns=1", b"env\nA=b\nC=", b"age\n30d", b"age\n1.5 h", b"age\n8w",
        b"name\nsweep-A", b"name\n-a\n-c\n",
        b"walltime\n4000000000", "walltime\n\u00b2".encode(), b"age\n" + b"9" * 400 + b"w", b"schedule\n" + b"1" * 400,
    ]  # fmt: skip


WORDS = ("nan", "inf", "1e999", "1_0", ",", "=", "walltime=", "maximize ", "\u0665", "30d")
