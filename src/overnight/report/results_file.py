"""The user's own results file: one block per run between two markers, the rest never touched.

Rules:
- Everything outside the block is kept byte for byte, whatever its encoding and line ends.
- The file is replaced in one step: a reader, and a crash, see the old or the new one.
- A symbolic link stays one, the mode of the file stays what it was.
- A begin without its end is a person's half-edited text: it is left alone and a new block is added.
"""

import os
from pathlib import Path


def update(path: Path, run: str, block: str) -> None:
    """Put `block` (text without markers) between the markers of `run`; add it where there are none.

    Raises `OSError` when the file cannot be read or written; it is then as it was.
    """
    target = Path(os.path.realpath(path))
    old = target.read_bytes() if target.exists() else b""
    _replace(target, merged(old, run, block))


def merged(old: bytes, run: str, block: str) -> bytes:
    """`old` with the block of `run` in it. Pure."""
    begin, end = (f"<!-- overnight:{word} {run} -->".encode() for word in ("begin", "end"))
    stop = old.find(end)
    start = old.rfind(begin, 0, stop) if stop >= 0 else -1
    if start >= 0:
        rest = old[start + len(begin) :]
        return old[:start] + _block(begin, block, end, crlf=rest.startswith(b"\r\n")) + old[stop + len(end) :]
    crlf = b"\r\n" in old
    newline = b"\r\n" if crlf else b"\n"
    gap = b"" if not old else newline if old.endswith(b"\n") else newline * 2
    return old + gap + _block(begin, block, end, crlf=crlf) + newline


def _block(begin: bytes, block: str, end: bytes, *, crlf: bool) -> bytes:
    lines = block.strip().encode("utf-8", "replace").splitlines()
    return (b"\r\n" if crlf else b"\n").join([begin, *lines, end])


def _replace(target: Path, content: bytes) -> None:
    fresh = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        with fresh.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            fresh.chmod(target.stat().st_mode & 0o7777)
        fresh.replace(target)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
