"""`python -m overnight` and the `overnight` command.

Rule: a start is quick. The keeper's interpreter starts on the other core while this one reads the command line.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # `typing` costs 7 ms
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> NoReturn:
    """Run the command line; leaves with its exit code."""
    if sys.argv[1:2] == ["run"]:
        from overnight.keeper.launch import prepare

        prepare()
    from overnight.surfaces.cli.main import main as command_line

    command_line()


if __name__ == "__main__":
    main()
