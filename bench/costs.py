"""What each signature costs the alert scan: Hyperscan over a quiet log, with all of them and without this one.

`python bench/costs.py [--every 1] [--check]`: prints the dearest, in percent of the time; with --check ends with 1 when
one costs 5 % or more. `--every 8` looks at each eighth of them. A suspect is measured again, longer: a shared machine
is not to be trusted once.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from itertools import islice

import hyperscan
from scan import quiet

from overnight import catalog
from overnight.core.engine import expressions
from overnight.core.signatures import Signature

LIMIT = 0.05
_LINES = 250_000
_PIECE = 1 << 20
_SHOWN = 8


def main() -> int:
    """0, or 1 with `--check` when a signature is too dear."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    signatures = catalog.load().signatures
    log = "".join(islice(quiet(), _LINES)).encode()
    every = compiled(signatures)
    looked_at = signatures[:: options.every]
    dearest = sorted(((cost(every, signatures, s, log), s.id) for s in looked_at), reverse=True)[:_SHOWN]
    for share, name in dearest:
        print(f"{name:28} {share:6.1%}")
    print(f"of {len(looked_at)} signatures; each less than {LIMIT:.0%}")
    return int(options.check and dearest[0][0] >= LIMIT)


def cost(every: hyperscan.Database, signatures: Sequence[Signature], one: Signature, log: bytes) -> float:
    """The share of the scan's time that goes with the signature."""
    rest = compiled([s for s in signatures if s is not one])
    share = 0.0
    for repeats in (2, 8, 30):
        with_it, without = seconds(every, log, repeats), seconds(rest, log, repeats)
        share = 1 - without / with_it
        if share < LIMIT / 2:
            break
    return share


def seconds(database: hyperscan.Database, log: bytes, repeats: int) -> float:
    """The best of some scans."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        for start in range(0, len(log), _PIECE):
            database.scan(log[start : start + _PIECE], match_event_handler=lambda *_: None)
        times.append(time.perf_counter() - begin)
    return min(times)


def compiled(signatures: Sequence[Signature]) -> hyperscan.Database:
    """All of them in one database, as the engine has them."""
    patterns = [e.encode() for e in expressions(tuple(signatures))]
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        patterns,
        list(range(len(patterns))),
        len(patterns),
        hyperscan.HS_FLAG_ALLOWEMPTY | hyperscan.HS_FLAG_MULTILINE,
    )
    return database


if __name__ == "__main__":
    sys.exit(main())
