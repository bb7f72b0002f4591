"""Every error a person can meet.

    OvernightError            exit 1
    ├── UsageError            exit 2   the words of the call are off
    ├── NoSuchRun             exit 5   no run by that id, prefix or name
    │   └── AmbiguousRun      exit 5   several runs by that prefix or name
    ├── CannotStart           exit 1   command not found, not executable, bad folder, empty command
    ├── CannotAttach          exit 1   no such process, somebody else's, one of ours, watched already
    ├── HomeUnusable          exit 1   the home cannot be written, is full, or belongs to somebody else
    ├── WaitTooLong           exit 2   one wait is at most 300 s
    ├── Refused               exit 1   an agent may not do that here
    ├── NothingToAnswer       exit 1   no question is open
    ├── AlreadyAnswered       exit 1   somebody was faster
    ├── AlreadyEnded          exit 1   the run is over
    └── Unreadable            exit 1   a file that should be read cannot be

Rules: `code` is stable and machine-readable; the message is one sentence saying what happened, why, and what
to do next. Errors of libraries are turned into these at the edge where they occur. Surfaces print them, no traceback.
"""


class OvernightError(Exception):
    """A failure that a person can act on."""

    code = "error"
    exit_status = 1

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code:
            self.code = code


class UsageError(OvernightError):
    code = "usage"
    exit_status = 2


class NoSuchRun(OvernightError):
    code = "no_such_run"
    exit_status = 5


class AmbiguousRun(NoSuchRun):
    code = "ambiguous_run"


class CannotStart(OvernightError):
    """`code` says which: `command_not_found`, `not_executable`, `bad_cwd`, `empty_command`, `exec_failed`."""

    code = "cannot_start"


class CannotAttach(OvernightError):
    """`code` says which: `no_such_process`, `process_ended`, `process_foreign`, `process_ours`, `process_kernel`,
    `process_init`, `already_watched`, `log_unreadable`, `cannot_attach`."""

    code = "cannot_attach"


class HomeUnusable(OvernightError):
    """`code` says which: `home_unwritable`, `disk_full`, `home_foreign`, `too_many_files`."""

    code = "home_unwritable"


class WaitTooLong(OvernightError):
    code = "wait_too_long"
    exit_status = 2


class Refused(OvernightError):
    """`code` says which: `agent_may_not` (act on it), `not_yours`, `start_not_allowed`."""

    code = "agent_may_not"


class NothingToAnswer(OvernightError):
    code = "nothing_to_answer"


class AlreadyAnswered(OvernightError):
    code = "already_answered"


class AlreadyEnded(OvernightError):
    code = "already_ended"


class Unreadable(OvernightError):
    code = "unreadable"
