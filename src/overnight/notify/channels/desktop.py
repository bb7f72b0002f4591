"""A bubble on the desktop, by `notify-send`, where somebody is logged in to one.

Rules: no shell; what looks like markup is escaped, since many desktops take the body for it.
"""

import html
import os
import shutil
import subprocess

from overnight.notify.channels.base import Message, NotSent

PROGRAM = "notify-send"
_DEADLINE_S = 10.0
_URGENCY = {"failure": "critical", "question": "critical", "success": "normal", "discovery": "low"}


def is_there() -> bool:
    """Whether there is a desktop session to show something on, and the program that does it."""
    return shutil.which(PROGRAM) is not None and _bus() is not None


class DesktopChannel:
    """The desktop of the user this process runs as."""

    def send(self, message: Message) -> None:
        """Show the message. Raises NotSent."""
        argv = [PROGRAM, "--app-name=overnight", f"--urgency={_URGENCY[message.kind]}", "--"]
        argv += [message.title, html.escape(message.body, quote=False)]
        bus = _bus()
        if bus is None:
            raise NotSent("there is no desktop session")
        try:
            done = subprocess.run(
                argv,
                env=os.environ | {"DBUS_SESSION_BUS_ADDRESS": bus},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_DEADLINE_S,
                check=False,
            )
        except FileNotFoundError as error:
            raise NotSent(f"{PROGRAM} is not installed") from error
        except (OSError, ValueError) as error:
            raise NotSent(f"{PROGRAM} cannot be run: {error}") from error
        except subprocess.TimeoutExpired as error:
            raise NotSent(f"{PROGRAM} did not answer within {_DEADLINE_S:.0f} s") from error
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise NotSent(
                f"{PROGRAM} failed with exit code {done.returncode}" + (f": {said[-1]}" if said else "")
            )


def _bus() -> str | None:
    """The address of the session's bus: a service started long ago may not have it in its environment."""
    named = os.environ.get("DBUS_SESSION_BUS_ADDRESS")
    if named:
        return named
    path = os.path.join(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}", "bus")
    return f"unix:path={path}" if os.path.exists(path) else None
