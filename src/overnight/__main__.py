"""`python -m overnight` and the `overnight` command."""

from typing import NoReturn


def main() -> NoReturn:
    """Run the command line; leaves with its exit code."""
    from overnight.surfaces.cli.main import main as command_line

    command_line()


if __name__ == "__main__":
    main()
