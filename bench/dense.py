"""The whole analysis of a training log with metrics on every line: MB/s, and whether samples tell what all lines do.

`python bench/dense.py [--mb 1000] [--check]`: makes the log in a temporary folder, analyses it with each engine that is
installed, and compares a shorter one with the reading of every line. At least 100 MB/s with Hyperscan.
"""

import argparse
import math
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from overnight import catalog, engines
from overnight.core.analyze import Analysis, analyze
from overnight.core.observe import Catalog

LIMIT_MB_S = 100
_PIECE = 1 << 21
_SMALL = 1 << 16
_COMPARED_MB = 20


def main() -> int:
    """0, or 1 with `--check` when it is too slow or wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--mb", type=int, default=1000)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    signatures = catalog.load().signatures
    rates = {}
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "dense.log", options.mb)
        short = write(Path(folder) / "short.log", _COMPARED_MB)
        for name in engines.NAMES:
            known = Catalog(signatures, lambda matcher, name=name: engines.build(name, signatures, matcher))
            begin = time.perf_counter()
            found = analyze(pieces(path, _PIECE), known)
            rates[name] = options.mb / (time.perf_counter() - begin)
            print(f"{name:10} {rates[name]:6.0f} MB/s   {options.mb} MB, {found.lines} lines")
        same = fields(analyze(pieces(short, _PIECE), known)) == fields(analyze(pieces(short, _SMALL), known))
    print(f"samples tell what all lines tell ({_COMPARED_MB} MB): {'yes' if same else 'NO'}")
    return int(options.check and (rates["hyperscan"] < LIMIT_MB_S or not same))


def fields(found: Analysis) -> tuple[object, ...]:
    """What has to be the same."""
    progress = [(p.unit, p.current, p.total) for p in found.progress]
    return found.outcome, found.failure, progress, found.best, found.metrics


def write(path: Path, mb: int) -> Path:
    """A training that prints its metrics at every step, and evaluates every thousand."""
    chance, size, step = random.Random(1), 0, 0
    with path.open("w") as log:
        while size < mb * 1e6:
            step += 1
            loss = 3 * math.exp(-step / 1e6) + chance.random() / 10
            size += log.write(
                f"2026-11-23 20:{step // 60 % 60:02d}:{step % 60:02d},{step % 1000:03d} INFO step {step}/10000000 | "
                f"train_loss: {loss:.4f} | lr: {1e-4 * (1 - step / 1e7):.3e} | grad_norm: {chance.random():.3f} | "
                f"tokens/s {chance.randint(90000, 99999)}\n"
            )
            if step % 1000 == 0:
                size += log.write(
                    f"INFO eval at step {step}: val_loss={loss:.4f} val_acc={1 - loss / 9:.4f}\n"
                )
    return path


def pieces(path: Path, size: int) -> Iterator[bytes]:
    with path.open("rb") as log:
        while data := log.read(size):
            yield data


if __name__ == "__main__":
    sys.exit(main())
