"""Which gates a line may pass, remembered by its shape: lines that differ in their digits alone are looked at once.

Rules:
- A gate is a set of literals, one of which a line must hold. A shape is a line with its digits erased, and so are the
  literals here: what is told is never too little; who reads a line still looks at its own text.
- The memory is one for all logs: a thousand runs of one program print the same shapes.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

Gate = Sequence[str]

ERASED = {ord(digit): "0" for digit in "123456789"}
_MOST_SHAPES = 8192


def opened_by(gates: Sequence[Gate], *, lower: bool = False) -> Callable[[str], tuple[int, ...]]:
    """A function from a shape to the places of the gates that its lines may pass. `lower`: the literals are in lower
    case, and meant for lines of either."""
    literals = [tuple({literal.translate(ERASED) for literal in gate}) for gate in gates]

    @lru_cache(maxsize=_MOST_SHAPES)
    def opened(shape: str) -> tuple[int, ...]:
        text = shape.lower() if lower else shape
        return tuple(place for place, gate in enumerate(literals) if any(literal in text for literal in gate))

    return opened
