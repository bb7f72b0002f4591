"""One night in three ways, and what is wrong with it: limits passed, facts not told, estimates too low.

Tokens are counted with o200k; the estimate of the program itself must not be below it, nor below cl100k.
"""

import asyncio
import json
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import night_play
from mcp import Client
from night_facts import Checked, check
from night_play import Given, Played

from overnight.core.tokens import estimate
from overnight.surfaces.mcp.server import build
from overnight.testing import VirtualFeed

QUIET, EVENTFUL, BRIEFING, TOOLS = 60, 400, 1200, 1500
QUIET_NIGHT, QUIET_NIGHT_CHAINED, QUIET_NIGHT_BACKGROUND = "quiet-optuna", 3000, 150
MOST_ABOVE = 1.35
"""By how much the estimate may be above on average."""


@cache
def encodings() -> tuple[Any, ...]:
    """Real tokenizers; to read their vocabularies takes two seconds, so that only who counts does."""
    from bpe_openai import get_encoding

    return get_encoding("o200k_base"), get_encoding("cl100k_base")


class Night(NamedTuple):
    """One night in three ways."""

    name: str
    chained: Played
    tasks: Played
    background: Played

    @property
    def ways(self) -> dict[str, Played]:
        """By name."""
        return {"chained": self.chained, "tasks": self.tasks, "background": self.background}

    @property
    def texts(self) -> list[str]:
        """All that was given."""
        return [one.text for played in self.ways.values() for one in played.given]

    def facts(self, way: str) -> Checked:
        """How the checklist fares, for who waited that way."""
        return check(self.name, self.ways[way], way=way)


def measure(name: str) -> Night:
    """That night."""
    ways = (night_play.chained, night_play.tasks, night_play.background)
    return Night(name, *(night_play.play(name, way) for way in ways))


def tokens(text: str) -> int:
    """By o200k."""
    return len(encodings()[0].encode_ordinary(text))


def cost(given: Iterable[Given]) -> int:
    """All that these texts cost."""
    return sum(tokens(one.text) for one in given)


def faults(night: Night) -> list[str]:
    """What is over a limit, what was not told, and texts that the estimate is too low for."""
    found = []
    for way, played in night.ways.items():
        if way != "tasks":  # they are given what chained waits are, less often
            found += [f"{night.name}, {way}: {fact}" for fact in night.facts(way).missing]
        for one in played.given:
            found += _over(f"{night.name}, {way}", one)
    if night.name == QUIET_NIGHT:
        limits = {
            "chained": QUIET_NIGHT_CHAINED,
            "tasks": QUIET_NIGHT_BACKGROUND,
            "background": QUIET_NIGHT_BACKGROUND,
        }
        for way, limit in limits.items():
            found += over(f"the quiet night, {way}", cost(night.ways[way].watched), limit)
    return found + [f"{night.name}: estimated too low: {text!r}" for text in night.texts if is_low(text)]


def over(what: str, count: int, limit: int) -> list[str]:
    """A sentence when it is."""
    return [f"{what}: {count} tokens, over {limit}"] if count > limit else []


def _over(where: str, one: Given) -> list[str]:
    """Failures are told as briefings."""
    is_failure = one.facts.get("state") in ("failed", "lost")
    limit = QUIET if one.kind == "quiet" else BRIEFING if one.kind == "briefing" or is_failure else EVENTFUL
    return over(f"{where}, at {one.t:.0f} s ({one.kind})", tokens(one.text), limit)


def is_low(text: str) -> bool:
    """Whether the estimate is below what one of the vocabularies says."""
    return any(estimate(text) < len(encoding.encode_ordinary(text)) for encoding in encodings())


def above(texts: Iterable[str]) -> float:
    """By how much the estimate is above o200k, on average."""
    parts = [estimate(text) / tokens(text) for text in texts]
    return sum(parts) / len(parts)


def of_tools() -> int:
    """What the list of tools costs each session: names, descriptions and schemas, as JSON."""

    async def listed() -> int:
        with night_play.home_of(QUIET_NIGHT) as night:
            async with Client(build(VirtualFeed(night), key=b"k" * 32)) as client:
                tools = (await client.list_tools()).tools
        shown = [tool.model_dump(by_alias=True, exclude_none=True, mode="json") for tool in tools]
        return tokens(json.dumps(shown, separators=(",", ":"), ensure_ascii=False))

    return asyncio.run(listed())
