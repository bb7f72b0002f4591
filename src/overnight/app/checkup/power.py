"""What ends everything at once: a reboot that is due, sleep, memory that runs out.

Rules:
- Only what happens by itself warns: a reboot that somebody has to order does not.
- A laptop warns unless its sleep is masked or inhibited.
"""

import os
import re
from collections.abc import Iterable, Iterator

from overnight.app.checkup.check import Check, fine, warn
from overnight.app.checkup.facts import System, assignments
from overnight.app.checkup.logout import config
from overnight.core.humane import size

_APT = "/etc/apt/apt.conf.d"
_APT_LINE = re.compile(r'^\s*Unattended-Upgrade::Automatic-Reboot(-Time)?\s+"([^"]*)"\s*;', re.MULTILINE)
_NO_REBOOT = (
    "echo 'Unattended-Upgrade::Automatic-Reboot \"false\";' | sudo tee /etc/apt/apt.conf.d/99no-reboot"
)
_SLEEPS = ("sleep.target", "suspend.target")
_UNITS = ("/etc/systemd/system", "/run/systemd/system")
_INHIBIT = "systemd-inhibit --what=sleep:idle:handle-lid-switch --why=overnight sleep 12h"
_KILLERS = ("systemd-oomd", "earlyoom", "nohang", "oomd")


# ---------------------------------------------------------------- pure


def reboot_time(texts: Iterable[str]) -> str | None:
    """When unattended-upgrades reboots by itself; None when it does not. The last word counts."""
    enabled, at = "false", "now"
    for text in texts:
        for is_time, value in _APT_LINE.findall(text):
            enabled, at = (enabled, value) if is_time else (value, at)
    return at if enabled.lower() in ("true", "1", "yes", "on") else None


def reboot(at: str | None, pending: bool, scheduled: str) -> Check:
    """Whether the machine reboots by itself. `scheduled`: systemd's record of an ordered shutdown."""
    mode = re.search(r"^MODE=(\w+)", scheduled, re.MULTILINE)
    if mode:
        return warn("reboot", f"a {mode[1]} is scheduled, and ends every run", "sudo shutdown -c")
    if at is not None:
        when = "as soon as an upgrade asks for it" if at == "now" else f"at {at}, when an upgrade asks for it"
        now = ": one does" if pending else ""
        return warn("reboot", f"the machine reboots by itself {when}{now}", _NO_REBOOT)
    if pending:
        return fine("reboot", "an upgrade asks for one: better before a long run than during it")
    return fine("reboot", "none is due")


def suspend(batteries: bool, masked: bool, inhibitors: Iterable[str]) -> Iterator[Check]:
    """Whether a laptop goes to sleep. `inhibitors`: the records of /run/systemd/inhibit."""
    if batteries and not masked and not any(_holds(text) for text in inhibitors):
        text = "a closed lid or an empty battery suspends this laptop and every run on it"
        yield warn("sleep", text, _INHIBIT)
    elif batteries:
        yield fine("sleep", "held off")


def lid_ignored(texts: Iterable[str]) -> bool:
    """Whether logind lets a closed lid be, on batteries too."""
    said = dict(assignments(texts, "Login"))
    return said.get("HandleLidSwitch") == "ignore" and said.get("IdleAction", "ignore") == "ignore"


def out_of_memory(killers: Iterable[str], meminfo: str) -> Check:
    """Who kills when memory runs out, and how much there is."""
    found = dict(re.findall(r"^(\w+):\s+(\d+) kB", meminfo, re.MULTILINE))
    free, total, swap = (int(found[name]) * 1024 for name in ("MemAvailable", "MemTotal", "SwapTotal"))
    text = f"{size(free)} of {size(total)} free, {size(swap) if swap else 'no'} swap"
    names = ", ".join(sorted(killers))
    if names == "systemd-oomd":
        return fine("ram", f"{text}; systemd-oomd kills whole cgroups when it gets short")
    return fine("ram", f"{text}; {names} kills when it gets short" if names else text)


def _holds(inhibitor: str) -> bool:
    """Whether it blocks sleep and the lid both."""
    said = dict(line.split("=", 1) for line in inhibitor.splitlines() if "=" in line)
    what = said.get("WHAT", "").split(":")
    return said.get("MODE") == "block" and {"sleep", "handle-lid-switch"} <= set(what)


# ---------------------------------------------------------------- reading


def look_at_reboot(system: System) -> Iterator[Check]:
    """Unattended upgrades, a pending reboot, an ordered shutdown."""
    texts = [system.text(f"{_APT}/{name}") or "" for name in system.names(_APT)]
    scheduled = system.text("/run/systemd/shutdown/scheduled") or ""
    yield reboot(reboot_time(texts), system.has("/run/reboot-required"), scheduled)


def look_at_sleep(system: System) -> Iterator[Check]:
    """Batteries, and what keeps the machine awake."""
    folder = "/sys/class/power_supply"
    batteries = any(_is_battery(system, f"{folder}/{name}") for name in system.names(folder))
    masked = any(_masked(system, f"{unit}/{sleep}") for unit in _UNITS for sleep in _SLEEPS)
    inhibit = "/run/systemd/inhibit"
    records = [system.text(f"{inhibit}/{name}") or "" for name in system.names(inhibit) if "." not in name]
    yield from suspend(batteries, masked or lid_ignored(config(system)), records)


def look_at_memory(system: System) -> Iterator[Check]:
    """The machine's memory and its killers."""
    names = {(system.text(f"/proc/{pid}/comm") or "").strip() for pid in system.processes()}
    yield out_of_memory(names & set(_KILLERS), system.needed("/proc/meminfo"))


def _is_battery(system: System, folder: str) -> bool:
    """Of the machine itself: a mouse has one, too."""
    kind, scope = system.text(f"{folder}/type") or "", system.text(f"{folder}/scope") or ""
    return kind.strip() == "Battery" and scope.strip() != "Device"


def _masked(system: System, unit: str) -> bool:
    path = system.path(unit)
    return os.path.islink(path) and os.readlink(path) == "/dev/null"
