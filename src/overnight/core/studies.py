"""Trials of one study after another, as one log tells them.

Rules:
- A finished number that comes again right away is the same line printed twice (two handlers on one logger).
- A finished number that comes again after others is the next study of the same process or the same file.
- Trials that run side by side end in any order: a smaller number that never ended before is of the same
  study.
"""

from typing import Literal

from overnight.core.model import TrialSeen

Step = Literal["first", "again", "new study"]


class Studies:
    """Which study a trial belongs to. `seen` is whether any trial was told at all."""

    def __init__(self) -> None:
        self.seen = False
        self._ended: set[int] = set()
        self._last: int | None = None

    def see(self, trial: TrialSeen) -> Step:
        """`first`: a trial of this study. `again`: nothing new. `new study`: numbers begin anew."""
        self.seen = True
        if trial.state == "running":
            return "first" if trial.number not in self._ended else "again"
        repeated, same_as_last = trial.number in self._ended, trial.number == self._last
        self._last = trial.number
        if not repeated:
            self._ended.add(trial.number)
            return "first"
        if same_as_last:
            return "again"
        self._ended = {trial.number}
        return "new study"
