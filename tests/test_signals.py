"""A signal reaches the loop also while many threads have something to say to it.

Rules: a process of its own, since handlers belong to a process.
"""

import signal
import subprocess
import sys

BUSY = """
import asyncio, os, signal
from overnight.watchman.signals import Signals

async def main():
    came = asyncio.Event()
    signals = Signals((signal.SIGTERM,), lambda number: (print(number, flush=True), came.set()))
    loop = asyncio.get_running_loop()
    for _ in range(5_000):  # as many threads would that end while the loop is at something else
        loop.call_soon_threadsafe(lambda: None)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(came.wait(), 20)
    signals.close()
    os.kill(os.getpid(), signal.SIGTERM)

asyncio.run(main())
"""


def test_no_signal_is_lost_when_the_loop_has_much_to_hear() -> None:
    done = subprocess.run([sys.executable, "-c", BUSY], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert done.stdout == f"{signal.SIGTERM}\n"
    assert done.returncode == -signal.SIGTERM  # closed, the signal is what it was before
