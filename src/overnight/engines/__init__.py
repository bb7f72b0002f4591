"""Fast engines of the alert lane, where their libraries are installed (`pip install 'overnight[fast]'`).

Rules: the fastest that there is, in the order Hyperscan, RE2, standard library; all give the same events. An
engine that cannot be built is logged and the next one is taken: a watch never fails for the want of speed.
"""

import logging
from collections.abc import Callable

from overnight.core.engine import Engine, Shapes
from overnight.core.scan import Matcher
from overnight.core.signatures import Signature

NAMES = ("hyperscan", "re2", "stdlib")

log = logging.getLogger(__name__)


def fastest(signatures: tuple[Signature, ...], matcher: Matcher) -> Engine:
    """The fastest engine that works here."""
    for name in NAMES[:-1]:
        try:
            return build(name, signatures, matcher)
        except ImportError:
            continue
        except Exception:
            log.exception("the engine %s cannot be used", name)
    return Shapes(matcher)


def build(name: str, signatures: tuple[Signature, ...], matcher: Matcher) -> Engine:
    """The engine of that name. Raises ImportError when its library is not there, ValueError for another name."""
    return _builder(name)(signatures, matcher)


def _builder(name: str) -> Callable[[tuple[Signature, ...], Matcher], Engine]:
    if name == "hyperscan":
        from overnight.engines.vectorscan import Hyperscan

        return Hyperscan
    if name == "re2":
        from overnight.engines.automaton import Re2

        return Re2
    if name == "stdlib":
        return lambda _signatures, matcher: Shapes(matcher)
    raise ValueError(f"there is no engine {name!r}")
