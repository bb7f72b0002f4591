"""Watches long-running experiments so that people and AI agents need not.

    import overnight

    run = overnight.launch(["python", "tune.py"], name="sweep-A")
    result = overnight.wait(run.id, until="end")
    print(result.status.best, result.exit_status)

Rules: what stands here is the public API and stays; each name is loaded when it is first used, so that
importing the package costs nothing. Not even `typing`, whose 7 ms the detached start would feel.
"""

from importlib import import_module

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from overnight.app import (
        analyze,
        answer,
        attach,
        launch,
        list_runs,
        make_report,
        read_log,
        relaunch,
        status,
        stop,
        wait,
    )
    from overnight.errors import OvernightError

_HOMES = {
    "analyze": "app",
    "answer": "app",
    "attach": "app",
    "launch": "app",
    "list_runs": "app",
    "make_report": "app",
    "read_log": "app",
    "relaunch": "app",
    "status": "app",
    "stop": "app",
    "wait": "app",
    "OvernightError": "errors",
}

__all__ = [
    "OvernightError",
    "__version__",
    "analyze",
    "answer",
    "attach",
    "launch",
    "list_runs",
    "make_report",
    "read_log",
    "relaunch",
    "status",
    "stop",
    "wait",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'overnight' has no attribute {name!r}")
    found: object = getattr(import_module(f"overnight.{_HOMES[name]}"), name)
    return found
