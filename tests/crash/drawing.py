"""What a storm will do, drawn from a seed: the runs of each batch, and who is struck at what moment.

Rules: pure; the same seed and batch always give the same draw. Whether a strike finds its victim, and in which
phase, is up to the machine: what counts is what was hit.
"""

import random
from typing import NamedTuple

STARTING, RUNNING, ENDING, TELLING, TOLD = "starting", "running", "ending", "being told", "all told"
PHASES = (STARTING, RUNNING, ENDING, TELLING, TOLD)
_ALL = (STARTING, RUNNING, ENDING, TELLING)
_AIMS: dict[str, tuple[int, tuple[str, ...]]] = {
    "keeper A": (6, _ALL),
    "keeper B": (6, (STARTING, RUNNING, ENDING)),
    "both keepers": (6, (STARTING, RUNNING, ENDING)),
    "watchman": (3, _ALL),
    "command line": (4, (STARTING, STARTING, RUNNING, ENDING)),
    "notifier": (3, _ALL),
    "command": (5, (STARTING, RUNNING, RUNNING)),
    "grandchild": (4, (RUNNING, ENDING, TELLING)),
    "all but the command": (3, _ALL),
}
"""How often each victim is drawn, and when: a new watchman costs a second of a core."""
VICTIMS = tuple(_AIMS)
_WINDOW_S = {STARTING: 0.003, ENDING: 0.03, TELLING: 1.0}
_SPREAD_S = 1.5
_SHORTEST_S, _LONGEST_S = 0.005, 2.0
_LOADING_S = 0.15
BORN = ("", "lock", ".exit.outer", ".start", "start.json")
"""What appears one after the other while a run starts: its folder, then the keepers' files."""
_GONE_S = 0.6


class Strike(NamedTuple):
    """`victim` is killed `after_s` after the phase `aim` has begun, while starting after the appearance of `born`;
    `back_s` later somebody looks, and a killed service is back."""

    victim: str
    aim: str
    after_s: float
    back_s: float
    born: str


class Life(NamedTuple):
    """A run: begun `begins_s` after the batch, `lasts_s` long (0: its lines and no more), ending with `code`;
    `attached`: its command line waits for it; `child_stays` when it ends."""

    name: str
    code: int
    begins_s: float
    lasts_s: float
    attached: bool
    child_stays: bool
    strikes: tuple[Strike, ...]


def draw(seed: int, batch: int, runs: int = 10) -> list[Life]:
    """The runs of that batch, each with a code of its own."""
    dice = random.Random(f"{seed}:{batch}")
    codes = [*dice.sample(range(1, 126), runs - 1), 0]
    return [_life(dice, f"s{seed}b{batch}r{number}", code) for number, code in enumerate(codes)]


def _life(dice: random.Random, name: str, code: int) -> Life:
    lasts_s = 0.0 if dice.random() < 0.2 else _SHORTEST_S * (_LONGEST_S / _SHORTEST_S) ** dice.random()
    strikes = tuple(_strike(dice, lasts_s) for _ in range(dice.choice((1, 2, 3, 4))))
    stays = any(one.victim in ("command line", "all but the command") for one in strikes)
    return Life(name, code, dice.uniform(0, _SPREAD_S), lasts_s, stays, dice.random() < 0.5, strikes)


def _strike(dice: random.Random, lasts_s: float) -> Strike:
    victim = dice.choices(VICTIMS, [weight for weight, _ in _AIMS.values()])[0]
    aim = dice.choice(_AIMS[victim][1])
    window_s = _WINDOW_S.get(aim, lasts_s)
    if victim == "command line" and aim == STARTING:
        window_s = _LOADING_S
    after_s = dice.choice((0.0, dice.uniform(0, window_s))) if aim == ENDING else dice.uniform(0, window_s)
    return Strike(victim, aim, after_s, dice.uniform(0, _GONE_S), dice.choice(BORN))
