"""What holds for all tests.

Rules:
- Bytecode is kept. Containers often forbid it (PYTHONDONTWRITEBYTECODE), and the tests start hundreds of interpreters:
  each would compile the product first, and each worker all the tests.
- The files with the longest tests come first, so that none of them begins when the other worker has nothing left.
"""

import os
import sys

import pytest

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

_LONGEST = {"test_demo_study", "test_hostile_files", "test_storm", "test_strangers", "test_token_nights"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorted stably: what shares a module's fixtures stays together."""
    items.sort(key=lambda item: item.path.stem not in _LONGEST)
