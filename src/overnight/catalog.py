"""The known problems, read from the package and from the user's own folders.

Rules: the package's entries are read once per process; a user's entry of the same id replaces ours; a file that
cannot be read is one clear sentence, never a silent gap.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import msgspec

from overnight import engines
from overnight.core import signatures
from overnight.core.observe import Catalog
from overnight.core.signatures import parse
from overnight.errors import Unreadable


@cache
def _own() -> tuple[str, ...]:
    folder = Path(signatures.__file__).parent  # importlib.resources is 11 ms that a first run would wait for
    return tuple(path.read_text("utf-8") for path in sorted(folder.glob("*.toml")))


def load(extra_dirs: Sequence[Path] = ()) -> Catalog:
    """The catalog, with the TOML files of `extra_dirs` after ours. Raises Unreadable for a file that is wrong."""
    texts = [*_own()]
    for folder in extra_dirs:
        for path in sorted(folder.glob("*.toml")):
            try:
                text = path.read_text("utf-8")
                parse([text])
            except (OSError, ValueError, msgspec.ValidationError) as error:
                raise Unreadable(
                    f"The signatures in {path} cannot be used: {error}. Correct the file or remove it."
                ) from None
            texts.append(text)
    known = parse(texts)
    return Catalog(known, lambda matcher: engines.fastest(known, matcher))
