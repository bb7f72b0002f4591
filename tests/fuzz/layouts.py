"""Layouts of lines.

Rules: lines of one shape, with digits of any kind: a reader that makes layouts states what one that makes none does.
"""

import random

from overnight.core import recognizers
from overnight.core.lines import Line
from overnight.core.recognizers import Recognizers
from overnight.core.recognizers.layouts import Layouts

SHAPES = [
    "step 17/100000 loss=0.345 at 1764376853.123456",
    "Epoch 3/10, Batch 20/300, Loss: 0.3142, Accuracy: 81.25%",
    "layer3 loss: 0.2, top5: 0.91, f1=0.5",
    "2026-11-28 10:30:15,123 INFO iter 100: loss 2.3401, lr 1e-4",
    "[3][100/489] loss 1.5 (1.62)",
    "  10/100   0.52   0.61",
    "45% done, 9/20",
    "global_step=5000 reward=-12.5 ep_len=1,024",
]
ROUNDS = 24


def check(data: bytes) -> None:
    """The same facts, line by line."""
    text = data.decode("utf-8", "replace").replace("\n", " ").replace("\r", " ")
    draw = random.Random(data)
    lines = [Line(n, 0, _with_other_digits(text, draw)) for n in range(1, ROUNDS + 1)]
    assert repr(facts(lines, Layouts(recognizers._by_itself))) == repr(facts(lines, Layouts(lambda _: None)))


def facts(lines: list[Line], layouts: Layouts) -> list[object]:
    """What a reader with these layouts states."""
    before, recognizers._LAYOUTS = recognizers._LAYOUTS, layouts
    try:
        reader = Recognizers()
        return [reader.read(line) for line in lines]
    finally:
        recognizers._LAYOUTS = before


def _with_other_digits(text: str, draw: random.Random) -> str:
    """The text, each of its ASCII digits drawn anew; often a 0, which counters and values treat in their own way."""
    return "".join(draw.choice("00123456789") if char in "0123456789" else char for char in text)


def seeds() -> list[bytes]:
    """Lines as programs print them."""
    return [text.encode() for text in SHAPES]
