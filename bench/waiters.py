"""What waiting costs an agent's server: exactness, the way from a fatal line to the answer, a hundred waiters at once.

`python bench/waiters.py [--seconds 300] [--check]`: over stdio and the official client, on a run that logs a line per
second without news. Ends with 1 under --check when a wait of 300 s is off by a second, an answer comes a second after
its fatal line, or a hundred waiters take 2 % of a core.
"""

import argparse
import asyncio
import contextlib
import os
import sys
import time
from typing import Any

import psutil
from house import house
from mcp import Client, StdioServerParameters
from scale import cpu_s, killed

WAITERS, TRIES = 100, 20
LIMIT_OFF_S, LIMIT_LATE_S, LIMIT_SHARE = 1.0, 1.0, 0.02
QUIET = (
    'exec {none}<> <(:); for ((n = 1; ; n++)); do echo "step $n/100000 loss=0.5"; read -t 1 -u $none; done'
)
FATAL = (
    "read line < {pipe}; echo 'Epoch 1/3'; echo 'RuntimeError: CUDA error: device-side assert triggered'; "
    "read line < {pipe}"
)


def main() -> int:
    """0, or 1 with `--check` when a limit is reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    with house() as env:
        os.environ["OVERNIGHT_HOME"] = env["OVERNIGHT_HOME"]
        good = asyncio.run(measured(env["OVERNIGHT_HOME"], options.seconds))
    return int(options.check and not good)


async def measured(home: str, seconds: float) -> bool:
    """Print the figures; whether all are within the limits."""
    from overnight import app

    served = StdioServerParameters(
        command=sys.executable, args=["-m", "overnight", "mcp"], env={"OVERNIGHT_HOME": home}
    )
    run = app.launch(["bash", "-c", QUIET], name="quiet")
    try:
        async with Client(served) as client:
            (server,) = [p for p in psutil.Process().children() if "mcp" in p.cmdline()]
            begun = await status(client, run.id, 0)
            place = begun.structured_content["since"]
            before, began = cpu_s(server.pid), time.monotonic()
            took = await asyncio.gather(*(timed(client, run.id, seconds, place) for _ in range(WAITERS)))
            share = (cpu_s(server.pid) - before) / (time.monotonic() - began)
            late = [await from_line_to_answer(client, home) for _ in range(TRIES)]
    finally:
        killed(run.path)
    off = max(abs(one - seconds) for one in took)
    late.sort()
    print(
        f"{WAITERS} waits of {seconds:g} s    {min(took):.2f} to {max(took):.2f} s   (limit {LIMIT_OFF_S:g} s off)"
    )
    print(f"their server        {share:7.2%} of a core   (limit {LIMIT_SHARE:.0%})")
    print(
        f"fatal line, answer  p50 {late[len(late) // 2]:.2f} s, max {late[-1]:.2f} s   (limit {LIMIT_LATE_S:g} s)"
    )
    return off < LIMIT_OFF_S and share < LIMIT_SHARE and late[-1] < LIMIT_LATE_S


async def status(client: Client, run: str, wait: float, since: str | None = None) -> Any:
    arguments = {"command_id": run, "wait_duration_seconds": wait} | ({"since": since} if since else {})
    return await client.call_tool("command_status", arguments)


async def timed(client: Client, run: str, wait: float, since: str) -> float:
    began = time.monotonic()
    told = await status(client, run, wait, since)
    assert told.structured_content["state"] == "running", told
    return time.monotonic() - began


async def from_line_to_answer(client: Client, home: str) -> float:
    """Seconds from the write of a fatal line until the waiting client has its answer."""
    from overnight import app

    pipe = os.path.join(home, "pipe")
    if not os.path.exists(pipe):
        os.mkfifo(pipe)
    run = app.launch(["bash", "-c", FATAL.format(pipe=pipe)], name="fatal")
    try:
        begun = await status(client, run.id, 0)
        waiting = asyncio.ensure_future(status(client, run.id, 60, begun.structured_content["since"]))
        await asyncio.wait({waiting}, timeout=0.5)
        writer = os.open(pipe, os.O_WRONLY)
        began = time.monotonic()
        os.write(writer, b"go\n")
        os.close(writer)
        told = await waiting
        assert "device-side assert" in told.content[0].text, told
        return time.monotonic() - began
    finally:
        with contextlib.suppress(ProcessLookupError):  # it was interrupted: that was a fatal line
            killed(run.path)


if __name__ == "__main__":
    sys.exit(main())
