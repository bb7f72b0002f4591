"""What an exit by itself tells, when the log has no better word.

Rules:
- The exit code and the signal are quoted as they are; an unknown end is called unknown, never 0, 137 or 255.
- A bare SIGKILL has no known cause until the kernel or the cgroup confirms out of memory.
"""

import signal as signals
from collections.abc import Sequence

from overnight.core.model import Exit, Problem

_BY_SIGNAL: dict[str, tuple[str, str, str]] = {
    "SIGSEGV": (
        "segfault",
        "native code read or wrote memory that is not its own",
        "Run it once with PYTHONFAULTHANDLER=1 to see where; suspect a native extension or the stack limit.",
    ),
    "SIGABRT": (
        "aborted",
        "the program aborted itself, often an assertion or a C++ exception",
        "Read the last lines of the log; the reason stands right before the abort.",
    ),
    "SIGBUS": (
        "bus_error",
        "memory backed by a file or by shared memory was gone, often a full /dev/shm",
        "Check df -h /dev/shm and the disk that mapped files live on.",
    ),
    "SIGFPE": (
        "arithmetic_error",
        "an integer division by zero or a trapped floating point error",
        "Look at the last step before the end; lower the time step or check the input.",
    ),
    "SIGILL": (
        "illegal_instruction",
        "the program was built for another processor",
        "Rebuild it for this machine or run it where it was built.",
    ),
    "SIGKILL": (
        "killed",
        "something outside killed it with SIGKILL; who did is not known",
        "Look at dmesg and at the memory curve in the report: the usual cause is memory.",
    ),
    "SIGTERM": (
        "sigterm",
        "something outside asked it to end (a scheduler, a shutdown, a person)",
        "Ask the scheduler or the host why; relaunch from the last checkpoint.",
    ),
    "SIGINT": ("user_interrupt", "Ctrl-C or an interrupt signal from outside", "Relaunch when ready."),
    "SIGHUP": ("hangup", "the terminal or session it depended on was closed", "Relaunch it."),
    "SIGXCPU": ("cpu_limit", "the CPU time limit (ulimit -t) was reached", "Raise ulimit -t and relaunch."),
    "SIGXFSZ": (
        "file_size_limit",
        "the file size limit (ulimit -f) was reached",
        "Raise ulimit -f and relaunch.",
    ),
    "SIGPIPE": (
        "broken_pipe",
        "it wrote to a pipe whose reader had gone",
        "Check what the command pipes into.",
    ),
}
_BY_CODE: dict[int, tuple[str, str, str]] = {
    126: (
        "not_executable",
        "the shell found a command that it may not execute",
        "Check the file's mode (chmod +x).",
    ),
    127: (
        "missing_executable",
        "the shell did not find a command",
        "Check the name, PATH and the environment.",
    ),
}


def signal_name(number: int) -> str:
    """`SIGKILL` for 9; `signal 77` for what has no name."""
    try:
        return signals.Signals(number).name
    except ValueError:
        return f"signal {number}"


def explain(exit_: Exit, tail: Sequence[str], last_line: int, t: float) -> Problem | None:
    """The end of a run as a problem; None when it ended with code 0. `tail`: its last informative lines."""
    if exit_.code == 0:
        return None
    if exit_.oom:
        cls, cause, advice = (
            "host_oom",
            "the kernel killed it: the memory limit was reached",
            "Give it more memory, or lower batch size, workers or parallel trials.",
        )
        text = "Killed: out of memory"
    elif exit_.signal is not None:
        name = signal_name(exit_.signal)
        cls, cause, advice = _BY_SIGNAL.get(
            name, ("signal", f"it was ended by {name}", "Read the last lines.")
        )
        text = f"Ended by {name}"
    elif exit_.code is not None:
        text = f"Exit code {exit_.code}"
        cls, cause, advice = _BY_CODE.get(
            exit_.code,
            (
                "nonzero_exit",
                "the program ended itself with an error code",
                "Read the last lines of the log.",
            ),
        )
    else:
        cls, text = "lost", "Ended, exit code unknown"
        cause = exit_.note or "nobody was left to read the exit code"
        advice = "Judge by the log and the output files; nothing was invented."
    said = f"{text}: {tail[-1]}" if tail and cls in ("nonzero_exit", "aborted") else text
    return Problem(
        signature=f"exit.{cls}",
        cls=cls,
        severity="critical",
        count=1,
        first_line=last_line,
        last_line=last_line,
        text=said,
        cause=cause,
        advice=advice,
        role="confirmation",
        first_t=t,
        last_t=t,
        context=list(tail)[-12:],
    )
