"""What three naive loops would have read on a recorded night."""

from collections.abc import Callable, Iterator

from overnight.testing import Recording

_TAIL_LINES, _TAIL_S = 50, 300
_NEW_S = 300
_POLL_CHARACTERS, _POLL_S = 10_000, 30


def loops(recording: Recording, end_t: float, tokens: Callable[[str], int]) -> tuple[int, int, int]:
    """In tokens, until the run's end: the last 50 lines each 300 s, the whole new output each 300 s, and a poll each
    30 s of the last 10,000 characters."""
    tails = sum(
        tokens("\n".join(log.rstrip("\n").split("\n")[-_TAIL_LINES:]))
        for log in _looks(recording, end_t, _TAIL_S)
    )
    new, before = 0, 0
    for log in _looks(recording, end_t, _NEW_S):
        new += tokens(log[before:])
        before = len(log)
    polls = sum(tokens(log[-_POLL_CHARACTERS:]) for log in _looks(recording, end_t, _POLL_S))
    return tails, new, polls


def _looks(recording: Recording, end_t: float, every_s: float) -> Iterator[str]:
    """The log as it stands at each look, the last one after the end."""
    log, place, t = "", 0, every_s
    while True:
        while place < len(recording.pieces) and recording.pieces[place].t <= min(t, end_t):
            log += recording.pieces[place].data.decode("utf-8", "replace")
            place += 1
        yield log
        if t >= end_t:
            return
        t += every_s
