"""What ends with a login session, with the user's manager, or with a service.

Rules:
- Membership decides, as systemd has it: the cgroup's path says what a run started here belongs to.
- Lingering keeps the user's manager, never a session: with KillUserProcesses=yes a run must leave the session.

Sources: logind.conf(5) (precedence; KillUserProcesses, KillExcludeUsers), systemd.kill(5) (KillMode).
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping

from overnight.app.checkup.check import Check, fine, warn
from overnight.app.checkup.facts import System, assignments, truth, unit_path

_PLACES = ("/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd")
"""The first has the last word."""
_BOOTED = "/run/systemd/system"
_COMMENTED = re.compile(r"^\s*#\s*KillUserProcesses=(\w+)", re.MULTILINE)
_SESSION = re.compile(r"session-[^/]+\.scope")
_USER_MANAGER = re.compile(r"user@\d+\.service")
_SCOPE = "systemd-run --user --scope overnight run -- COMMAND"
_LINGER = "loginctl enable-linger"


# ---------------------------------------------------------------- pure


def in_order(files: Mapping[str, str], name: str = "logind.conf") -> list[str]:
    """The texts that count, each overriding those before it: one main file, then drop-ins by their names.

    `files`: path to text. Of drop-ins with one name, that of the first place counts.
    """
    main = next((files[f"{place}/{name}"] for place in _PLACES if f"{place}/{name}" in files), "")
    drop_ins: dict[str, str] = {}
    for place in reversed(_PLACES):
        folder = f"{place}/{name}.d/"
        drop_ins |= {path[len(folder) :]: text for path, text in files.items() if path.startswith(folder)}
    return [main, *(drop_ins[key] for key in sorted(drop_ins))]


def ends_sessions(texts: Iterable[str], user: str) -> bool:
    """Whether logind kills what is left of a session of `user`."""
    texts = list(texts)
    compiled = [found for text in texts for found in _COMMENTED.findall(text)]
    # The main file shows the compiled default in a comment; without one, what distributions build with.
    kills = bool(truth(compiled[0])) if compiled else False
    only: list[str] = []
    spared = ["root"]
    for name, value in assignments(texts, "Login"):
        if name == "KillUserProcesses":
            said = truth(value)
            kills = kills if said is None else said
        elif name == "KillOnlyUsers":
            only = [*only, *value.split()] if value else []
        elif name == "KillExcludeUsers":
            spared = [*spared, *value.split()] if value else []
    return kills and user not in spared and (not only or user in only)


def logout(path: str, kills: bool, lingers: bool) -> Check:
    """What a logout does to a run that is started in the cgroup `path`."""
    if _USER_MANAGER.search(path):
        if lingers:
            return fine("logout", "harmless, your systemd manager stays (lingering)")
        return warn(
            "logout",
            "kills runs: they belong to your systemd manager, which ends at your last logout",
            _LINGER,
        )
    session = _SESSION.search(path)
    if session is None:
        return fine("logout", "harmless, this is no login session")
    if kills:
        text = f"kills runs: KillUserProcesses=yes, and this shell is in {session[0]}"
        return warn("logout", text, f"{_LINGER} && {_SCOPE}")
    return fine("logout", "harmless, KillUserProcesses=no")


def service_of(path: str) -> str | None:
    """The innermost unit of the path when it is a service, and not the user's manager itself."""
    units = [part for part in path.split("/") if part.endswith((".service", ".scope"))]
    if not units or not units[-1].endswith(".service") or _USER_MANAGER.fullmatch(units[-1]):
        return None
    return units[-1]


def service(unit: str, kill_mode: str | None, as_root: bool) -> Check:
    """What the end of the service `unit` does to a run that is started inside; `kill_mode` None: not known."""
    if kill_mode in ("process", "none"):
        return fine("service", f"{unit} leaves runs alone when it stops (KillMode={kill_mode})")
    mode = f"KillMode={kill_mode}" if kill_mode else "unless its KillMode says otherwise"
    advice = _SCOPE.replace("--user ", "") if as_root else f"{_LINGER} && {_SCOPE}"
    return warn("service", f"{unit} kills every run started in it when it stops ({mode})", advice)


# ---------------------------------------------------------------- reading


def config(system: System, name: str = "logind.conf") -> list[str]:
    """The texts of a configuration of systemd, in the order in which they count. Raises OSError."""
    files = {}
    for place in _PLACES:
        folder = f"{place}/{name}.d"
        drop_ins = (f"{folder}/{entry}" for entry in system.names(folder) if entry.endswith(".conf"))
        for path in (f"{place}/{name}", *drop_ins):
            text = system.text(path)
            if text is not None:
                files[path] = text
    return in_order(files, name)


def look_at_logout(system: System, user: str) -> Iterator[Check]:
    """Logind, lingering and this process's place among sessions."""
    if not system.has(_BOOTED):
        yield fine("logout", "harmless, no systemd at work")
        return
    kills = ends_sessions(config(system), user)
    lingers = system.has(f"/var/lib/systemd/linger/{user}")
    yield logout(unit_path(system.needed("/proc/self/cgroup")), kills, lingers)


def look_at_service(system: System) -> Iterator[Check]:
    """The service that this process is part of, if it is of one."""
    path = unit_path(system.needed("/proc/self/cgroup"))
    unit = service_of(path)
    if unit is not None:
        of_user = bool(_USER_MANAGER.search(path))
        mode = _kill_mode(unit, of_user) if system.has(_BOOTED) else None
        yield service(unit, mode, as_root=os.geteuid() == 0 and not of_user)


def _kill_mode(unit: str, of_user: bool) -> str | None:
    if shutil.which("systemctl") is None:
        return None
    words = ["systemctl", *(["--user"] if of_user else []), "show", "-p", "KillMode", "--value", "--", unit]
    done = subprocess.run(words, capture_output=True, text=True, timeout=3, check=False)
    return done.stdout.strip() or None
