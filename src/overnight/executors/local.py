"""Runs on this host, under the keeper."""

from overnight.keeper import records
from overnight.keeper.launch import Started, launch
from overnight.keeper.liveness import state_of
from overnight.keeper.stop import StopReport, stop_tree


class Local:
    """The executor of this host; see `base.Executor`."""

    def launch(
        self, run_dir: str, argv: list[str], cwd: str, env: dict[str, str], *, pty: bool = False
    ) -> Started:
        return launch(run_dir, argv, cwd, env, pty=pty)

    def alive(self, run_dir: str) -> bool:
        return state_of(run_dir) in ("starting", "running")

    def stop(self, run_dir: str, grace: tuple[float, float]) -> StopReport:
        return stop_tree(run_dir, grace)

    def exit(self, run_dir: str) -> dict[str, object] | None:
        return records.read_exit(run_dir)
