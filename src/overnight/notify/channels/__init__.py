"""The channels by their addresses: `desktop`, `file:PATH`, and any Apprise URL.

Rules: a new channel is one file and one line of `open_channel`; the default needs no network and no account.
"""

import os

from overnight.errors import UsageError
from overnight.notify.channels.apprise import AppriseChannel
from overnight.notify.channels.base import Channel, Message, NotSent
from overnight.notify.channels.desktop import DesktopChannel, is_there
from overnight.notify.channels.file import FileChannel
from overnight.settings import Settings

DESKTOP = "desktop"
FILE = "file:"
DEFAULT_FILE = "notifications.log"

__all__ = ["Channel", "Message", "NotSent", "addresses", "check", "open_channel"]


def addresses(settings: Settings, home: str) -> list[str]:
    """Where to tell: what the settings say, else the desktop if there is one and a file in the home."""
    if settings.notify:
        return list(dict.fromkeys(settings.notify))
    shown = [DESKTOP] if is_there() else []
    return [*shown, FILE + os.path.join(home, DEFAULT_FILE)]


def open_channel(address: str) -> Channel:
    """The channel at an address; nothing is sent and nothing is checked yet."""
    if address == DESKTOP:
        return DesktopChannel()
    if address.startswith(FILE):
        return FileChannel(address.removeprefix(FILE))
    return AppriseChannel(address)


def check(address: str) -> None:
    """Whether an address can be one, before the night. Raises UsageError with one sentence."""
    channel = open_channel(address)
    if address == FILE:
        raise UsageError("A file channel needs a path: file:/home/me/notifications.log.", code="bad_channel")
    if isinstance(channel, AppriseChannel):
        try:
            channel.check()
        except NotSent as error:
            hint = "write `desktop`, file:PATH, or an Apprise URL such as ntfy://topic"
            raise UsageError(f"{error}: {hint}.", code="bad_channel") from error
