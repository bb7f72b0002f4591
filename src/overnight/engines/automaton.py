"""RE2: one automaton of all patterns, 400 to 700 MB/s on one core.

Rules: after a hit the search goes on behind its line; of a hit that goes over lines (blanks take line ends too) each is
chosen, as another one may begin in it; a block with very many hits is left to the shapes of its
lines. Latin-1, because the bytes of a log are any bytes.
"""

import re2

from overnight.core.engine import Shapes, expressions
from overnight.core.scan import Matcher
from overnight.core.signatures import Signature

_STORM = 2048
_MEMORY_BYTES = 64 << 20


class Re2:
    """See the rules of this file."""

    name = "re2"

    def __init__(self, signatures: tuple[Signature, ...], matcher: Matcher) -> None:
        options = re2.Options()
        options.max_mem = _MEMORY_BYTES
        options.encoding = re2.Options.Encoding.LATIN1
        options.log_errors = False
        options.never_capture = True
        alternatives = "(?m)" + "|".join(f"(?:{e})" for e in expressions(signatures))
        self._search = re2.compile(alternatives.encode(), options).search
        self._shapes = Shapes(matcher)

    def hits(self, block: bytes) -> list[int]:
        """See `core.engine.Engine`."""
        block = block.replace(b"\r", b"\n")
        numbers: list[int] = []
        number = position = 0
        while (found := self._search(block, position)) is not None:
            first = number + block.count(b"\n", position, found.start())
            number += block.count(b"\n", position, found.end() - 1)
            numbers += range(min(first, number), number + 1)
            if len(numbers) > _STORM:
                return self._shapes.hits(block)
            position = block.find(b"\n", found.end() - 1) + 1
            if position == 0:
                break
            number += 1
        return numbers
