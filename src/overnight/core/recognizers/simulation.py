"""Simulations: GROMACS, OpenFOAM, VASP, Quantum ESPRESSO (their tables are read by `tables`).

Rules:
- The step is the outer one: the time step, the ionic step; solver iterations inside it are iterations.
- OpenFOAM counts in simulated time, printed as it is.
- What a solver prints of its residuals is no result.
"""

import re

from overnight.core.lines import Line
from overnight.core.model import Fact, ProgressSeen
from overnight.core.recognizers.base import Family, progress

_FOAM = re.compile(r"^Time = (?P<time>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)s?\s*$")
_VASP = re.compile(r"^\s{0,8}(?P<step>\d{1,9})\s+(?:T=|F=)\s{0,3}[-+.\d]")
_VASP_INNER = re.compile(r"^\s?(?:DAV|RMM|CG|SDA|EDA):\s{1,6}(?P<step>\d{1,6})\s")
_GMX_TOTAL = re.compile(r"^\s+nsteps\s+= (?P<total>\d+)\s*$")
_GMX_DONE = re.compile(r"converged to .{1,40} in (?P<step>\d+) steps")
_GMX_LIVE = re.compile(r"^\s*[Ss]tep\s{0,3}=?\s{0,8}(?P<step>\d{1,12}),? (?:will finish|Dmax|remaining)")


class Simulations:
    """Remembers the number of steps that GROMACS was asked for."""

    def __init__(self) -> None:
        self._steps: str | None = None

    def families(self) -> tuple[Family, ...]:
        return (
            Family(("Solving for ", "continuity errors"), _nothing),
            Family(("Time = ",), _foam),
            Family((" T=", " F="), _vasp),
            Family(("DAV:", "RMM:"), _vasp_inner),
            Family(("nsteps",), self._total),
            Family(("converged to", "will finish", "Dmax"), self._gromacs),
        )

    def _total(self, line: Line) -> list[Fact] | None:
        match = _GMX_TOTAL.match(line.text)
        if match is None or match["total"] == "0":
            return None
        self._steps = match["total"]
        return [progress("step", "0", self._steps, line.number)]

    def _gromacs(self, line: Line) -> list[Fact] | None:
        match = _GMX_DONE.search(line.text) or _GMX_LIVE.match(line.text)
        return [progress("step", match["step"], self._steps, line.number)] if match else None


def _foam(line: Line) -> list[Fact] | None:
    match = _FOAM.match(line.text)
    if match is None:
        return None
    return [ProgressSeen(unit="step", current=float(match["time"]), total=None, line=line.number)]


def _vasp(line: Line) -> list[Fact] | None:
    match = _VASP.match(line.text)
    return [progress("step", match["step"], None, line.number)] if match else None


def _vasp_inner(line: Line) -> list[Fact] | None:
    match = _VASP_INNER.match(line.text)
    return [progress("iteration", match["step"], None, line.number)] if match else None


def _nothing(line: Line) -> list[Fact] | None:
    return []
