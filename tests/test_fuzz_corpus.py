"""Every input that a fuzzer kept, or that ever failed, through the same properties; no fuzzer is needed."""

import os
from collections.abc import Iterator

import fuzz
import pytest


@pytest.fixture(autouse=True, scope="module")
def _environment() -> Iterator[None]:
    """The targets live in a home of their own; the tests after them do not."""
    before = dict(os.environ)
    from fuzz import support

    os.environ |= support.PLACES
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.parametrize("name", fuzz.NAMES)
def test_what_was_found_once_stays_right(name: str) -> None:
    target = fuzz.target(name)
    for data in target.seeds():
        target.check(data)
    for path in fuzz.kept(name):
        try:
            target.check(path.read_bytes())
        except BaseException as error:
            error.add_note(f"with the input {path}")
            raise
