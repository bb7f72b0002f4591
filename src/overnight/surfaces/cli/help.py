"""Help pages, drawn by rich-click: usage, what the verb is for, its options, examples.

Rules: the only module that imports rich-click; the pages take their words from the verbs themselves.
"""

from typing import Any

import click
from rich.table import Table
from rich.text import Text
from rich_click.rich_help_configuration import RichHelpConfiguration
from rich_click.rich_help_formatter import RichHelpFormatter
from rich_click.rich_help_rendering import get_rich_help_text, get_rich_usage
from rich_click.rich_panel import RichCommandPanel, construct_panels

from overnight.surfaces.cli.registry import PURPOSES

_MAX_WIDTH = 100
_VERB_WIDTH = max(len(verb) for verbs in PURPOSES.values() for verb in verbs)


def page(ctx: click.Context) -> str:
    """The help of the command in `ctx`, in colours when stdout is a terminal."""
    formatter = RichHelpFormatter(config=_configuration(), max_width=_MAX_WIDTH)
    command: Any = ctx.command
    get_rich_usage(formatter, ctx.command_path, " ".join(command.collect_usage_pieces(ctx)))
    get_rich_help_text(command, ctx, formatter)  # type: ignore[arg-type]  # a plain context is all it reads
    command.panels = _panels(ctx)
    for panel in construct_panels(command, ctx, formatter):  # type: ignore[arg-type]  # as above
        drawn = panel.render(command, ctx, formatter)  # type: ignore[arg-type]  # as above
        if not isinstance(drawn.renderable, Table) or drawn.renderable.rows:
            formatter.write(drawn)
    _write_examples(formatter, getattr(command, "examples", ()))
    return "\n".join(line.rstrip() for line in formatter.getvalue().split("\n")).rstrip("\n") + "\n"


def _configuration() -> RichHelpConfiguration:
    return RichHelpConfiguration(
        theme="default-slim",
        enable_theme_env_var=False,
        text_markup="ansi",
        commands_before_options=True,
        show_arguments=False,
        panel_title_string="{}",
        default_string=r"\[default: {}]",
        options_table_help_sections=["help", "default"],
        style_options_panel_title_style="bold",
        style_commands_panel_title_style="bold",
        style_options_table_padding=(0, 1),
        append_metavars_help_string="{}",
        text_paragraph_linebreaks="\n\n",
    )


class _AlignedPanel(RichCommandPanel):
    """A panel whose words about the verbs start in the same column as those of the other panels."""

    def get_table(self, *args: Any, **kwargs: Any) -> Table:
        table = super().get_table(*args, **kwargs)
        table.columns[0].min_width = _VERB_WIDTH
        return table


def _panels(ctx: click.Context) -> list[RichCommandPanel]:
    """The verbs by purpose, on the first page only."""
    if ctx.parent is not None:
        return []
    return [_AlignedPanel(purpose, commands=list(verbs)) for purpose, verbs in PURPOSES.items()]


def _write_examples(formatter: RichHelpFormatter, examples: tuple[tuple[str, str], ...]) -> None:
    if not examples:
        return
    formatter.write(Text("Examples", style="bold"))
    for call, meaning in examples:
        formatter.write(Text(f"  # {meaning}", style="dim"))
        formatter.write(Text.assemble(("  $ ", "dim"), call))
