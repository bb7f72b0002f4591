"""Launching a command and saying so.

Rules: without click and without `typing`, because the detached start is measured; the id goes to stdout alone, so
that `id=$(overnight run -d ...)` gets it; everything beside it goes to stderr.
"""

from __future__ import annotations

import os
import sys

from overnight import app
from overnight.errors import UsageError
from overnight.surfaces.notices import notice
from overnight.surfaces.safe import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_PLACES = ("slurm", "ray", "ssh")


def start(
    argv: Sequence[str],
    *,
    place: str = "local",
    cwd: str | None = None,
    results: str | None = None,
    on_end: str | None = None,
    on_attention: str | None = None,
    **options: Any,
) -> app.Launched:
    """Launch what the options of `run` say; what the command does not need is explained."""
    if place != "local":
        raise UsageError(_elsewhere(place))
    words, sentences = notice(argv)
    hooks = {"attention": on_attention, "end": on_end}
    launched = app.launch(
        words,
        hooks={of: command for of, command in hooks.items() if command is not None},
        cwd=os.path.abspath(cwd) if cwd else None,
        results=os.path.abspath(results) if results else None,
        **options,
    )
    if launched.unwatched:
        sentences.append(f"{launched.id} runs, but nobody watches it: {launched.unwatched}")
    for sentence in sentences:
        sys.stderr.write(f"overnight: {printable(sentence)}\n")
    return launched


def say_started(run_id: str, as_json: bool) -> int:
    """The id, and how to come back."""
    if as_json:
        # By hand, as an id is letters and digits and the encoder costs a millisecond.
        sys.stdout.write(f'{{"run": "{run_id}", "next": "overnight wait {run_id}"}}\n')
    elif sys.stdout.isatty():
        sys.stdout.write(f"{run_id} is running. Come back: overnight wait {run_id}\n")
    else:
        sys.stdout.write(f"{run_id}\n")
        sys.stderr.write(f"overnight: come back with: overnight wait {run_id}\n")
    return 0


def _elsewhere(place: str) -> str:
    if place.partition(":")[0] in _PLACES:
        return f"Runs on {place} are not there yet: use --on local, or start overnight on that machine."
    return f"There is no place {place!r} to run on: use --on local."
