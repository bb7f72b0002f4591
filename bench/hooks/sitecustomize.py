"""Times each line from its writing to its reading, in the watchman of a bench: a line ends with `at SECONDS`.

Rules: the program itself is not changed and knows nothing of this; the times (seconds, doubles in a row) are
appended to LATENCIES by pieces.
"""

import array
import os
import re
import sys
import time
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import PathFinder

FILE = os.environ.get("LATENCIES", "")
WANTED = "overnight.core.watch"
_WRITTEN = re.compile(rb"at (\d+\.\d+)$", re.M)
_PIECE = 1000


def timed(read):
    """`Watch.read`, with the age of each of its lines when it is done."""
    ages = array.array("d")

    def reading(watch, data, now):
        events = read(watch, data, now)
        done = time.time()
        ages.extend(done - float(written) for written in _WRITTEN.findall(data))
        if len(ages) >= _PIECE:
            with open(FILE, "ab") as file:
                ages.tofile(file)
            del ages[:]
        return events

    return reading


class _Timing(MetaPathFinder, Loader):
    def find_spec(self, name, path=None, target=None):
        if name != WANTED:
            return None
        spec = PathFinder.find_spec(name, path)
        self.real, spec.loader = spec.loader, self
        return spec

    def create_module(self, spec):
        return self.real.create_module(spec)

    def exec_module(self, module):
        self.real.exec_module(module)
        module.Watch.read = timed(module.Watch.read)


if FILE:
    sys.meta_path.insert(0, _Timing())
