"""What each tool takes, checked: a wrong argument is one sentence and never a traceback."""

from typing import Annotated, Any, TypeVar

import msgspec

from overnight.core.model import Choice
from overnight.errors import UsageError

T = TypeVar("T", bound="Request")

Words = str | list[str]


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all."""


class ForRun(Request, frozen=True, kw_only=True):
    """Of those about one run."""

    command_id: str


class Run(Request, frozen=True, kw_only=True):
    """`run_command`."""

    command: Words
    cwd: str | None = None
    name: str | None = None
    env: dict[str, str] = {}
    again: bool = False


class CheckIn(ForRun, frozen=True, kw_only=True):
    """`command_status`."""

    wait_duration_seconds: Annotated[float, msgspec.Meta(ge=0)] | None = None
    since: str | None = None
    output_character_count: Annotated[int, msgspec.Meta(ge=0)] = 0


class Answer(ForRun, frozen=True, kw_only=True):
    """`answer_question`."""

    choice: Choice
    command: Words | None = None
    env: dict[str, str] = {}


class Stop(ForRun, frozen=True, kw_only=True):
    """`stop_command`."""

    grace_seconds: Annotated[float, msgspec.Meta(ge=0)] | None = None


class Relaunch(ForRun, frozen=True, kw_only=True):
    """`relaunch_command`."""

    command: Words | None = None
    env: dict[str, str] = {}


class ListAll(Request, frozen=True, kw_only=True):
    """`list_commands`."""


class ReadLog(ForRun, frozen=True, kw_only=True):
    """`read_log`."""

    lines: Annotated[str, msgspec.Meta(pattern=r"^\s*\d{1,9}\s*(-\s*\d{1,9}\s*)?$")] | int = 50
    search: str | None = None
    errors_only: bool = False


class Report(ForRun, frozen=True, kw_only=True):
    """`get_report`."""

    whole: bool = False


def read(arguments: dict[str, Any] | None, wanted: type[T]) -> T:
    """The arguments as what they should be. Raises UsageError."""
    try:
        return msgspec.convert(arguments or {}, wanted, strict=False)
    except msgspec.ValidationError as error:
        names = ", ".join(wanted.__struct_fields__)
        raise UsageError(f"{error}. The arguments are: {names}.") from error
