"""Fails as most failing runs do: at once, of an import."""

import numpy_of_another_environment  # noqa: F401

print("never said")
