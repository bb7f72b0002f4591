"""A user's file of known problems.

Rules: it gives entries or `Unreadable`, soon; an entry that is taken in reads a hostile line in no time.
"""

import time

from fuzz import support
from overnight import catalog
from overnight.core.observe import Catalog, LogReader
from overnight.core.recognizers import Recognizers
from overnight.errors import Unreadable

FILE = support.SCRATCH / "mine.toml"
LINES = b"a" * 3000 + b"\n" + b"a b 1 " * 500 + b"!\n" + b"error: failed to " * 200 + b"\n"
_TOO_LONG_S = 5.0


def check(data: bytes) -> None:
    """Read it, then a log with it."""
    FILE.write_bytes(data)
    begun = time.process_time()
    entries = support.refused(lambda: catalog.checked(str(FILE)), Unreadable)
    if entries:
        for bulk in (1, 1 << 40):
            reader = LogReader(Catalog(entries), Recognizers(), bulk_bytes=bulk)
            reader.feed(LINES, None)
            reader.flush(None)
    assert time.process_time() - begun < _TOO_LONG_S, "it takes for ever"


def _entry(pattern: str, example: str) -> bytes:
    return (
        f"[[signature]]\nid = 'my.one'\nclass = 'x'\nseverity = 'minor'\npattern = ['''{pattern}''']\n"
        f"cause = 'c'\nadvice = 'a'\nexamples = ['''{example}''']\n"
    ).encode()


def seeds() -> list[bytes]:
    """Patterns that are right, that are wrong, and that take for ever."""
    pairs = [
        ("disk .* full", "disk 3 full"), ("(a+)+$", "aaa"), ("(?i)x{2,5}|y", "Y"), ("(a|ab)*c", "abc"),
        ("a*a*a*a*b", "ab"),
        ("(?=a)a", "a"), ("[", "a"), (r"\berror\b: (\w+ )+", "error: a b "), ("(?P<n>a)", "a"), ("a{1,99999}", "aa"),
        (r"[\W\d_]+\s*$", "1 "), ("(?s:.)(?-i:b)", "ab"), ("^$", ""),
    ]  # fmt: skip
    return [_entry(*pair) for pair in pairs] + [
        _entry("a", "a") + b"near_misses = ['b']\nrole = 'noise'\ngeneric = true\n"
    ]


WORDS = (
    "(?:",
    ")*",
    ")+",
    "{1,",
    "}",
    "|",
    "[^",
    "]",
    ".*",
    "\\s+",
    "\\w",
    "(?i)",
    "(?>",
    "*+",
    "(?#",
    "^",
    "$",
)
