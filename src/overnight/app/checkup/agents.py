"""The tools through which models work: whether what was installed in them still stands, and what they do to commands.

Rules:
- Only tools in which this program is installed are looked at, for the user and for the project of this folder.
- That a tool kills its background commands harms no run; it warns only where a model has nothing but the shell to wait.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from overnight.agents import AGENTS, plan, receipts
from overnight.agents.base import Agent, Limit
from overnight.agents.sites import Site
from overnight.app.agents import AgentState, program, scopes, site_of, state_of
from overnight.app.checkup.check import Check, fine, warn
from overnight.errors import OvernightError

_LANGUAGES = {"en": "English", "fr": "French"}


class Seen(NamedTuple):
    """One installation. `limit_s`: the entry's own limit of a tool call, None when it names none; `program`: the words
    that start this installation; `is_recorded`: it was installed from this home."""

    agent: Agent
    state: AgentState
    limit_s: float | None
    program: str
    is_recorded: bool


# ---------------------------------------------------------------- pure


def installed(seen: Seen) -> Iterator[Check]:
    """What is wrong with one installation, or that nothing is."""
    agent, state = seen.agent, seen.state
    again = f"overnight agent install {agent.name} --{state.scope}"
    name, where = agent.name, f"{agent.title} ({state.scope})"
    if state.problem:
        yield warn(name, state.problem, again)
    elif state.server:
        yield from _server(seen, again)
    elif seen.is_recorded and agent.has_servers(state.scope):
        yield warn(name, f"{where} lost its entry of overnight, so that its model has no tools", again)
    elif state.workflow and agent.kills:
        text = f"{where} has the workflow and no server: {agent.kills}"
        yield warn(name, text, f"overnight agent install {agent.name} --user")


def limit_of(entry: Mapping[str, Any], limits: tuple[Limit, ...]) -> float | None:
    """The limit of a tool call that an entry names, in seconds."""
    for limit in limits:
        value: Any = entry
        for step in limit.path:
            value = value.get(step) if isinstance(value, Mapping) else None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value / limit.per_second
    return None


def _server(seen: Seen, again: str) -> Iterator[Check]:
    agent, state = seen.agent, seen.state
    where = f"{agent.title} ({state.scope})"
    if not state.works:
        yield warn(agent.name, f"{where} starts {state.program}, which is missing", again)
    elif state.program != seen.program:
        yield warn(agent.name, f"{where} starts {state.program}, and this is {seen.program}", again)
    elif seen.limit_s is not None and seen.limit_s <= agent.wait_s:
        text = f"{where} ends tool calls after {seen.limit_s:g} s, and one wait takes {agent.wait_s:g} s"
        yield warn(agent.name, text, f"Raise that limit above 300 s in {state.config}.")
    else:
        words = _LANGUAGES.get(state.lang or "", "changed by you" if state.workflow else "no workflow")
        note = f"; {agent.kills}" if agent.kills else ""
        yield fine(agent.name, f"{where}, {words}{note}")


# ---------------------------------------------------------------- reading


def look_at_agents() -> Iterator[Check]:
    """Every tool in both scopes."""
    own = program()[0]
    for agent in AGENTS.values():
        for scope in scopes():
            yield from _look_at(site_of(agent, scope), own)


def _look_at(site: Site, own: str) -> Iterator[Check]:
    try:
        recorded = receipts.load(site.where) is not None
    except OvernightError as error:
        yield warn(site.agent.name, str(error), f"overnight agent install {site.agent.name} --{site.scope}")
        return
    state = state_of(site)
    if recorded or state.server or state.lang:
        yield from installed(Seen(site.agent, state, _limit(site), own, recorded))


def _limit(site: Site) -> float | None:
    try:
        entry = plan.find(site)
    except OvernightError:
        return None
    return None if entry is None else limit_of(entry.value, site.agent.limits)
