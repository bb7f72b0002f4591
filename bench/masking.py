"""What masking costs: the import, the first text, a line of a log, and a hostile megabyte on one line.

`python bench/masking.py [--bytes 1000000] [--check]`: the import takes at most 2 ms of its own, a line 30 us, a hostile
megabyte 5 s.
"""

import argparse
import subprocess
import sys
import time

LIMITS = {"import": 2.0, "line": 0.03, "hostile": 5000.0}
"""Milliseconds."""

_LINE = "Epoch 3/10 - loss: 0.1234 - val_loss: 0.2345 - lr: 3e-4 - tokens/s: 1234.5"
_MODULE = "overnight.core.mask"


def main() -> int:
    """0, or 1 with `--check` when it is too slow."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--bytes", type=int, default=1_000_000, help="size of the hostile line")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    took = {"import": min(own_import() for _ in range(5))}
    from overnight.core.mask import mask, rules

    took["first text"] = spent(lambda: mask("password=x"))
    took["line"] = spent(lambda: [mask(f"{_LINE} {n}") for n in range(10_000)]) / 10_000
    for rule in rules():
        word = rule.needs[0]
        text = f"{word}=://{word}:a.b-" * (options.bytes // (2 * len(word) + 9))
        took["hostile"] = max(took.get("hostile", 0.0), spent(lambda text=text: mask(text)))
    for what, ms in took.items():
        print(f"{what:10} {ms:9.3f} ms")
    return int(options.check and any(took[what] > limit for what, limit in LIMITS.items()))


def own_import() -> float:
    """What importing the module adds to what it imports."""
    words = [sys.executable, "-X", "importtime", "-c", f"import re; import {_MODULE}"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    row = next(line for line in done.stderr.splitlines() if line.endswith(f" {_MODULE}"))
    return int(row.split(":")[1].split("|")[0]) / 1000


def spent(work) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    sys.exit(main())
