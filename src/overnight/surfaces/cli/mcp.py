"""`mcp`: the server through which AI agents run, watch and decide."""

import click

from overnight import app
from overnight.errors import OvernightError
from overnight.surfaces.cli import out
from overnight.surfaces.cli.registry import DONE, INTERRUPTED
from overnight.surfaces.cli.verb import verb

_PORT = 7373


@verb(
    "mcp",
    "Serve AI agents by the Model Context Protocol",
    ("overnight agent install claude", "let an agent start it by itself"),
    ("overnight mcp", "over standard input and output"),
    ("overnight mcp --http", "over HTTP on this machine, for those who have the token"),
)
@click.option(
    "--client", default="", help="Which agent it serves, instead of what that says.", metavar="NAME"
)
@click.option("--http", "by_http", is_flag=True, help="Listen on a port of this machine.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.", metavar="ADDRESS")
@click.option("--port", type=click.IntRange(1, 65535), default=_PORT, show_default=True, metavar="N")
@click.option(
    "--early-wait",
    type=click.FloatRange(0, 60),
    default=10.0,
    show_default=True,
    help="A command that ends so soon gives its result itself.",
    metavar="S",
)
def mcp(client: str, by_http: bool, host: str, port: int, early_wait: float) -> int:
    """Serve AI agents: they start commands, wait for what needs them, answer and read.

    The server keeps nothing and may end at any moment: runs, questions and what each agent was told are in the home.
    """
    try:
        from overnight.surfaces.mcp import serving
    except ImportError as error:
        text = f"The agents' extra is not installed ({error.name}): pip install 'overnight[agents]'"
        raise OvernightError(text, code="missing_extra") from error
    served = serving.Served(client, early_wait)
    try:
        if by_http:
            token = app.access_token()
            out.note(f"serving http://{host}:{port}{serving.PATH}; the token is in {token.path}")
            serving.serve_http(served, host, port, token.text)
        else:
            serving.serve_stdio(served)
    except KeyboardInterrupt:
        return INTERRUPTED
    return DONE
