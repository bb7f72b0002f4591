"""`notify`: whether messages get through, and which are still on their way."""

import click

from overnight import app
from overnight.surfaces.cli import out
from overnight.surfaces.cli.registry import DONE, REFUSED
from overnight.surfaces.cli.verb import VerbGroup, json_option, verb
from overnight.surfaces.safe import printable


@click.group(
    "notify",
    cls=VerbGroup,
    short_help="Try the channels you are told by",
    subcommand_metavar="WHAT",
    examples=[
        ("overnight notify test", "send a message through every channel"),
        ("overnight notify pending", "what has not got through yet"),
    ],
)
def notify() -> None:
    """Try the channels that you are told by, and see what is on its way.

    You are told of four things only: a success, a failure that needs you, a record, and a question. Where to
    is a setting: overnight config set notify desktop file:~/overnight.log
    """


@verb(
    "test",
    "Send a test message through every channel",
    ("overnight notify test", "send a message through every channel"),
)
@json_option
def test(as_json: bool) -> int:
    """Send a test message through every channel and say which got through."""
    tried = app.notify_test()
    if as_json:
        out.say_json(tried)
    else:
        for one in tried:
            outcome = "got it" if one.error is None else f"failed: {printable(one.error)}"
            out.say(f"{'✓' if one.error is None else '✗'} {printable(one.channel)} {outcome}")
    return DONE if all(one.error is None for one in tried) else REFUSED


@verb(
    "pending",
    "List the messages that are still on their way",
    ("overnight notify pending", "what has not got through yet, and when it is tried again"),
)
@json_option
def pending(as_json: bool) -> int:
    """List the messages that are still on their way."""
    waiting = app.notify_pending()
    if as_json:
        out.say_json(waiting)
    elif not waiting:
        out.say("Nothing is on its way: every message got through.")
    else:
        out.say(out.table(("RUN", "KIND", "CHANNEL", "TRIES", "LAST ERROR"), [_row(one) for one in waiting]))
    return DONE


def _row(one: app.Pending) -> tuple[str, ...]:
    return one.run, one.kind, printable(one.channel, 30), str(one.tries), printable(one.error or "", 60)


notify.add_command(test)
notify.add_command(pending)
