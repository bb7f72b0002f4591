"""Putting on a run's account what a call printed for a reader; see `savings`."""

import sys

import click
from click.core import ParameterSource


def put_on_account(run: str, tool: str, text: str) -> None:
    """When a reader was named and no terminal shows the text: people read for nothing."""
    ctx = click.get_current_context()
    if sys.stdout.isatty() or ctx.get_parameter_source("reader") is not ParameterSource.COMMANDLINE:
        return
    from overnight import app

    app.note_return(run, str(ctx.params["reader"]), tool, text)
