"""RUN: an id, a unique prefix, a name, or `last`, with shell completion."""

from typing import Any

import click


class RunRef(click.ParamType[str]):
    """What a run is called by; finding it is the app's."""

    name = "run"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        """The ids and names of the newest runs."""
        from click.shell_completion import CompletionItem

        from overnight import app
        from overnight.errors import OvernightError

        try:
            statuses = app.list_runs(limit=50)
        except OvernightError:
            return []  # a completion has nobody to tell
        words = {s.run: s.name for s in statuses}
        words |= {s.name: s.state for s in statuses} | {"last": "the newest run"}
        return [CompletionItem(word, help=words[word]) for word in words if word.startswith(incomplete)]


run_argument = click.argument("run", type=RunRef(), metavar="RUN")
