"""The use-cases: what every surface calls, and the only place that knows all edges.

    launch relaunch           a command under watch, or again with changes
    attach                    what was started without us
    wait follow status list_runs read_log masked    how it is doing
    check_in brief overview   the same for an agent, which holds its own place
    answer stop               what a person or an agent decides
    make_report analyze       what it came to
    note_return savings all_savings    what it cost its readers, and what it would have cost
    install_agent uninstall_agent list_agents    the tools through which agents work
    notify_test notify_pending doctor rebuild prune    the house

Rules:
- A use-case takes plain values and returns records; it prints nothing and raises `overnight.errors` alone.
- Each is found when it is first asked for: the detached start of a run loads `starting` and nothing else.
- Every one that looks at a run sees to it that a watchman is there, if any run still needs one.
"""

from importlib import import_module

TYPE_CHECKING = False  # `typing` costs 7 ms, and the detached start is measured
if TYPE_CHECKING:
    from overnight.app.agents import AgentChange, AgentState, install_agent, list_agents, uninstall_agent
    from overnight.app.attaching import Attachment, attach
    from overnight.app.checkup import Check, doctor
    from overnight.app.deciding import Stopped, answer, relaunch, stop
    from overnight.app.delegating import Begun, Token, access_token, signing_key, start_for_agent
    from overnight.app.environment import capture, for_agent
    from overnight.app.feed import Feed, LiveFeed
    from overnight.app.following import Following, WaitResult, follow, glance, status, wait
    from overnight.app.house import Gone, prune, rebuild
    from overnight.app.knowing import found, list_runs, log_path, masked, read_log
    from overnight.app.looking import Lines, errors, last_lines, range_of_lines, search
    from overnight.app.minding import Told, brief, cancel_wait, check_in, is_wait_cancelled, overview
    from overnight.app.overseeing import Seen, oversee
    from overnight.app.reading import log_pieces
    from overnight.app.results import Analysed, analyze, analyze_each, make_report
    from overnight.app.saving import all_savings, note_return, savings
    from overnight.app.starting import Launched, launch
    from overnight.app.telling import Pending, Tried, notify_pending, notify_test
    from overnight.app.waiting import wait_for_first

_WHERE = {
    "agents": ("AgentChange", "AgentState", "install_agent", "list_agents", "uninstall_agent"),
    "attaching": ("Attachment", "attach"),
    "starting": ("Launched", "launch"),
    "deciding": ("Stopped", "answer", "relaunch", "stop"),
    "environment": ("capture", "for_agent"),
    "feed": ("Feed", "LiveFeed"),
    "following": ("Following", "WaitResult", "follow", "glance", "status", "wait"),
    "knowing": ("found", "list_runs", "log_path", "masked", "read_log"),
    "overseeing": ("Seen", "oversee"),
    "looking": ("Lines", "errors", "last_lines", "range_of_lines", "search"),
    "minding": ("Told", "brief", "cancel_wait", "check_in", "is_wait_cancelled", "overview"),
    "delegating": ("Begun", "Token", "access_token", "signing_key", "start_for_agent"),
    "results": ("Analysed", "analyze", "analyze_each", "make_report"),
    "saving": ("all_savings", "note_return", "savings"),
    "waiting": ("wait_for_first",),
    "telling": ("Pending", "Tried", "notify_pending", "notify_test"),
    "reading": ("log_pieces",),
    "house": ("Gone", "prune", "rebuild"),
    "checkup": ("Check", "doctor"),
}
_MODULE_OF = {name: module for module, names in _WHERE.items() for name in names}

__all__ = [
    "AgentChange",
    "AgentState",
    "Analysed",
    "Attachment",
    "Begun",
    "Check",
    "Feed",
    "Following",
    "Gone",
    "Launched",
    "Lines",
    "LiveFeed",
    "Pending",
    "Seen",
    "Stopped",
    "Token",
    "Told",
    "Tried",
    "WaitResult",
    "access_token",
    "all_savings",
    "analyze",
    "analyze_each",
    "answer",
    "attach",
    "brief",
    "cancel_wait",
    "capture",
    "check_in",
    "doctor",
    "errors",
    "follow",
    "for_agent",
    "found",
    "glance",
    "install_agent",
    "is_wait_cancelled",
    "last_lines",
    "launch",
    "list_agents",
    "list_runs",
    "log_path",
    "log_pieces",
    "make_report",
    "masked",
    "note_return",
    "notify_pending",
    "notify_test",
    "oversee",
    "overview",
    "prune",
    "range_of_lines",
    "read_log",
    "rebuild",
    "relaunch",
    "savings",
    "search",
    "signing_key",
    "start_for_agent",
    "status",
    "stop",
    "uninstall_agent",
    "wait",
    "wait_for_first",
]


def __getattr__(name: str) -> object:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = found
    return found
