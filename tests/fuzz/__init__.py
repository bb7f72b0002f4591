"""The targets by name: each is a module here with `check(data)`, which states a property of one parser, and `seeds()`.

Rules: `check` raises what is wrong and needs no fuzzer; `corpus/<target>/` holds the inputs that are kept, among them
every one that ever failed, named after what it is. `WORDS` are bits that plain mutation would take long to find.
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType

NAMES = (
    "reader", "lines", "records", "events", "rebuild", "settings", "policy", "signatures", "sources", "study",
    "safe", "report", "proc", "memory", "words", "jsonc", "layouts",
)  # fmt: skip
CORPUS = Path(__file__).with_name("corpus")


def target(name: str) -> ModuleType:
    """The module of a target."""
    return import_module(f"fuzz.{name}")


def kept(name: str) -> list[Path]:
    """The inputs that are kept for it."""
    return sorted((CORPUS / name).glob("*"))
