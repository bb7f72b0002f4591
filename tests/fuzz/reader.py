"""The log reader.

Rules: any bytes, in any pieces, line by line and in bulk: nothing raises, both find the same problems, no more
than 1 MiB of a line is held. The first byte of an input says how it is cut.
"""

from overnight import catalog
from overnight.core.lines import MAX_LINE_BYTES
from overnight.core.observe import LogReader
from overnight.core.recognizers import Recognizers

KNOWN = catalog.load()
SHAPES = [
    b"\r 40%|####      | 4/10 [00:01<00:02, 3.1it/s]\rdone\n",
    b"[I 2026-01-01] Trial 3 finished with value: 0.5 and parameters: {'x': 1}. Best is trial 3 with value: 0.5.\n",
    b'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\nKeyError: 1\n',
    b"\xff\xfeE\x00r\x00r\x00\n\x00",
    b"epoch\ttrain_loss\tvalid_loss\n0\t0.5\t0.4\n",
    b"| rollout/ep_rew_mean | 12.3 |\n",
    b"\x1b[31mERROR\x1b[0m: x\x08\x08y\n",
]


def check(data: bytes) -> None:
    """Line by line and in bulk."""
    size, log = (data[0] + 1, data[1:]) if data else (1, b"")
    bulk, by_line = (LogReader(KNOWN, Recognizers(), bulk_bytes=limit) for limit in (1, 1 << 40))
    for reader in (bulk, by_line):
        for start in range(0, len(log), size):
            reader.feed(log[start : start + size], None)
            assert len(reader._splitter._rest) <= MAX_LINE_BYTES + 2
        reader.flush(None)
    seen = [sorted((p.signature, p.count, p.first_line) for p in r.problems.list()) for r in (bulk, by_line)]
    assert seen[0] == seen[1], seen


def seeds() -> list[bytes]:
    """Real shapes of lines, and the examples of all signatures."""
    texts = [text.encode() + b"\n" for s in KNOWN.signatures for text in s.examples]
    return [b"\x40" + text for text in [*SHAPES, *texts]]
