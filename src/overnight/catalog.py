"""The known problems: the package's, the user's, and those of a project.

    ~/.config/overnight/signatures/*.toml     the user's, beside the settings
    FOLDER/.overnight/signatures/*.toml       a project's: FOLDER is where its run works, or where its log is

Rules:
- The package's entries are read once per process; an entry of the same id replaces ours, a project's the user's.
- A file that is wrong is left out as a whole and told in one sentence, never a silent gap; the others are used.
- A user's entry is tested when it is read: its examples must match and its near misses must not. A pattern that
  could take for ever on some line is refused, since every line of every run meets it.
"""

import os
import stat
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import NamedTuple

import msgspec

from overnight import settings
from overnight.core.observe import Catalog
from overnight.core.scan import Matcher
from overnight.core.signatures import Signature, endless, parse
from overnight.errors import Unreadable

FOLDER = "signatures"
PROJECT = os.path.join(".overnight", FOLDER)

_MOST_BYTES = 1 << 20


class Known(NamedTuple):
    """What can be recognised. `origins`: the file of each entry, by id; `faults`: a sentence per wrong file."""

    catalog: Catalog
    origins: dict[str, str]
    faults: list[str]


def load() -> Catalog:
    """The package's own."""
    return Catalog(tuple(signature for signature, _origin in _own().values()))


def known(folder: str) -> Known:
    """All that counts for a run or a log in `folder`."""
    entries, faults = dict(_own()), []
    for path in user_files(folder):
        try:
            entries |= {signature.id: (signature, path) for signature in checked(path)}
        except Unreadable as error:
            faults.append(str(error))
    signatures = tuple(signature for signature, _origin in entries.values())
    return Known(Catalog(signatures), {id_: origin for id_, (_s, origin) in entries.items()}, faults)


def user_folder() -> str:
    """Where the user's own signatures are, whether or not there are any."""
    return os.path.join(os.path.dirname(settings.path()), FOLDER)


def user_files(folder: str) -> list[str]:
    """The files with entries of the user's and of the project in `folder`, in the order in which they count."""
    return [path for place in (user_folder(), os.path.join(folder, PROJECT)) for path in _files(place)]


def checked(path: str) -> tuple[Signature, ...]:
    """The entries of a file, tested. Raises Unreadable: one sentence that says what is wrong with it."""
    try:
        entries = parse([_text(path)])
        for entry in entries:
            _test(entry)
    except OSError as error:
        raise Unreadable(f"The signatures in {path} cannot be read: {error.strerror or error}.") from None
    except (ValueError, RecursionError, OverflowError, msgspec.ValidationError) as error:
        raise Unreadable(f"The signatures in {path} are not used: {error}.", code="bad_signatures") from None
    return entries


@cache
def _own() -> dict[str, tuple[Signature, str]]:
    folder = resources.files("overnight.core.signatures")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    read = ((f"overnight/core/signatures/{f.name}", parse([f.read_text("utf-8")])) for f in files)
    return {signature.id: (signature, origin) for origin, entries in read for signature in entries}


def _files(folder: str) -> list[str]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []  # most have none
    return [os.path.join(folder, name) for name in names if name.endswith(".toml") and name[0] != "."]


def _text(path: str) -> str:
    """A plain file of at most 1 MiB: what is read here stands in the way of a run's watch."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise ValueError("it is no plain file")
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ValueError("it is larger than 1 MiB")
    return data.decode("utf-8")


def _test(entry: Signature) -> None:
    for pattern in entry.pattern:
        if (why := endless(pattern)) is not None:
            raise ValueError(f"signature {entry.id}: {pattern!r} {why}")
    matcher = Matcher([entry])
    _refuse(entry, "example", "is not matched", (t for t in entry.examples if not matcher.match(t)))
    _refuse(entry, "near miss", "is matched", (t for t in entry.near_misses if matcher.match(t)))


def _refuse(entry: Signature, kind: str, what: str, texts: Iterable[str]) -> None:
    for text in texts:
        raise ValueError(f"signature {entry.id}: its {kind} {text[:80]!r} {what}")
