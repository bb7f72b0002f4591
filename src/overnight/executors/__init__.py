"""Where runs go. The registry: one line per place."""

from overnight.executors.base import Executor
from overnight.executors.local import Local

EXECUTORS: dict[str, type[Executor]] = {"local": Local}

__all__ = ["EXECUTORS", "Executor", "Local"]
