"""What was where before we came: one folder in the home per installation, so that it can be put back byte for byte.

Rules:
- The receipt is written before the files it speaks of; one whose files never changed harms nothing.
- Configurations hold keys and passwords: everything here is private (0600 in the home's 0700).
- Without a receipt (another home, a lost one) uninstall still takes our entry out, by its name.
"""

import hashlib
import os
import shutil

import msgspec

from overnight.agents.base import Scope
from overnight.errors import Unreadable
from overnight.store import files
from overnight.store.home import home, make_folders, prepare, unusable

_FOLDER = "agents"
_RECEIPT = "receipt.json"


class Kept(msgspec.Struct, frozen=True):
    """One file: `before` names the copy beside the receipt, None when there was no file; `after`: the digest of what
    was written; `ours`: our text, of a file that holds nothing else; `made`: objects made around our entry."""

    path: str
    before: str | None
    after: str
    ours: str | None = None
    made: int = 0


class Receipt(msgspec.Struct, frozen=True):
    """One installation. `folders`: those that were made for it."""

    agent: str
    scope: Scope
    folder: str
    lang: str
    config: Kept | None = None
    text: Kept | None = None
    folders: list[str] = []


def digest(data: bytes) -> str:
    """Of a file's bytes."""
    return hashlib.sha256(data).hexdigest()


def place(agent: str, scope: Scope, folder: str) -> str:
    """The folder of an installation. `folder`: the project's, or the user's home."""
    return os.path.join(home(), _FOLDER, f"{agent}-{scope}-{digest(os.fsencode(folder))[:12]}")


def load(where: str) -> Receipt | None:
    """The receipt in a folder; None when there is none. Raises Unreadable."""
    path = os.path.join(where, _RECEIPT)
    try:
        return msgspec.json.decode(files.read(path), type=Receipt)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path} is damaged: remove it, then install again.") from error


def save(where: str, receipt: Receipt, copies: "dict[str, bytes]") -> None:
    """Write a receipt with the copies it names. Raises HomeUnusable."""
    prepare(home())
    try:
        make_folders(where)
        for name, data in copies.items():
            files.replace(os.path.join(where, name), data)
        files.replace(os.path.join(where, _RECEIPT), msgspec.json.encode(receipt))
    except OSError as error:
        raise unusable(home(), error) from error


def copy(where: str, kept: Kept) -> bytes | None:
    """What was in the file before. Raises Unreadable."""
    if kept.before is None:
        return None
    path = os.path.join(where, kept.before)
    try:
        return files.read(path, 256 << 20)
    except OSError as error:
        raise Unreadable(f"The copy {path} cannot be read: {error.strerror}.") from error


def remove(where: str) -> None:
    """Forget an installation."""
    shutil.rmtree(where, ignore_errors=True)


def any_left() -> bool:
    """Whether this home has an installation."""
    root = os.path.join(home(), _FOLDER)
    return os.path.isdir(root) and bool(os.listdir(root))


def hand_over(folders: list[str]) -> None:
    """Leave folders that we made, and that are in use still, to the installations whose files are in them."""
    root = os.path.join(home(), _FOLDER)
    for name in os.listdir(root) if folders and os.path.isdir(root) else []:
        where = os.path.join(root, name)
        try:
            receipt = load(where)
        except Unreadable:  # told when that one is looked at
            continue
        if receipt is None:
            continue
        paths = [os.path.realpath(kept.path) for kept in (receipt.config, receipt.text) if kept is not None]
        more = {folder for folder in folders if any(path.startswith(folder + os.sep) for path in paths)}
        if more - {*receipt.folders}:
            save(where, msgspec.structs.replace(receipt, folders=sorted({*receipt.folders, *more})), {})
