"""One verb of the command line: a click command with examples, whose help is drawn by rich-click.

Rules: rich and rich-click are imported when help is drawn, never before; every verb has at least one example.
"""

from collections.abc import Callable, Sequence
from typing import Any

import click

Example = tuple[str, str]
"""A call as it is typed, and what it does."""


def write_help(ctx: click.Context, formatter: click.HelpFormatter) -> None:
    """The help page of the command in `ctx`."""
    from overnight.surfaces.cli.help import page

    formatter.write(page(ctx))


class Verb(click.Command):
    """A command with `examples`."""

    def __init__(self, *args: Any, examples: Sequence[Example] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_help(ctx, formatter)


class VerbGroup(click.Group):
    """A verb with verbs of its own (`config set`, `notify test`)."""

    command_class = Verb

    def __init__(self, *args: Any, examples: Sequence[Example] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # as they were written, not by the alphabet

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_help(ctx, formatter)


def verb(name: str, about: str, *examples: Example, **settings: Any) -> Callable[[Callable[..., Any]], Verb]:
    """Make a function a verb. `about`: its line in the list of verbs, at most 60 characters."""
    return click.command(name, cls=Verb, short_help=about, examples=examples, **settings)


json_option = click.option("--json", "as_json", is_flag=True, help="Print facts as one JSON value.")
