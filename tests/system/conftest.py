"""The fixtures of the system tests."""

from helpers import home
from night import nights

__all__ = ["home", "nights"]
