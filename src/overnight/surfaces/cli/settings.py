"""`config`: what is set once for all runs."""

import json
from typing import Any

import click
import msgspec

from overnight import settings
from overnight.surfaces.cli import out
from overnight.surfaces.cli.registry import DONE
from overnight.surfaces.cli.verb import VerbGroup, json_option, verb
from overnight.surfaces.safe import printable


class _Key(click.ParamType[str]):
    """A setting's name, with shell completion."""

    name = "key"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(e.key) for e in settings.entries() if e.key.startswith(incomplete)]


_key = click.argument("key", type=_Key(), metavar="KEY")


@click.group(
    "config",
    cls=VerbGroup,
    short_help="Show and change the settings",
    subcommand_metavar="WHAT",
    examples=[
        ("overnight config list", "every setting with its value"),
        ("overnight config set lang fr", "be told in French"),
        ("overnight config set notify desktop file:~/overnight.log", "where to be told"),
        ("overnight config set policy.stall interrupt", "end runs that make no progress"),
    ],
)
def config() -> None:
    """Show and change what is set once for all runs. A run's own options go before these."""


@verb("list", "Every setting with its value", ("overnight config list --json", "every setting, for programs"))
@json_option
def list_(as_json: bool) -> int:
    """List every setting with its value; those that you set are marked."""
    entries = settings.entries()
    if as_json:
        out.say_json({entry.key: entry.value for entry in entries})
        return DONE
    rows = [(entry.key, _shown(entry.value), "set" if entry.is_set else "") for entry in entries]
    out.say(out.table(("SETTING", "VALUE", ""), rows))
    return DONE


@verb("get", "One setting", ("overnight config get lang", "the language you are told in"))
@_key
@json_option
def get(key: str, as_json: bool) -> int:
    """Print the value in force of one setting."""
    value = settings.get(key)
    if as_json:
        out.say_json({key: value})
    else:
        out.say(_shown(value))
    return DONE


@verb(
    "set",
    "Set one setting",
    ("overnight config set lang fr", "a word"),
    ("overnight config set schedule 30,90,300", "a list"),
    ("overnight config set notify desktop mailto://me:secret@example.org", "several words: a list too"),
    context_settings={"ignore_unknown_options": True},
)
@_key
@click.argument("value", nargs=-1, required=True, metavar="VALUE...")
@json_option
def set_(key: str, value: tuple[str, ...], as_json: bool) -> int:
    """Set one setting; comments and layout of the file stay."""
    now = settings.set(key, " ".join(value))
    return _changed(key, now, as_json)


@verb("unset", "Go back to a default", ("overnight config unset lang", "the language of the system again"))
@_key
@json_option
def unset(key: str, as_json: bool) -> int:
    """Go back to the default of one setting."""
    settings.unset(key)
    return _changed(key, settings.get(key), as_json)


@verb("path", "Where the settings are", ("overnight config path", "the file, to edit it by hand"))
@json_option
def path(as_json: bool) -> int:
    """Print where the settings are, whether or not the file exists."""
    if as_json:
        out.say_json({"path": settings.path()})
    else:
        out.say(printable(settings.path()))
    return DONE


def _changed(key: str, value: Any, as_json: bool) -> int:
    if as_json:
        out.say_json({key: value})
    else:
        out.say(f"{printable(key)} = {_shown(value)}")
    return DONE


def _shown(value: Any) -> str:
    """As it would be typed: words bare, everything else as JSON; nothing as a dash."""
    if value is None:
        return "-"
    return printable(
        value if isinstance(value, str) else json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
    )


for one in (list_, get, set_, unset, path):
    config.add_command(one)
