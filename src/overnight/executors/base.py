"""What every place that runs commands offers. One class per place, one contract suite for all.

Rules:
- The keeper's exit record is the authority wherever the run goes; a scheduler's word is a hint.
- Nothing here decides: an executor starts, looks, stops, and says what it saw.
"""

from typing import Protocol

from overnight.keeper.launch import Started
from overnight.keeper.stop import StopReport


class Executor(Protocol):
    """Where a run lives. `run_dir` is the run's folder as seen from this host."""

    def launch(
        self, run_dir: str, argv: list[str], cwd: str, env: dict[str, str], *, pty: bool = False
    ) -> Started:
        """Start the command in its whole environment `env`; returns after exec. Raises CannotStart,
        HomeUnusable."""

    def alive(self, run_dir: str) -> bool:
        """Whether it is starting or running. Raises Unreadable."""

    def stop(self, run_dir: str, grace: tuple[float, float]) -> StopReport:
        """End the whole tree, with `grace` seconds after SIGINT and after SIGTERM; blocks. Raises
        Unreadable."""

    def exit(self, run_dir: str) -> dict[str, object] | None:
        """The recorded end with the fields of `core.model.Exit`; None while there is none. Raises
        Unreadable."""
