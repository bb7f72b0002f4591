"""Making this program known to the tools through which models work, and taking that back.

Rules:
- The receipt is written first, then the files; a failure leaves both as they were.
- What is written starts this installation by its absolute path and names the places that the tool's poor environment
  would hide: such tools pass on little more than HOME, PATH, SHELL and TERM.
"""

import os
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from overnight import settings
from overnight.agents import AGENTS, disk, plan, receipts
from overnight.agents.base import SCOPES, Agent, Around, Scope, Server, words_of
from overnight.agents.sites import Site
from overnight.app.environment import capture
from overnight.errors import OvernightError, UsageError
from overnight.store import captured
from overnight.store import home as store


class AgentChange(NamedTuple):
    """What an install or uninstall did. `changed`: files that were written or removed; `backups`: copies of what was
    there before; `kept`: files that a person changed and that stay; `environment`: where the one of the person who
    installs was kept, for runs that agents start; `remark`: what to know of it."""

    agent: str
    scope: str
    changed: list[str]
    backups: list[str]
    kept: list[str]
    environment: str | None
    remark: str


class AgentState(NamedTuple):
    """One tool in one scope.

    `used`: the tool itself shows here; `server`: ours is in its configuration; `program`: what that starts; `works`: it
    exists; `lang`: of the workflow, None when there is none or a person changed it; `problem`: a broken file.
    """

    agent: str
    title: str
    scope: Scope
    used: bool
    server: bool
    workflow: bool
    lang: str | None
    config: str | None
    program: str | None
    works: bool | None
    problem: str


def install_agent(name: str, scope: Scope, lang: str | None = None, folder: str | None = None) -> AgentChange:
    """Write our server and the workflow into a tool's files. `lang`: by default that of the settings.

    Raises UsageError, Unreadable, HomeUnusable, OvernightError (`agent_config_broken`, `agent_name_taken`,
    `agent_link_outside`, `agent_unwritable`, `agent_changed`).
    """
    site = site_of(_agent(name), scope, folder)
    made = plan.install(site, server_for(site.agent), lang or settings.load().lang)
    before = receipts.load(site.where)
    if made.receipt is not None and (made.changes or before != made.receipt):
        _write(site, made, before)
    environment = capture()
    backups = [os.path.join(site.where, copy) for copy in made.copies] if made.changes else []
    return AgentChange(
        name, scope, [c.path for c in made.changes], backups, made.kept, environment, _remark(site)
    )


def uninstall_agent(name: str, scope: Scope | None = None, folder: str | None = None) -> list[AgentChange]:
    """Take out what is ours, in one scope or in all. Raises as `install_agent` does; and `agent_not_installed`."""
    agent = _agent(name)
    sites = [site_of(agent, one, folder) for one in ([scope] if scope else scopes(folder))]
    there = [site for site in sites if _is_there(site, is_asked=scope is not None)]
    if not there:
        raise OvernightError(f"overnight is not installed in {agent.title}.", code="agent_not_installed")
    done = []
    for site in there:
        made = plan.uninstall(site)
        disk.apply(made.changes, made.folders)
        receipts.remove(site.where)
        receipts.hand_over([folder for folder in made.folders if os.path.isdir(folder)])
        done.append(AgentChange(name, site.scope, [c.path for c in made.changes], [], made.kept, None, ""))
    if not receipts.any_left():
        captured.remove(store.home())  # it holds the user's keys, and nobody needs it any more
    return done


def list_agents(folder: str | None = None) -> list[AgentState]:
    """Every tool in both scopes."""
    return [state_of(site_of(agent, scope, folder)) for agent in AGENTS.values() for scope in scopes(folder)]


def state_of(site: Site) -> AgentState:
    """What is installed where; a broken configuration is a `problem` of that one."""
    files, entry, problem = site.files, None, ""
    lang: str | None = None
    try:
        lang = plan.language(site)
        entry = plan.find(site)
    except OvernightError as error:
        problem = str(error)
    program = words_of(entry.value)[0] if entry is not None else None
    return AgentState(
        agent=site.agent.name,
        title=site.agent.title,
        scope=site.scope,
        used=os.path.lexists(files.clue) or any(os.path.lexists(config) for config in files.configs),
        server=entry is not None,
        workflow=os.path.isfile(files.text),
        lang=lang,
        config=entry.config if entry is not None else None,
        program=program,
        works=None if program is None else os.access(program, os.X_OK),
        problem=problem,
    )


def scopes(folder: str | None = None) -> tuple[Scope, ...]:
    """The scopes that are looked at from a folder: the home is no project, as its files are the user's."""
    is_home = os.path.realpath(folder or os.getcwd()) == os.path.realpath(os.path.expanduser("~"))
    return ("user",) if is_home else SCOPES


def site_of(agent: Agent, scope: Scope, folder: str | None = None) -> Site:
    """The tool in a scope, of this user or of the project in `folder` (by default the current one)."""
    around = Around(os.path.expanduser("~"), os.environ)
    here = os.path.realpath(folder or os.getcwd()) if scope == "project" else around.home
    return Site(agent, scope, here, around)


def server_for(agent: Agent) -> Server:
    """How a tool starts our server: this installation, with the home and the settings that are in force here."""
    command, *first = program()
    return Server(command, [*first, "mcp", "--client", agent.client], _places(os.environ))


def program() -> Sequence[str]:
    """The words that start this installation from any folder and without its environment."""
    for folder in (os.path.dirname(sys.executable), sysconfig.get_path("scripts")):
        script = os.path.join(folder, "overnight")
        if os.access(script, os.X_OK):
            return [os.path.abspath(script)]
    return [sys.executable, "-m", "overnight"]


def _places(env: Mapping[str, str]) -> dict[str, str]:
    """The home and the settings' file where they are not found by HOME alone."""
    found = {}
    user = os.path.expanduser("~")
    if env.get("OVERNIGHT_HOME") or store.home() != os.path.join(user, ".local/state/overnight"):
        found["OVERNIGHT_HOME"] = store.home()
    if env.get("OVERNIGHT_CONFIG") or settings.path() != os.path.join(user, ".config/overnight/config.toml"):
        found["OVERNIGHT_CONFIG"] = settings.path()
    return found


def _is_there(site: Site, *, is_asked: bool) -> bool:
    """Whether something is to be taken out. A broken file where we are not installed matters only when asked for."""
    is_installed = receipts.load(site.where) is not None
    try:
        made = plan.uninstall(site)
    except OvernightError:
        if is_installed or is_asked:
            raise
        return False
    disk.check(made.changes)
    return is_installed or bool(made.changes)


def _write(site: Site, made: plan.Plan, before: receipts.Receipt | None) -> None:
    disk.check(made.changes)
    if made.receipt is not None:
        receipts.save(site.where, made.receipt, made.copies)
    try:
        disk.apply(made.changes)
    except OvernightError:
        if before is None:
            receipts.remove(site.where)
        else:
            receipts.save(site.where, before, {})
        raise


def _remark(site: Site) -> str:
    if not site.files.configs:
        return f"{site.agent.title} has servers for the user only: install with --user, too"
    return ""


def _agent(name: str) -> Agent:
    if name not in AGENTS:
        raise UsageError(f"There is no agent {name!r}: {', '.join(AGENTS)}.")
    return AGENTS[name]
