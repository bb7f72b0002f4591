"""What changed since the last good run of the same program in the same folder.

Rules: what is missing or damaged makes the answer shorter, never an error; git is asked only where a commit differs.
"""

from contextlib import suppress
from itertools import islice

from overnight.core.changes import Changes, Code, Commits, compare
from overnight.core.model import Spec
from overnight.core.watch import program_name
from overnight.errors import OvernightError
from overnight.readers import git
from overnight.report import goodruns
from overnight.store.rundir import RunDir

_LOOKED_AT = 50
"""Earlier runs of the program: a good one before all of these is no longer what somebody compares with."""


def since_good(run: RunDir) -> Changes | None:
    """What is different from the newest earlier run that succeeded; None when there is none."""
    with suppress(OvernightError):
        spec = run.spec()
        known = goodruns.earlier(run, lambda other: _is_same(other, spec))
        for other, other_spec in islice(known, _LOOKED_AT):
            if _is_good(other):
                now, then = _code(run), _code(other)
                return compare(spec, other_spec, (now, then), _commits(now, then))
    return None


def _is_same(other: Spec, spec: Spec) -> bool:
    if other.attached is not None and other.attached.pid is None:  # a log without a command
        return False
    return other.cwd == spec.cwd and program_name(other.argv) == program_name(spec.argv)


def _is_good(run: RunDir) -> bool:
    with suppress(OvernightError):
        status = run.status()
        return status is not None and status.state == "succeeded"
    return False


def _code(run: RunDir) -> Code | None:
    with suppress(OvernightError):
        return run.code()
    return None


def _commits(now: Code | None, then: Code | None) -> Commits | None:
    if now is None or then is None or now.root is None or now.root != then.root:
        return None
    if now.commit is None or then.commit is None or now.commit == then.commit:
        return None
    return git.between(now.root, then.commit, now.commit)
