"""What an agent's night costs in tokens: `python bench/tokens/run.py [--check] [--show] [NIGHT ...]`.

Recorded nights are replayed in virtual time through the real MCP server and the official client. For each: what an
agent is given that chains waits of 270 s, one that is woken when a task is done, and one that waits in the background;
what three naive loops would have read on the same night; and how many of the facts that a careful reader wants were
given. `--check` judges it all; `--show` prints what was given.
"""

import argparse
import sys

import night_play
from night_judge import MOST_ABOVE, TOOLS, Night, above, cost, faults, measure, of_tools, over, tokens
from night_naive import loops

_COLUMNS = (
    "night", "hours", "check-ins", "chained", "tasks", "background", "briefing", "facts", "last 50 lines",
    "new output", "10,000 characters", "times less",
)  # fmt: skip


def row(night: Night) -> list[str]:
    """A night as it stands in the table; `times less`: chained waits than the last 50 lines."""
    naive = loops(night_play.recording(night.name), night.chained.log, night.chained.end_t, tokens)
    watched = [cost(played.watched) for played in night.ways.values()]
    briefing = cost(night.chained.given[-1:])
    return [
        night.name,
        f"{night.chained.end_t / 3600:.1f}",
        str(len(night.chained.of("quiet", "eventful"))),
        *(f"{count:,}" for count in (*watched, briefing)),
        f"{night.facts('chained')}, {night.facts('background')}",
        *(f"{count:,}" for count in naive),
        f"{naive[0] / watched[0]:,.0f}",
    ]


def table(rows: list[list[str]]) -> str:
    """As Markdown, numbers to the right."""
    rule = "|".join(["---", *["--:"] * (len(_COLUMNS) - 1)])
    lines = ["| " + " | ".join(_COLUMNS) + " |", f"|{rule}|"]
    return "\n".join([*lines, *("| " + " | ".join(cells) + " |" for cells in rows)])


def show(night: Night) -> None:
    """All that was given."""
    for way, played in night.ways.items():
        for one in played.given:
            print(
                f"\n--- {night.name}, {way}, {one.t:.0f} s, {one.kind}, {tokens(one.text)} tokens\n{one.text}"
            )


def main() -> int:
    """Exit code 1 when `--check` was given and something is wrong."""
    parser = argparse.ArgumentParser(description="What an agent's night costs in tokens.")
    parser.add_argument("--check", action="store_true", help="judge the figures")
    parser.add_argument("--show", action="store_true", help="print what was given")
    parser.add_argument("nights", nargs="*", default=night_play.names())
    options = parser.parse_args()
    nights = [measure(name) for name in options.nights]
    if options.show:
        for night in nights:
            show(night)
    print(table([row(night) for night in nights]))
    tools, more = of_tools(), above(text for night in nights for text in night.texts)
    print(f"\nthe list of tools: {tools} tokens; the estimate is {more:.2f} times o200k on average")
    wrong = [fault for night in nights for fault in faults(night)] + over("the list of tools", tools, TOOLS)
    wrong += [f"the estimate is {more:.2f} times o200k, over {MOST_ABOVE}"] if more > MOST_ABOVE else []
    for fault in wrong:
        print(f"- {fault}")
    return 1 if wrong and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
