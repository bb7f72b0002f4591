"""The use-cases: what every surface calls, and the only place that knows all edges.

    launch relaunch           a command under watch, or again with changes
    attach                    what was started without us
    wait follow status list_runs read_log masked    how it is doing
    answer stop               what a person or an agent decides
    make_report analyze       what it came to
    notify_test notify_pending doctor rebuild prune    the house

Rules:
- A use-case takes plain values and returns records; it prints nothing and raises `overnight.errors` alone.
- Each is found when it is first asked for: the detached start of a run loads `starting` and nothing else.
- Every one that looks at a run sees to it that a watchman is there, if any run still needs one.
"""

from importlib import import_module

TYPE_CHECKING = False  # `typing` costs 7 ms, and the detached start is measured
if TYPE_CHECKING:
    from overnight.app.attaching import Attachment, attach
    from overnight.app.checkup import Check, doctor
    from overnight.app.deciding import Stopped, answer, relaunch, stop
    from overnight.app.following import Following, WaitResult, follow, status, wait
    from overnight.app.house import Gone, prune, rebuild
    from overnight.app.knowing import list_runs, log_path, masked, read_log
    from overnight.app.reading import log_pieces
    from overnight.app.results import Analysed, analyze, analyze_each, make_report
    from overnight.app.starting import Launched, launch
    from overnight.app.telling import Pending, Tried, notify_pending, notify_test

_WHERE = {
    "attaching": ("Attachment", "attach"),
    "starting": ("Launched", "launch"),
    "deciding": ("Stopped", "answer", "relaunch", "stop"),
    "following": ("Following", "WaitResult", "follow", "status", "wait"),
    "knowing": ("list_runs", "log_path", "masked", "read_log"),
    "results": ("Analysed", "analyze", "analyze_each", "make_report"),
    "telling": ("Pending", "Tried", "notify_pending", "notify_test"),
    "reading": ("log_pieces",),
    "house": ("Gone", "prune", "rebuild"),
    "checkup": ("Check", "doctor"),
}
_MODULE_OF = {name: module for module, names in _WHERE.items() for name in names}

__all__ = [
    "Analysed",
    "Attachment",
    "Check",
    "Following",
    "Gone",
    "Launched",
    "Pending",
    "Stopped",
    "Tried",
    "WaitResult",
    "analyze",
    "analyze_each",
    "answer",
    "attach",
    "doctor",
    "follow",
    "launch",
    "list_runs",
    "log_path",
    "log_pieces",
    "make_report",
    "masked",
    "notify_pending",
    "notify_test",
    "prune",
    "read_log",
    "rebuild",
    "relaunch",
    "status",
    "stop",
    "wait",
]


def __getattr__(name: str) -> object:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = found
    return found
