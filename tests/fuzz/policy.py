"""`--policy FILE`.

Rules: a file is refused in one sentence, or the run that is started with it can be read and watched.
"""

from fuzz import support
from overnight import catalog
from overnight.app import starting
from overnight.core.watch import Watch
from overnight.errors import UsageError
from overnight.store import home
from overnight.store.rundir import RunDir
from overnight.surfaces.cli.policy import read_policy

FILE = support.SCRATCH / "policy.toml"
KNOWN = catalog.load()
LOG = b"epoch 1/10 loss 0.5\nepoch 2/10 loss nan\nTraceback (most recent call last):\nKeyError: 1\n"


def check(data: bytes) -> None:
    """Read it; start with it; watch with it."""
    FILE.write_bytes(data)
    fields = support.refused(lambda: read_policy(str(FILE)), UsageError)
    found = (
        None if fields is None else support.refused(lambda: starting.watching(None, fields, None), UsageError)
    )
    if found is None:
        return
    path = home.create_run_dir(home.home(), {"argv": ["a"], "cwd": "/", **found})
    try:
        watch = Watch(RunDir(path).spec(), KNOWN)
        watch.read(LOG, 1.0)
        watch.look(7200.0)
        watch.due(7200.0)
    finally:
        home.remove_run_dir(path)


def seeds() -> list[bytes]:
    """Each field, and what goes wrong."""
    return [
        b'minor = "ignore"\ncritical = "ask"\nnon_finite = "interrupt"\nstall = "ask"\nstall_floor_s = 60.0\n',
        b'settle_s = 5\ngrace_s = [30, 10]\ndefault_answer = "stop"\nanswer_after_s = 60.0\nnon_finite_points = 3\n',
        b'record_min_gain = 0.01\nrecord_every_s = 1800\nrecord_warmup_trials = 10\n[signatures]\n"gpu.oom" = "ask"\n',
        b"settle_s = nan\ngrace_s = [inf, -1]\n",
        b"when = 1979-05-27\n",
    ]


WORDS = (
    "nan",
    "inf",
    "-inf",
    "1e999",
    "settle_s",
    "stall_factor",
    "[signatures]",
    "= ",
    "99999999999999999999",
)
