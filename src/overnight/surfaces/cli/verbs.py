"""All verbs in one click group, each imported when it is called; only the help of all verbs imports all of them."""

from importlib import import_module

import click

from overnight.surfaces.cli.failing import fail
from overnight.surfaces.cli.registry import INTERRUPTED, MODULES, PURPOSES, USAGE
from overnight.surfaces.cli.verb import write_help


class Verbs(click.Group):
    """The group of all verbs, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [verb for verbs in PURPOSES.values() for verb in verbs]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands and cmd_name in MODULES:
            module = import_module(f"overnight.surfaces.cli.{MODULES[cmd_name]}")
            self.add_command(getattr(module, cmd_name))
        return self.commands.get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but a mistyped verb is told its neighbours without importing them all."""
        if args[0] not in MODULES and not args[0].startswith("-"):
            raise click.exceptions.NoSuchCommand(args[0], f"There is no verb {args[0]!r}.", MODULES, ctx)
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_help(ctx, formatter)


def _version(ctx: click.Context, _param: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        from overnight import __version__

        click.echo(f"overnight {__version__}")
        ctx.exit()


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
    subcommand_metavar="VERB ...",
    help="Watches long-running experiments so that you need not.\n\n"
    "Start a command and go to bed: it is kept alive, its log is read and understood, you are told "
    "when it ends, breaks, asks or sets a record, and in the morning there is a report.",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_version,
    help="Show the version and exit.",
)
@click.pass_context
def cli(ctx: click.Context) -> None:
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def call(words: list[str]) -> int:
    """Make one call; its exit code. What click finds wrong with the words is said in one sentence."""
    try:
        result = cli.main(words, prog_name="overnight", standalone_mode=False)
    except click.UsageError as error:
        return fail(words, "usage", _usage_sentence(error), USAGE)
    except click.ClickException as error:
        return fail(words, "error", error.format_message(), error.exit_code)
    except click.Abort:
        return INTERRUPTED
    return result if isinstance(result, int) else 0


def _usage_sentence(error: click.UsageError) -> str:
    path = error.ctx.command_path if error.ctx is not None else "overnight"
    return f"{error.format_message().rstrip('.')}. See: {path} --help"
