"""`config.toml` and what is typed after `config set`.

Rules: a file gives Settings or `Unreadable`; a value that is set is refused in one sentence or can be read again. A
zero byte separates the file from what is typed: a key, a blank, a value.
"""

import os
from pathlib import Path

from fuzz import support
from overnight import settings
from overnight.errors import Unreadable, UsageError

FILE = Path(os.environ["OVERNIGHT_CONFIG"])


def check(data: bytes) -> None:
    """First the file, then the change."""
    text, _, typed = data.partition(b"\0")
    FILE.write_bytes(text)
    sound = support.refused(settings.load, Unreadable) is not None
    assert (support.refused(settings.entries, Unreadable) is not None) == sound
    key, _, value = typed.decode("utf-8", "surrogateescape").partition(" ")
    if sound and key:
        _change(key, value)


def _change(key: str, value: str) -> None:
    before = FILE.read_bytes()
    if support.refused(lambda: (settings.set(key, value),), UsageError) is None:
        assert FILE.read_bytes() == before, "refused and written all the same"
    settings.load()
    if support.refused(lambda: (settings.unset(key),), UsageError) is not None:
        settings.load()


def seeds() -> list[bytes]:
    """Settings as people write them."""
    return [
        b'lang = "fr"\nnotify = ["desktop", "file:/tmp/x"]\nschedule = [30, 90, 300]\nearly_wait_s = 3\n',
        b'[policy]\nstall = "interrupt"\ngrace_s = [1.0, 2.5]\n[policy.signatures]\n"gpu.oom" = "ask"\n',
        b"linger_s = inf\nresults = 'a'\n\0schedule 30, 90",
        b"\0policy.signatures.gpu.oom ask",
        b"# mine\n\0notify desktop file:a",
        b"policy = {stall = 'ask'}\n\0policy.grace_s [1, 2]",
        b"policy.stall = 'ask'\n\0policy.settle_s 1_0",
    ]


WORDS = (
    "nan",
    "inf",
    "1e999",
    "[policy]",
    "[policy.signatures]",
    "schedule",
    "grace_s",
    "= ",
    "{}",
    "1979-05-27",
)
