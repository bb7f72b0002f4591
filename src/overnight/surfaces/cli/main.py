"""The entry: finds the verb, turns every failure into one sentence and an exit code.

Rules:
- A verb's module is imported when the verb is called; only the help of all verbs imports all of them.
- Errors go to stderr as one sentence; with `--json` they are the one JSON value on stdout instead.
- No traceback ever: a bug of ours says one sentence and where its traceback was saved (`<home>/crash.log`).
- Exit codes: 0 done, 1 refused or failed, 2 usage, 5 no such run, 130 interrupted, 141 nobody reads on.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from types import TracebackType
from typing import Any, NoReturn

import click

from overnight.errors import OvernightError
from overnight.surfaces.cli.registry import INTERRUPTED, MODULES, NO_READER, PURPOSES, USAGE
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


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one call and leave with its exit code."""
    sys.excepthook = _report_bug
    _never_fail_to_print()
    words = list(sys.argv[1:] if argv is None else argv)
    sys.exit(_guarded(words))


def _guarded(words: list[str]) -> int:
    """One call with every failure that is not a bug turned into words and a code."""
    try:
        result = cli.main(words, prog_name="overnight", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except OvernightError as error:
        return _fail(words, error.code, str(error), error.exit_status)
    except click.UsageError as error:
        return _fail(words, "usage", _usage_sentence(error), USAGE)
    except click.ClickException as error:
        return _fail(words, "error", error.format_message(), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        # The interpreter flushes stdout once more at its end; what nobody reads goes where nobody reads.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NO_READER


def _usage_sentence(error: click.UsageError) -> str:
    path = error.ctx.command_path if error.ctx is not None else "overnight"
    return f"{error.format_message().rstrip('.')}. See: {path} --help"


def _fail(words: list[str], code: str, message: str, status: int) -> int:
    from overnight.surfaces.cli.out import say_json
    from overnight.surfaces.safe import printable

    if wants_json(words):
        say_json({"error": {"code": code, "message": message}})
    else:
        click.echo(f"overnight: {printable(message)}", err=True)
    return status


def wants_json(words: Sequence[str]) -> bool:
    """Whether the call asks for JSON; what follows `--` belongs to the command that is run."""
    own = words[: words.index("--")] if "--" in words else words
    return "--json" in own


def _never_fail_to_print() -> None:
    """A terminal that cannot show a character shows a question mark instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure: Any = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def _report_bug(kind: type[BaseException], bug: BaseException, trace: TracebackType | None) -> None:
    """The last door: a bug of ours, in one sentence."""
    import traceback

    where = _save_crash("".join(traceback.format_exception(kind, bug, trace)))
    what = f"{kind.__name__}: {bug}".split("\n")[0][:200]
    message = f"This is a bug in overnight, your runs are not affected ({what}). The traceback is in {where}."
    _fail(sys.argv[1:], "bug", message, 1)


def _save_crash(text: str) -> str:
    import tempfile

    from overnight.store.home import home

    for folder in (home(), tempfile.gettempdir()):
        path = os.path.join(folder, "crash.log")
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        except OSError:
            continue
        with os.fdopen(descriptor, "a", encoding="utf-8", errors="replace") as crash_log:
            crash_log.write(text + "\n")
        return path
    return "no file, as neither the home nor the temporary folder can be written"
