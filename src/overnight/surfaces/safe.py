"""Hostile text made harmless for a terminal.

Rules:
- Log lines, commands, names and everything quoted from them go through `printable` before they are shown.
- Standard library only: `overnight run -d` prints through here.
"""

from overnight.core.printable import printable

__all__ = ["log_line", "printable", "printable_lines", "quoted"]


def log_line(text: str) -> str:
    """One line of a log as a person would have seen it: colours gone, a progress bar at its last state."""
    from overnight.core.lines import LineSplitter  # only where a log is shown

    splitter = LineSplitter()
    seen = [*splitter.feed(text.encode("utf-8", "surrogateescape")), *splitter.flush()]
    return printable(seen[-1].text) if seen else ""


def printable_lines(text: str) -> str:
    """The same for text of our own whose line ends are meant."""
    return "\n".join(printable(line) for line in text.split("\n"))


def quoted(argv: "list[str]", limit: int | None = None) -> str:
    """A command as it would be typed, harmless to show."""
    import shlex  # only where a command is shown: the detached start shows none

    return printable(shlex.join(argv), limit)
