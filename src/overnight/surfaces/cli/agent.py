"""`agent`: known to the tools through which models work, and forgotten by them."""

import click

from overnight import app
from overnight.surfaces.cli import out
from overnight.surfaces.cli.registry import DONE
from overnight.surfaces.cli.verb import VerbGroup, json_option, verb
from overnight.surfaces.safe import printable

_NAMES = ("claude", "codex", "cursor", "gemini", "copilot", "antigravity", "opencode", "windsurf")


@click.group(
    "agent",
    cls=VerbGroup,
    short_help="Make AI agents know and use overnight",
    subcommand_metavar="WHAT",
    examples=[
        ("overnight agent install claude", "for all your projects"),
        ("overnight agent install cursor --project", "for the project in this folder"),
        ("overnight agent list", "which agents are here, and which know overnight"),
        ("overnight agent uninstall claude", "their files as they were before"),
    ],
)
def agent() -> None:
    """Write the server and the workflow into the files of AI agents, and take them out again."""


_name = click.argument("name", type=click.Choice(_NAMES), metavar="NAME")
_user = click.option("--user", "scope", flag_value="user", help="For all projects of this user.")
_project = click.option("--project", "scope", flag_value="project", help="For the project in this folder.")


@verb(
    "install",
    "Make an agent use overnight",
    ("overnight agent install claude", "for all your projects"),
    ("overnight agent install codex --lang fr", "with the workflow in French"),
    ("overnight agent install cursor --project", "for the project in this folder"),
)
@_name
@click.option(
    "--user", "scope", flag_value="user", default=True, help="For all projects of this user (the default)."
)
@_project
@click.option("--lang", type=click.Choice(("en", "fr")), help="Of the workflow. [default: your settings]")
@json_option
def install(name: str, scope: str, lang: str | None, as_json: bool) -> int:
    """Add the server to the agent's configuration, and the workflow as its own kind of rule, skill or workflow.

    NAME: claude, codex, cursor, gemini, copilot, antigravity, opencode or windsurf.
    All else in those files stays as it is; `uninstall` puts them back. Install again after an upgrade that moved
    overnight: nothing changes that is right already.
    """
    done = app.install_agent(name, "project" if scope == "project" else "user", lang)
    if as_json:
        out.say_json(done)
        return DONE
    if not done.changed:
        out.say(f"{name} ({done.scope}): all is in place already.")
    for path in done.changed:
        out.say(f"written   {printable(path)}")
    _say_rest(done)
    if done.changed:
        out.say("Start the agent anew, then ask it for something long.")
    return DONE


@verb(
    "uninstall",
    "Put an agent's files back",
    ("overnight agent uninstall claude", "wherever it is installed: for the user and in this folder"),
    ("overnight agent uninstall cursor --project", "only for the project in this folder"),
)
@_name
@_user
@_project
@json_option
def uninstall(name: str, scope: str | None, as_json: bool) -> int:
    """Take out what `install` wrote; what was changed since stays."""
    done = app.uninstall_agent(name, "project" if scope == "project" else "user" if scope == "user" else None)
    if as_json:
        out.say_json(done)
        return DONE
    for one in done:
        for path in one.changed:
            out.say(f"restored  {printable(path)}")
        _say_rest(one)
    return DONE


@verb(
    "list",
    "Which agents are here, and which know overnight",
    ("overnight agent list", "one line per agent and scope"),
    ("overnight agent list --json", "one object each, for programs"),
)
@json_option
def list_(as_json: bool) -> int:
    """List the agents that are used here, and those in which overnight is installed."""
    states = app.list_agents()
    if as_json:
        out.say_json(states)
        return DONE
    rows = [_row(one) for one in states if one.used or one.server or one.workflow]
    if not rows:
        out.say(
            "No agent is known to be used here. Install for one all the same: overnight agent install NAME"
        )
        return DONE
    out.say(out.table(("AGENT", "SCOPE", "SERVER", "WORKFLOW", ""), rows))
    return DONE


def _row(one: app.AgentState) -> tuple[str, str, str, str, str]:
    server = "installed" if one.server else "-"
    workflow = one.lang or ("changed" if one.workflow else "-")
    note = one.problem or (f"{one.program} is missing: install again" if one.works is False else "")
    return one.agent, one.scope, server, workflow, printable(note)


def _say_rest(done: app.AgentChange) -> None:
    for path in done.backups:
        out.say(f"backup    {printable(path)}")
    if done.environment and done.changed:
        out.say(f"private   {printable(done.environment)}: your environment, for runs that agents start")
    for path in done.kept:
        out.say(f"kept      {printable(path)}, which you changed")
    if done.remark:
        out.say(f"note      {printable(done.remark)}")


for one in (install, list_, uninstall):
    agent.add_command(one)
