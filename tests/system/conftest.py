"""The fixtures of the system tests."""

from helpers import home

__all__ = ["home"]
