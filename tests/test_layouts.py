"""Shapes that come often are read by their layout: what they state is what reading in full states."""

import random

import pytest
from fuzz import layouts as fuzzed

from overnight.core import recognizers
from overnight.core.lines import Line
from overnight.core.model import MetricSeen, ProgressSeen
from overnight.core.recognizers.layouts import Layouts


def layout_of(*texts: str) -> object:
    """The layout that a log of these lines leads to, each of them often."""
    made = Layouts(recognizers._by_itself)
    fuzzed.facts([Line(n, 0, text) for n in range(1, 20) for text in texts], made)
    return made.get(texts[0].translate(recognizers._ERASED))


def test_a_training_line_is_read_by_its_places() -> None:
    """With the step as the place of its values, which the next line has elsewhere in numbers, not in places."""
    made = layout_of("step 17/100000 loss=0.345 lr 1e-4 at 1764376853.123456")
    assert isinstance(made, recognizers.layouts.Layout)
    assert made.read("step 98/100000 loss=0.021 lr 3e-5 at 1764376999.654321", 7)[:2] == [
        ProgressSeen(unit="step", current=98, total=100000, line=7),
        MetricSeen(name="loss", value=0.021, line=7, step=98, step_unit="step"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "layer3 loss: 0.25",  # the digit is the name's
        "loss: 0.25, 45% done",  # a percentage is believed when it has grown
        "9/20 loss: 0.25",  # so is a bare counter
        "| 3 | 0.25 |",  # a row of a table, if a table it is
    ],
)
def test_what_digits_or_other_lines_decide_has_none(text: str) -> None:
    assert layout_of(text) is None


def test_a_line_that_is_unlike_its_shape_is_read_in_full() -> None:
    made = layout_of("epoch 3 of 12 loss=0.5")
    assert isinstance(made, recognizers.layouts.Layout)
    assert made.read("epoch 3 of 00 loss=0.5", 1) is None
    assert made.read("epoch 9 of 05 loss=0.5", 1) is None


@pytest.mark.parametrize("text", fuzzed.SHAPES)
def test_the_same_is_stated_with_layouts_and_without(text: str) -> None:
    fuzzed.check(text.encode())


def test_shapes_without_end_leave_nothing_behind() -> None:
    """A log whose lines never repeat, and one that repeats them often enough to be learned."""
    made = Layouts(recognizers._by_itself)
    draw = random.Random(1)
    words = ["".join(draw.choices("abcdefgh", k=6)) for _ in range(10_000)]
    fuzzed.facts([Line(n, 0, f"{word} loss=0.5") for n, word in enumerate(words, 1)], made)
    assert len(made._came) <= 4096
    assert not made._known
