"""The fixtures of the system tests."""

from helpers import home
from lab import disk
from night import nights
from outside import outsiders

__all__ = ["disk", "home", "nights", "outsiders"]
