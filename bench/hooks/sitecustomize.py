"""Times each line from its writing to its reading, in the watchman of a bench: a line ends with `at SECONDS`.

Rules: the program itself is not changed and knows nothing of this; the times (seconds, doubles in a row) are
appended to LATENCIES by pieces.
"""

import array
import os
import sys
import time

FILE = os.environ.get("LATENCIES", "")
_AT = b" at "
_PIECE = 50


def timed(read):
    """`Watch.read`, with the age of each of its lines when it is done."""
    ages = array.array("d")

    def reading(watch, data, now):
        events = read(watch, data, now)
        done = time.time()
        for line in data.splitlines():
            ages.append(done - float(line[line.rfind(_AT) + len(_AT) :]))
        if len(ages) >= _PIECE:
            with open(FILE, "ab") as file:
                ages.tofile(file)
            del ages[:]
        return events

    return reading


if FILE and "overnight.watchman" in sys.orig_argv:
    from overnight.core.watch import Watch

    Watch.read = timed(Watch.read)
