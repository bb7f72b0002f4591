"""Reports, made by a process of their own.

Rules:
- At most two at a time, each bounded.
- What goes wrong is one sentence, taken from what that process said last.
"""

import asyncio
import json
import sys

from overnight.errors import OvernightError

BOUND_S = 60.0
_AT_ONCE = 2


class NoReportError(OvernightError):
    """The report could not be made, or not in time."""

    code = "no_report"


class Reports:
    """Where the watchman gets its reports made."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def build(self, run_dir: str) -> dict[str, str]:
        """The paths by kind (`md`, `html`, `results`). Raises NoReportError."""
        try:
            async with self._places, asyncio.timeout(BOUND_S):
                return await _build(run_dir)
        except TimeoutError:
            raise NoReportError(f"The report was not ready within {BOUND_S:g} s.") from None


async def _build(run_dir: str) -> dict[str, str]:
    command = (sys.executable, "-P", "-m", "overnight.report", run_dir)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
    )
    try:
        said, complained = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise NoReportError(_last_line(complained) or f"The report process ended with {process.returncode}.")
    try:
        return {str(kind): str(path) for kind, path in json.loads(said).items()}
    except (ValueError, AttributeError) as error:
        raise NoReportError("The report process said nothing that could be understood.") from error


def _last_line(text: bytes) -> str:
    return text.decode("utf-8", "replace").strip().rpartition("\n")[2][:500]
