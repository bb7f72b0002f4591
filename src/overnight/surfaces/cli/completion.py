"""`completion`: the script that makes a shell complete verbs, options and run ids."""

import click

from overnight.surfaces.cli import out
from overnight.surfaces.cli.registry import DONE
from overnight.surfaces.cli.verb import verb


@verb(
    "completion",
    "Print the completion script of a shell",
    ('eval "$(overnight completion bash)"', "in ~/.bashrc"),
    ('eval "$(overnight completion zsh)"', "in ~/.zshrc"),
    ("overnight completion fish > ~/.config/fish/completions/overnight.fish", "for fish"),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), metavar="bash|zsh|fish")
@click.pass_context
def completion(ctx: click.Context, shell: str) -> int:
    """Print the completion script of a shell."""
    from click.shell_completion import get_completion_class

    made_for = get_completion_class(shell)
    assert made_for is not None  # click has one for each of the three
    script = made_for(ctx.find_root().command, {}, "overnight", "_OVERNIGHT_COMPLETE")
    # Not `source()`: for bash that starts a shell to look at its version, at every login.
    out.say(script.source_template % script.source_vars())
    return DONE
