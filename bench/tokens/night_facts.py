"""What a careful reader wants to know of a night, looked for in what an agent was given."""

import re
import tomllib
from typing import NamedTuple

from night_play import NIGHTS, Given, Played


class Checked(NamedTuple):
    """How many facts were wanted, and those that are not there (or are and should not be)."""

    wanted: int
    missing: list[str]

    def __str__(self) -> str:
        return f"{self.wanted - len(self.missing)}/{self.wanted}"


def check(name: str, played: Played, *, way: str) -> Checked:
    """The checklist of the night, for an agent that waited that way (`chained` or `background`)."""
    lists = tomllib.loads((NIGHTS / name / "checklist.toml").read_text("utf-8"))
    facts = [fact for fact in lists["fact"] if fact.get("only", way) == way]
    missing = [f"{fact['what']} ({fact['found']})" for fact in facts if not _found(fact, played.given)]
    never = lists.get("never", [])
    missing += [f"not: {noise['what']} ({noise['found']})" for noise in never if _found(noise, played.given)]
    return Checked(len(facts) + len(never), missing)


def _found(fact: dict[str, str | float], given: list[Given]) -> bool:
    by_s = float(fact.get("by_s", "inf"))
    text = "\n".join(one.text for one in given if one.t <= by_s)
    return re.search(str(fact["found"]), text, re.I) is not None
