"""What could kill or blind a run here, and what to do about it; on one page.

```
facts (files of this machine) ─► one module per theme ─► checks ─► doctor()
```

Rules:
- A probe is a pure function of texts and numbers, and a thin reader beside it that fetches them.
- A probe that fails breaks nothing: it becomes a line that says so (`check.looked`).
- What is ordinary here and harms no run is told in few words; a false alarm is the worst bug.
- The package is not called `doctor`: importing it would hide the function of that name in `app`.
- Nothing is changed: what is tried out is tried in a child or in a hidden folder of the home.

Parts: `check`, `facts`; `house`, `home`, `logout`, `container`, `places`, `limits`, `kernel`, `power`, `agents`.
"""

import os
import pwd
import tempfile
import time
from collections.abc import Iterator
from functools import partial

from overnight.app.checkup import agents, container, home, house, kernel, limits, logout, places, power
from overnight.app.checkup.check import LEVELS, Check, Probe, looked
from overnight.app.checkup.facts import System
from overnight.core.surroundings import agent_of
from overnight.store import home as store

__all__ = ["LEVELS", "Check", "doctor"]

_Named = tuple[str, Probe]


def doctor(root: str = "/") -> list[Check]:
    """Everything that has to be right here for a night to go well, theme by theme.

    `root`: the folder below which the machine's files are read, for a look at a copy of another machine.
    """
    system, place = System(root), store.home()
    usable = list(looked("home", [("home", partial(house.home, place))]))
    themes = {
        "house": _house(place if usable[0].ok else None),
        "surroundings": _surroundings(system),
        "machine": _machine(system),
        "limits": _limits(system),
        "kernel": _kernel(system),
        "agents": [("agents", agents.look_at_agents)],
        "extras": [("extras", house.extras)],
    }
    lying = looked("home", _home(system, place)) if usable[0].ok else ()
    rest = [check for theme, probes in themes.items() for check in looked(theme, probes)]
    return [*usable, *lying, *rest]


def _house(place: str | None) -> Iterator[_Named]:
    yield "python", house.python
    yield "settings", house.settings
    yield "signatures", house.signatures
    if place is not None:
        yield "watchman", partial(house.watchman, place)


def _home(system: System, place: str) -> Iterator[_Named]:
    yield "file system", lambda: home.look_at_kind(system, place, container.name_here(system, os.environ))
    yield "disk", partial(home.look_at_room, "disk", place)
    yield "files", partial(home.try_files, place)
    yield "private", partial(home.look_at_privacy, place)
    yield "other host", partial(home.look_at_lock, system, place)
    yield "tmp", lambda: home.look_at_room("tmp", tempfile.gettempdir())


def _surroundings(system: System) -> Iterator[_Named]:
    env = os.environ
    yield "logout", lambda: logout.look_at_logout(system, _user())
    yield "service", partial(logout.look_at_service, system)
    yield "container", partial(container.look_at_ending, system, env)
    yield "init", partial(container.look_at_init, system)
    yield "agent", lambda: _agent(system)
    yield "job", partial(places.job, env, time.time())
    yield "rented", partial(places.reclaimed, env)
    yield "terminal", partial(places.terminal, env)


def _user() -> str:
    """The user's name; in a container there may be a number only."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _agent(system: System) -> list[Check]:
    name = agent_of(os.environ)
    if name is None:
        return []
    return [places.agent(name, container.sandboxed(system), container.name_here(system, os.environ))]


def _machine(system: System) -> Iterator[_Named]:
    yield "reboot", partial(power.look_at_reboot, system)
    yield "sleep", partial(power.look_at_sleep, system)
    yield "windows", lambda: places.windows(system.text("/proc/version") or "")
    yield "ram", partial(power.look_at_memory, system)
    yield "clock", kernel.look_at_clock


def _limits(system: System) -> Iterator[_Named]:
    yield "ulimit", lambda: limits.ulimits(limits.limits_here())
    yield "processes", partial(limits.look_at_processes, system)
    yield "memory", partial(limits.look_at_memory, system)
    yield "cgroup", partial(limits.look_at_tasks, system)


def _kernel(system: System) -> Iterator[_Named]:
    yield "kernel", kernel.try_processes
    yield "inotify", partial(kernel.try_watching, system)
    yield "/proc", partial(kernel.look_at_proc, system)
