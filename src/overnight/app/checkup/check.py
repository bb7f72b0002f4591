"""What a look at one thing comes to, and how a look that fails becomes a line of its own.

Rules:
- `bad`: nothing works here. `warn`: something could kill a run, or blind the watch. `unknown`: it could not be
  looked at, which is no reason for alarm. `ok`: nothing to do; the text may still tell something.
- A warning says what would happen to a run, and its advice is what to type or to do.
- Only faults of looking are caught, by their kinds: a mistake in a probe is to be seen.
"""

import subprocess
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

LEVELS = ("bad", "warn", "unknown", "ok")
"""The worst first."""

_FAULTS_OF_LOOKING = (OSError, ValueError, LookupError, subprocess.SubprocessError)


class Check(NamedTuple):
    """One thing that was looked at. `ok`: nothing to do about it; `advice`: what to do otherwise."""

    name: str
    ok: bool
    text: str
    advice: str = ""
    level: str = "ok"
    theme: str = ""


Probe = Callable[[], Iterable[Check]]


def fine(name: str, text: str) -> Check:
    """Nothing to do."""
    return Check(name, True, text)


def warn(name: str, text: str, advice: str) -> Check:
    """It could kill a run, or blind the watch."""
    return Check(name, False, text, advice, "warn")


def bad(name: str, text: str, advice: str) -> Check:
    """Nothing works until this is mended."""
    return Check(name, False, text, advice, "bad")


def looked(theme: str, probes: Iterable[tuple[str, Probe]]) -> Iterator[Check]:
    """What the probes found, each with its theme; a probe that fails is one line that says so."""
    for name, probe in probes:
        try:
            found = list(probe())
        except _FAULTS_OF_LOOKING as error:
            found = [Check(name, True, f"could not be looked at: {_reason(error)}", level="unknown")]
        yield from (check._replace(theme=theme) for check in found)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror} ({error.filename})" if error.filename else error.strerror
    return str(error) or type(error).__name__
