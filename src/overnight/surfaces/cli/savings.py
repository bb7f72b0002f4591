"""`savings`: what a night cost its readers in tokens, and what looking at the log would have cost them."""

from collections.abc import Sequence

import click
import msgspec

from overnight import app
from overnight.core.humane import duration
from overnight.core.savings import Costs, Savings
from overnight.surfaces.cli import out
from overnight.surfaces.cli.facts import Fact
from overnight.surfaces.cli.registry import DONE
from overnight.surfaces.cli.runref import RunRef
from overnight.surfaces.cli.verb import json_option, verb
from overnight.surfaces.safe import printable

COUNTED = (
    "Counted are the texts that calls gave back, in tokens estimated some 15 % high on both sides; what a model reads "
    "again with each later turn is not counted on either side."
)
_LOOPS = (
    ("last_lines", "the last 50 lines each 300 s"),
    ("new_output", "the whole new output each 300 s"),
    ("last_characters", "the last 10,000 characters each 30 s"),
)
_HEAD = (
    "RUN", "NAME", "TIME", "CHECK-INS", "RETURNS", "TOKENS", "LAST 50 LINES", "NEW OUTPUT", "10,000 CHARACTERS",
)  # fmt: skip


@verb(
    "savings",
    "Show what watching cost in tokens, and what it saved",
    ("overnight savings k3f9", "one run, beside three naive loops over the same log"),
    ("overnight savings --json", "all runs of the last 30 days, for programs"),
)
@click.argument("run", type=RunRef(), required=False, metavar="[RUN]")
@json_option
def savings(run: str | None, as_json: bool) -> int:
    """Show what a run gave its readers in tokens, and what three naive loops would have read.

    Without RUN: all runs of the last 30 days. On the account are the answers of the MCP server, and what `wait` and
    `status` print for an agent: one that calls from its shell, or a --reader, where no terminal shows it.
    """
    if run is None:
        _say_all(app.all_savings(), as_json)
    else:
        _say(app.savings(run), as_json)
    return DONE


def _say(one: Savings, as_json: bool) -> None:
    if as_json:
        out.say_json({**msgspec.to_builtins(one), "counted": COUNTED})
        return
    head = f"{one.run} {printable(one.name, 40)} · {one.state} · {duration(one.elapsed_s)}"
    by = ", ".join(f"{printable(reader, 40)} {count:,}" for reader, count in one.readers.items())
    answers = "1 answer" if one.returns == 1 else f"{one.returns:,} answers"
    given = f"{answers}, {one.tokens:,} tokens" + (f" ({by})" if by else "")
    facts = [
        Fact("watched", [f"{one.check_ins:,} check-ins of the watch itself, for no token"]),
        Fact("returned", [given]),
        Fact("loops", _loop_lines(one)),
        Fact("counted", [COUNTED]),
    ]
    out.say(out.page(head, facts))


def _loop_lines(one: Savings) -> list[str]:
    if one.loops is None:
        return ["unknown: the log is gone"]
    about = "" if one.loops.exact else "about "
    return [
        f"{words}: {about}{getattr(one.loops, name):,} tokens" + _times(getattr(one.loops, name), one.tokens)
        for name, words in _LOOPS
    ]


def _times(cost: int, tokens: int) -> str:
    return f", {cost / tokens:,.1f} times as many" if tokens and cost > tokens else ""


def _say_all(accounts: Sequence[Savings], as_json: bool) -> None:
    total = _total(accounts)
    if as_json:
        rows = [msgspec.to_builtins(one) for one in accounts]
        out.say_json({"runs": rows, "total": total, "counted": COUNTED})
    elif not accounts:
        out.say("No runs within the last 30 days. Start one: overnight run -- python train.py")
    else:
        last = ("total", "", "", *(f"{count:,}" for count in total.values()))
        out.say(out.table(_HEAD, [*map(_row, accounts), last]))
        out.say(COUNTED)


def _row(one: Savings) -> tuple[str, ...]:
    counts = (one.check_ins, one.returns, one.tokens)
    cells = (f"{count:,}" for count in counts)
    return one.run, printable(one.name, 24), duration(one.elapsed_s), *cells, *_costs(one.loops)


def _costs(loops: Costs | None) -> list[str]:
    if loops is None:
        return ["?"] * len(_LOOPS)
    return [f"{'' if loops.exact else '~'}{getattr(loops, name):,}" for name, _words in _LOOPS]


def _total(accounts: Sequence[Savings]) -> dict[str, int]:
    """Over the runs whose log can still be read, as to the loops."""
    total = {name: sum(getattr(one, name) for one in accounts) for name in ("check_ins", "returns", "tokens")}
    known = [one.loops for one in accounts if one.loops is not None]
    return total | {name: sum(getattr(costs, name) for costs in known) for name, _words in _LOOPS}
