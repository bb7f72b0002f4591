"""The fixtures of the system tests."""

from helpers import home
from night import nights
from outside import outsiders

__all__ = ["home", "nights", "outsiders"]
