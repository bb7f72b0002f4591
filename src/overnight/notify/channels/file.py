"""A plain text file: a readable block and a line of JSON per message.

Rules: one durable write per message, mode 0600; a message that is in the file already is not written again,
so this channel tells exactly once even if the sender died between writing and marking.
"""

import fcntl
import json
import os
from datetime import datetime

from overnight.notify.channels.base import Message, NotSent
from overnight.store import locks

_LOOK_BACK_BYTES = 1 << 20


class FileChannel:
    """Appends to the file at `path`; its folder must exist."""

    def __init__(self, path: str) -> None:
        self._path = os.path.expanduser(path)

    def send(self, message: Message) -> None:
        """Append the message. Raises NotSent."""
        try:
            self._append(message)
        except OSError as error:
            raise NotSent(f"the file cannot be written: {error.strerror}") from error

    def _append(self, message: Message) -> None:
        held = fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            held = locks.lock(fd, fcntl.LOCK_EX)
            size = os.fstat(fd).st_size
            if _mark(message.key) in os.pread(fd, _LOOK_BACK_BYTES, max(0, size - _LOOK_BACK_BYTES)):
                return
            _write(fd, _block(message).encode("utf-8", "replace"), size)
        finally:
            locks.release(fd, held)


def _write(fd: int, data: bytes, size: int) -> None:
    try:
        while data:
            data = data[os.write(fd, data) :]
        os.fsync(fd)
    except OSError:
        os.ftruncate(fd, size)  # half a message is none: it comes whole with the next try
        raise


def _block(message: Message) -> str:
    when = datetime.fromtimestamp(message.at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    body = "".join(f"  {line}\n" for line in message.body.splitlines())
    return f"{when}  {message.title}\n{body}{json.dumps(message._asdict())}\n\n"


def _mark(key: str) -> bytes:
    return f'{{"key": {json.dumps(key)},'.encode()
