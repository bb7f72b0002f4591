"""The known problems: the package's, the user's, and those of a project.

    ~/.config/overnight/signatures/*.toml     the user's, beside the settings
    FOLDER/.overnight/signatures/*.toml       a project's: FOLDER is where its run works, or where its log is

Rules:
- The package's entries are read once per process; an entry of the same id replaces ours, a project's the user's.
- A file that is wrong is left out as a whole and told in one sentence, never a silent gap; the others are used.
- A user's entry is tested when it is read: its examples must match and its near misses must not. A pattern that
  could take for ever on some line is refused, since every line of every run meets it.
- Logs with the same entries share one catalog and what it has compiled. The fast engines serve our own entries,
  which are tested with each of them; the standard engine runs any expression exactly as it is.
"""

import os
import stat
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from overnight import engines, settings
from overnight.core import signatures
from overnight.core.observe import Catalog
from overnight.core.patterns import endless
from overnight.core.scan import Matcher
from overnight.core.signatures import Signature, parse
from overnight.errors import Unreadable

FOLDER = "signatures"
PROJECT = os.path.join(".overnight", FOLDER)

_MOST_BYTES = 1 << 20
_MOST_CATALOGS = 8
"""Catalogs kept for folders with entries of their own: some megabytes each."""


class Known(NamedTuple):
    """What can be recognised. `origins`: the file of each entry, by id; `faults`: a sentence per wrong file."""

    catalog: Catalog
    origins: dict[str, str]
    faults: list[str]


class _File(NamedTuple):
    """A file of entries as it is now: another size or change time is another file."""

    path: str
    changed_ns: int
    size: int


@cache
def load() -> Catalog:
    """The package's own."""
    own = tuple(signature for signature, _origin in _own().values())
    return Catalog(own, lambda matcher: engines.fastest(own, matcher))


def known(folder: str) -> Known:
    """All that counts for a run or a log in `folder`."""
    files = tuple(_as_it_is(path) for path in user_files(folder))
    return _with(files) if files else Known(load(), _origins(_own()), [])


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
        why = " ".join(str(error).split())  # it quotes the file, which may break its lines anywhere
        raise Unreadable(f"The signatures in {path} are not used: {why}.", code="bad_signatures") from None
    return entries


# ---------------------------------------------------------------- putting together

_Entries = dict[str, tuple[Signature, str]]
"""Entries and the files they are from, by id."""


@cache
def _own() -> _Entries:
    folder = Path(signatures.__file__).parent  # importlib.resources is 11 ms that a first run would wait for
    files = sorted(folder.glob("*.toml"))
    read = ((f"overnight/core/signatures/{f.name}", parse([f.read_text("utf-8")])) for f in files)
    return {signature.id: (signature, origin) for origin, entries in read for signature in entries}


@lru_cache(_MOST_CATALOGS)
def _with(files: tuple[_File, ...]) -> Known:
    """Ours and those of the files."""
    entries, faults = dict(_own()), []
    for file in files:
        try:
            entries |= {signature.id: (signature, file.path) for signature in checked(file.path)}
        except Unreadable as error:
            faults.append(str(error))
    catalog = Catalog(tuple(signature for signature, _origin in entries.values()))
    return Known(catalog, _origins(entries), faults)


def _origins(entries: _Entries) -> dict[str, str]:
    return {id_: origin for id_, (_signature, origin) in entries.items()}


# ---------------------------------------------------------------- files


def _files(folder: str) -> list[str]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []  # most have none
    return [os.path.join(folder, name) for name in names if name.endswith(".toml") and name[0] != "."]


def _as_it_is(path: str) -> _File:
    try:
        found = os.stat(path)
    except OSError:
        return _File(path, 0, -1)
    return _File(path, found.st_ctime_ns, found.st_size)


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
