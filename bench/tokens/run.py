"""What an agent's night costs in tokens: `python bench/tokens/run.py [--check] [--show] [NIGHT ...]`.

Recorded nights are replayed in virtual time through the real MCP server and the official client. For each: what an
agent is given that chains waits of 270 s, one that is woken when a task is done, and one that waits once in the
background; what three naive loops would have read on the same night; and how many of the facts that a careful reader
wants were given.
`--check` judges it all; `--show` prints what was given. Tokens are counted with o200k.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterable
from typing import NamedTuple

import night_play
from bpe_openai import get_encoding
from mcp import Client
from night_facts import Checked, check
from night_naive import loops
from night_play import Given, Played

from overnight.surfaces.mcp.server import build
from overnight.testing import VirtualFeed

QUIET, EVENTFUL, BRIEFING, TOOLS = 60, 400, 1200, 1500
QUIET_NIGHT, QUIET_NIGHT_CHAINED, QUIET_NIGHT_BACKGROUND = "quiet-optuna", 3000, 150
_COLUMNS = (
    "night", "hours", "check-ins", "chained", "tasks", "background", "briefing", "last 50 lines", "new output",
    "10,000 chars", "times less", "facts", "in background",
)  # fmt: skip

o200k = get_encoding("o200k_base")


def tokens(text: str) -> int:
    """By o200k."""
    return len(o200k.encode_ordinary(text))


def cost(given: Iterable[Given]) -> int:
    """All that these texts cost."""
    return sum(tokens(one.text) for one in given)


class Night(NamedTuple):
    """One night, in three ways, beside the naive loops."""

    name: str
    chained: Played
    tasks: Played
    background: Played
    loops: tuple[int, int, int]
    facts: Checked
    facts_in_background: Checked

    @property
    def row(self) -> list[str]:
        """As it stands in the table."""
        watched = cost(self.chained.of("quiet", "eventful", "answer"))
        costs = (
            watched,
            cost(self.tasks.of("quiet", "eventful", "answer")),
            self.in_background,
            self.briefing,
        )
        return [
            self.name,
            f"{self.chained.end_t / 3600:.1f}",
            str(len(self.chained.of("quiet", "eventful"))),
            *(f"{count:,}" for count in (*costs, *self.loops)),
            f"{min(self.loops) / watched:,.0f}",
            str(self.facts),
            str(self.facts_in_background),
        ]

    @property
    def in_background(self) -> int:
        """What the waits in the background printed."""
        return cost(self.background.of("eventful", "answer"))

    @property
    def briefing(self) -> int:
        """What the report's text costs."""
        return max(tokens(one.text) for one in self.chained.of("briefing"))


def measure(name: str) -> Night:
    """That night in all ways."""
    chained = night_play.play(name, night_play.chained)
    tasks = night_play.play(name, night_play.tasks)
    background = night_play.play(name, night_play.background)
    facts = check(name, chained, way="chained")
    return Night(
        name,
        chained,
        tasks,
        background,
        loops(night_play.recording(name), chained.end_t, tokens),
        facts,
        check(name, background, way="background"),
    )


def of_tools() -> int:
    """What the list of tools costs each session: names, descriptions and schemas, as JSON."""

    async def listed() -> int:
        with night_play.home_of(QUIET_NIGHT) as night:
            async with Client(build(VirtualFeed(night), key=b"k" * 32)) as client:
                tools = (await client.list_tools()).tools
        shown = [tool.model_dump(by_alias=True, exclude_none=True, mode="json") for tool in tools]
        return tokens(json.dumps(shown, separators=(",", ":"), ensure_ascii=False))

    return asyncio.run(listed())


# ---------------------------------------------------------------- judging


def faults(night: Night) -> list[str]:
    """What is over a limit, or was not told."""
    found = [f"{night.name}: {fact}" for fact in night.facts.missing]
    found += [f"{night.name}, in background: {fact}" for fact in night.facts_in_background.missing]
    for way in (night.chained, night.tasks, night.background):
        for one in way.given:
            found += _over(night.name, one)
    if night.name == QUIET_NIGHT:
        found += _too_much(
            "the quiet night, chained", cost(night.chained.of("quiet", "eventful")), QUIET_NIGHT_CHAINED
        )
        found += _too_much("the quiet night, in background", night.in_background, QUIET_NIGHT_BACKGROUND)
    return found


def _over(name: str, one: Given) -> list[str]:
    """Failures and questions are told as briefings."""
    is_failure = one.facts.get("state") in ("failed", "lost")
    limit = QUIET if one.kind == "quiet" else BRIEFING if one.kind == "briefing" or is_failure else EVENTFUL
    return _too_much(f"{name} at {one.t:.0f} s ({one.kind})", tokens(one.text), limit)


def _too_much(what: str, count: int, limit: int) -> list[str]:
    return [f"{what}: {count} tokens, over {limit}"] if count > limit else []


# ---------------------------------------------------------------- showing


def table(rows: list[list[str]]) -> str:
    """As Markdown, numbers to the right."""
    lines = [
        "| " + " | ".join(_COLUMNS) + " |",
        "|" + "|".join(["---", *["--:"] * (len(_COLUMNS) - 1)]) + "|",
    ]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def show(night: Night) -> None:
    """All that was given."""
    for way, played in (("chained", night.chained), ("tasks", night.tasks), ("background", night.background)):
        for one in played.given:
            print(
                f"\n--- {night.name}, {way}, {one.t:.0f} s, {one.kind}, {tokens(one.text)} tokens\n{one.text}"
            )


def main() -> int:
    """Exit code 1 when a limit is passed or a fact is missing and `--check` was given."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="judge the figures")
    parser.add_argument("--show", action="store_true", help="print what was given")
    parser.add_argument("nights", nargs="*", default=night_play.names())
    options = parser.parse_args()
    nights = [measure(name) for name in options.nights]
    if options.show:
        for night in nights:
            show(night)
    print(table([night.row for night in nights]))
    tools = of_tools()
    print(f"\nthe list of tools: {tools} tokens")
    wrong = [fault for night in nights for fault in faults(night)] + _too_much(
        "the list of tools", tools, TOOLS
    )
    for fault in wrong:
        print(f"- {fault}")
    return 1 if wrong and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
