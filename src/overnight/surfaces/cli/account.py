"""Who reads what a call prints, and putting it on a run's account; see `savings`."""

import os
import sys

PEOPLE = "cli"
"""The reader when nobody is named and no agent's tool made the call."""


def reader_here(named: str | None) -> str:
    """The reader that was named, else the agent whose tool made this call, else people."""
    from overnight.core.surroundings import agent_of

    return named or agent_of(os.environ) or PEOPLE


def put_on_account(run: str, reader: str, tool: str, text: str) -> None:
    """When no terminal shows the text and it is an agent that reads: people read for nothing."""
    if sys.stdout.isatty() or reader == PEOPLE:
        return
    from overnight import app

    app.note_return(run, reader, tool, text)
