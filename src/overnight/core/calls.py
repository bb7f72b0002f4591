"""What to call next, in the words of whoever reads: a person at a shell, or a model with tools.

Rules: data only; a text of the core names no surface, it is given these words.
"""

from typing import NamedTuple


class Calls(NamedTuple):
    """Templates over `run`, `since`, `choices`, `lines`. `again` is empty where the reader knows by itself."""

    again: str
    answer: str
    report: str
    log: str
    relaunch: str
    status: str


SHELL = Calls(
    again="",
    answer="overnight answer {run} {choices}",
    report="overnight report {run}",
    log="overnight logs {run} -n 200 --numbers",
    relaunch="overnight relaunch {run} [--env NAME=VALUE] [-- NEW COMMAND]",
    status="overnight wait {run}",
)

TOOLS = Calls(
    again="again since={since}",
    answer="answer_question({run}, {choices})",
    report="get_report({run})",
    log="read_log({run}, lines={lines})",
    relaunch="relaunch_command({run}, command=…, env=…)",
    status="command_status({run}, since={since})",
)
