"""Tools around experiments: ffmpeg, rsync, ctest, Nextflow.

Rules:
- ffmpeg knows frames, never their total.
- Nextflow's tasks are those submitted; a task that failed has ended, but is not done.
- ctest prints `12/73 Test #12: name ... Passed`, counting all that ended.
"""

import re

from overnight.core.lines import Line
from overnight.core.model import Fact, ProgressSeen
from overnight.core.recognizers.base import Family, progress

_FRAME = re.compile(r"(?:^|\s)frame=\s{0,8}(?P<frame>\d+) fps=")
_CTEST = re.compile(r"^\s*(?P<current>\d+)/(?P<total>\d+) Test\s+#\d+:")
_RSYNC = re.compile(
    r"\s(?P<percent>\d{1,3})%\s+[\d.]+[kMG]?B/s\s+\d+:\d\d:\d\d(?:.{0,40}to-chk=(?P<left>\d+)/(?P<total>\d+))?"
)
_NF_DONE = re.compile(r"Task completed > TaskHandler\[id: \d+; name: .{1,120}?; status: COMPLETED; exit: 0;")


class Tools:
    """Counts Nextflow's tasks."""

    def __init__(self) -> None:
        self._submitted = 0
        self._completed = 0

    def families(self) -> tuple[Family, ...]:
        return (
            Family(("frame=",), _ffmpeg),
            Family((" Test ",), _ctest),
            Family(("B/s ",), _rsync),
            Family(("Submitted process >", "Task completed >"), self._nextflow),
        )

    def _nextflow(self, line: Line) -> list[Fact] | None:
        if "Submitted process >" in line.text:
            self._submitted += 1
        elif _NF_DONE.search(line.text):
            self._completed += 1
        else:
            return []
        total = float(self._submitted)
        return [ProgressSeen(unit="task", current=self._completed, total=total, line=line.number)]


def _ffmpeg(line: Line) -> list[Fact] | None:
    match = _FRAME.search(line.text)
    return [progress("frame", match["frame"], None, line.number)] if match else None


def _ctest(line: Line) -> list[Fact] | None:
    match = _CTEST.match(line.text)
    return [progress("test", match["current"], match["total"], line.number)] if match else None


def _rsync(line: Line) -> list[Fact] | None:
    match = _RSYNC.search(line.text)
    if match is None:
        return None
    facts: list[Fact] = [progress("percent", match["percent"], "100", line.number)]
    if match["left"]:
        done = float(match["total"]) - float(match["left"])
        facts.insert(
            0, ProgressSeen(unit="file", current=done, total=float(match["total"]), line=line.number)
        )
    return facts
