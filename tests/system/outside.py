"""A process that was started without overnight, for the tests of `attach`.

Rules: it is the test's own child, so that the test says whether and when it is reaped; what it says goes to a file in
the test's folder, or where the test wants it.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest
from helpers import DEADLINE_S, wait_for_pidfd, wait_for_text
from night import BRISK, PROGRAMS, QUICK, Night, Nights, Puppet

from overnight import app

FATAL = "NVRM: Xid (PCI:0000:18:00): 79, pid=1234, GPU has fallen off the bus."
"""A line that no run survives: critical and certain."""


@dataclass
class Outside(Puppet):
    """A puppet that runs in `process`; `night` once it was attached."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def attach(self, **options: Any) -> Night:
        """Put it under watch, on the quick schedule."""
        options = {"schedule": QUICK, "policy": {**BRISK, **options.pop("policy", {})}, **options}
        done = app.attach(options.pop("pid", self.process.pid), **options)
        assert done.unwatched is None
        self.night = Night(self.night.home, Path(done.path))
        return self.night

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End it by a signal and reap it."""
        self.process.send_signal(number)
        self.process.wait(DEADLINE_S)

    def end(self, code: int = 0, *, reap: bool = True) -> None:
        """Let it exit; without `reap` it stays a zombie."""
        fd = os.pidfd_open(self.process.pid)
        super().end(code)
        wait_for_pidfd(fd)
        os.close(fd)
        if reap:
            self.process.wait(DEADLINE_S)


@dataclass
class Outsiders:
    """The way to start them."""

    nights: Nights
    folder: Path
    began: list[Outside] = field(default_factory=list)

    def start(
        self, *args: str, out: IO[bytes] | int | None = None, err: IO[bytes] | int | None = None
    ) -> Outside:
        """A process that has said its first line, with these further arguments; its output goes to a file."""
        number = len(self.began)
        pipe, log = self.folder / f"pipe{number}", self.folder / f"train{number}.log"
        os.mkfifo(pipe)
        words = [sys.executable, str(PROGRAMS / "puppet.py"), str(pipe), *args]
        with log.open("ab") as file:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=file if out is None else out,
                stderr=file if err is None else err,
                start_new_session=True,
            )
        night = Night(self.nights.home, self.folder)
        one = Outside(night, os.open(pipe, os.O_WRONLY), process, log)
        self.began.append(one)
        if out is None:
            wait_for_text(log, "Epoch 1/100")
        return one

    def close(self) -> None:
        for one in self.began:
            one.process.kill()
            one.process.wait(DEADLINE_S)


@pytest.fixture
def outsiders(nights: Nights, tmp_path: Path) -> Iterator[Outsiders]:
    """Processes that nobody watches yet; they end with the test."""
    folder = tmp_path / "outside"
    folder.mkdir()
    made = Outsiders(nights, folder)
    yield made
    made.close()
