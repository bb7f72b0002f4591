"""Logs from anywhere, as pieces of plain bytes: files, standard input, compressed or not.

Rules:
- What a file is, its first bytes say, not its name: `train.log.1` may be gzip, and `x.gz` plain text.
- Memory is bounded: at most a piece at a time, however well a file is compressed.
- An archive that is cut or damaged gives what can be read of it, and then says so in one sentence (`trouble`).
- UTF-16 becomes UTF-8 here, so that line numbers and quotes are right.
- What is no text is refused: an analysis of noise would be noise.
"""

import bz2
import codecs
import glob
import gzip
import io
import lzma
import os
import re
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from overnight.errors import OvernightError, Unreadable

STDIN = "-"

_PIECE = 1 << 21
_SIP = 1 << 10
"""Compressed bytes read at once: what a damaged place takes with it is at most so much. Where a library
decompresses all it is given, this bounds its memory: a kilobyte of zstd is at most 32 MB."""

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\x07\x08\x0b\x0c\x1b")) + b"\x7f"
_LOOKED_AT = 1 << 16
_BINARY = 0.02
"""A log with more than 2 % control characters (colours, bars and bells aside) is no text. Random bytes have
10 %, programs and tensors 20 % and more; NUL at the start is what is left where somebody cut a log in use."""

_WILD = re.compile(r"[*?[]")


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class Source:
    """The log at `path` (`-`: standard input); iterate over it once. `trouble`: why it ended early, or empty."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.trouble = ""

    def __iter__(self) -> Iterator[bytes]:
        """Its bytes in pieces. Raises Unreadable: nothing there, a folder, no permission, empty, no text."""
        try:
            with open(0 if self.path == STDIN else self.path, "rb", closefd=self.path != STDIN) as file:
                yield from self._text(self._plain(_Head(file)))
        except OSError as error:
            raise Unreadable(_refusal(self.path, error)) from error

    def _plain(self, file: "_Head") -> Iterator[bytes]:
        """The bytes, decompressed; an archive that ends or breaks in between is noted."""
        kind = next((kind for mark, kind in _MARKS.items() if file.head.startswith(mark)), None)
        if kind is None:
            yield from _pieces(file.read)
            return
        name, opened, faults = kind(self.path)
        try:
            yield from _gathered(opened(file))
        except EOFError:
            self.trouble = f"{_named(self.path)} ends in the middle of its {name} data"
        except faults as error:
            self.trouble = f"{_named(self.path)} is damaged ({name}: {error})"

    def _text(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The pieces as UTF-8 or what they are; the first of them that says anything is looked at."""
        decoder: codecs.IncrementalDecoder | None = None
        begun = looked = False
        for data in pieces:
            if not begun and data[:2] in _UTF16:
                decoder = codecs.getincrementaldecoder("utf-16")("replace")
            text = decoder.decode(data).encode("utf-8", "replace") if decoder is not None else data
            begun = begun or bool(data)
            if not looked and text.strip(b"\0"):
                looked = True
                _refuse_binary(text.lstrip(b"\0")[:_LOOKED_AT], self.path)
            if text:
                yield text
        if not looked and self.trouble:
            raise Unreadable(f"{self.trouble}: nothing of it could be read.")
        if not looked:
            what = "holds nothing but zero bytes" if begun else "is empty"
            raise Unreadable(f"{_named(self.path)} {what}.", code="empty_log")
        self.trouble += ": only what comes before was read." if self.trouble else ""


class _Head:
    """A file whose first bytes are known before they are read. A read waits for all that it asks for: large
    pieces are read in bulk, and what comes through a pipe in small ones would take ten times as long."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self.head = self._rest = file.read(6)

    def read(self, size: int = -1, /) -> bytes:
        size = _PIECE if size < 0 else size
        data, self._rest = self._rest[:size], self._rest[size:]
        return data + self._file.read(size - len(data))


class _Sips:
    """The same in small portions, for decompressors that lose a whole portion when they fail."""

    def __init__(self, file: _Readable) -> None:
        self._file = file

    def read(self, size: int = -1, /) -> bytes:
        return self._file.read(_SIP if size < 0 else min(size, _SIP))


def _sips(file: _Readable) -> Any:
    """For the standard library, whose types ask for more of a file than its code does."""
    return _Sips(file)


# ---------------------------------------------------------------- decompression

Faults = tuple[type[Exception], ...]
Format = tuple[str, Callable[[_Readable], Iterator[bytes]], Faults]
"""Its name, how it is read, and what its library raises for damaged data."""


def _pieces(read: Callable[[int], bytes]) -> Iterator[bytes]:
    while data := read(_PIECE):
        yield data


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """In pieces of one size; what there is comes out before an error does."""
    held = bytearray()
    try:
        for data in pieces:
            held += data
            while len(held) >= _PIECE:
                yield bytes(held[:_PIECE])
                del held[:_PIECE]
    except Exception:
        yield bytes(held)
        raise
    yield bytes(held)


def _gzip(_path: str) -> Format:
    def opened(file: _Readable) -> Iterator[bytes]:
        return _pieces(gzip.GzipFile(fileobj=_sips(file)).read1)

    return "gzip", opened, (zlib.error, gzip.BadGzipFile)


def _bz2(_path: str) -> Format:
    def opened(file: _Readable) -> Iterator[bytes]:
        return _pieces(bz2.BZ2File(_sips(file)).read1)

    return "bzip2", opened, (OSError,)


def _xz(_path: str) -> Format:
    def opened(file: _Readable) -> Iterator[bytes]:
        return _pieces(lzma.LZMAFile(_sips(file)).read1)

    return "xz", opened, (lzma.LZMAError,)


def _zstd(path: str) -> Format:
    """Python 3.14 reads it by itself; before, the `zstandard` package does."""
    try:
        from compression import zstd  # type: ignore[import-not-found]
    except ImportError:
        return _zstandard(path)

    def opened(file: _Readable) -> Iterator[bytes]:
        return _pieces(zstd.ZstdFile(_sips(file)).read1)

    return "zstd", opened, (zstd.ZstdError,)


def _zstandard(path: str) -> Format:
    try:
        import zstandard
    except ImportError:
        raise Unreadable(
            f"{_named(path)} is compressed with zstd, which needs one more package: pip install 'overnight[zst]'.",
            code="needs_zstandard",
        ) from None

    def opened(file: _Readable) -> Iterator[bytes]:
        return _frames(_sips(file), zstandard.ZstdDecompressor().decompressobj)

    return "zstd", opened, (zstandard.ZstdError,)


def _frames(file: _Readable, begin: Callable[[], Any]) -> Iterator[bytes]:
    """One frame after the other. Raises EOFError when the last one is not whole."""
    frame, begun = begin(), False
    while data := file.read():
        while data:
            begun = True
            yield frame.decompress(data)
            data = b""
            if frame.eof:
                data, frame, begun = frame.unused_data, begin(), False
    if begun:
        raise EOFError


_MARKS: dict[bytes, Callable[[str], Format]] = {
    b"\x1f\x8b": _gzip,
    b"BZh": _bz2,
    b"\xfd7zXZ\0": _xz,
    b"\x28\xb5\x2f\xfd": _zstd,
}


# ---------------------------------------------------------------- what is refused


def _refuse_binary(sample: bytes, path: str) -> None:
    control = len(sample) - len(sample.translate(None, _CONTROL))
    if control > _BINARY * len(sample):
        raise Unreadable(f"{_named(path)} is binary, no log: there are no lines to read.", code="binary")


def _refusal(path: str, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"There is no file {path!r}."
    if isinstance(error, IsADirectoryError):
        inside = os.path.join(path, "*.log")
        return f"{path!r} is a folder: name the logs in it, for example {inside!r}."
    return f"The log {path!r} cannot be read: {error.strerror or error}."


def _named(path: str) -> str:
    return "Standard input" if path == STDIN else repr(path)


# ---------------------------------------------------------------- which files


def expanded(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The files that `words` mean, each once and in order, and the patterns that match none.

    A word that is a file is that file, whatever is in its name; otherwise `*`, `?`, `[…]` and `**` stand for
    files, for callers without a shell.
    """
    files: dict[str, None] = {}
    empty: list[str] = []
    for word in words:
        found = _matches(word)
        files |= dict.fromkeys(found)
        empty += [] if found else [word]
    return list(files), empty


def _matches(word: str) -> list[str]:
    if word == STDIN or not _WILD.search(word) or os.path.lexists(word):
        return [word]
    return sorted(path for path in glob.glob(word, recursive=True) if _is_file(path))


def _is_file(path: str) -> bool:
    try:
        return not stat.S_ISDIR(os.stat(path).st_mode)
    except OSError:
        return True  # it is named in the result, with what is wrong with it


def no_match(pattern: str) -> OvernightError:
    """What is said of a pattern that matches no file."""
    return Unreadable(f"No file matches {pattern!r}.", code="no_such_file")
