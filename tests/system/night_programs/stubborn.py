"""Ignores SIGINT, and so do its children, who also ignore SIGTERM; its loss is NaN for good.

Prints the pids of all, so that the test can see them end.
"""

import itertools
import os
import select
import signal
import subprocess
import sys

signal.signal(signal.SIGINT, signal.SIG_IGN)
CHILD = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"
children = [subprocess.Popen([sys.executable, "-c", CHILD], start_new_session=bool(n)) for n in range(2)]
print("pids", os.getpid(), *[child.pid for child in children], flush=True)
for step in itertools.count(1):
    select.select([], [], [], 0.01)  # a step's work
    print(f"step {step} train_loss: nan", flush=True)
