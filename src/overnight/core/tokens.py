"""How many tokens a text costs a model, without a tokenizer.

Rules: always on the safe side. The pattern cuts words into pieces of six letters, numbers into three digits and
counts every other mark as one, a space before a number included; measured on ten kinds of text it was within 14 % of
o200k and of Claude's vocabulary, so 15 % are added.
"""

import re

_PIECE = re.compile(r"[A-Za-z]{1,6}|[\u00c0-\u024f]|[0-9]{1,3}| (?=[0-9])|[^\sA-Za-z0-9\u00c0-\u024f]|\n")
_MARGIN = 1.15


def estimate(text: str) -> int:
    """An upper estimate of the tokens in `text`."""
    marks = sum(1 if ord(piece[0]) < 0x2500 else 3 for piece in _PIECE.findall(text))
    return int(marks * _MARGIN) + 3
