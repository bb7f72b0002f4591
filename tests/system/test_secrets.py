"""No secret that a run was given or prints gets out of its intent and its log, which are the truth and private."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from night import Night, Nights

from overnight import app

TRUTH = {"spec.json", "output.log"}
HALF = 10
"""Characters of a secret that must not be left either, where a text was cut."""

ENV = {
    "TRACKER_API_KEY": "env0Key5Q8w1Z7r3T6",
    "REGISTRY_TOKEN": "plain-words-as-token",
    "DB_PASSWORD": "correct horse battery",
    "STORE_URL": "redis://:urlPassw0rdOfEnv@cache:6379/0",
    "DEPLOY_KEY": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\n-----END PRIVATE KEY-----",
}
ARGV = {
    "flag": "argvFlagHunter2x",
    "equals": "argvEquals7Yh2Kd9",
    "github": "ghp_4f8Zq1Lw9Xn3Vb7Tc2Rm5Jk8Hd0Sg6PaYe",
    "url": "argvUrlPassw0rd",
}
LOGGED = {
    "error": "sk-proj-errorLine0a1B2c3D4e5F6g7",
    "minor": "minorLineT0ken8Kx2",
    "traceback": "hf_tracebackAbCdEfGhIjKlMn0123",
    "context": "contextPassw0rdZz",
    "progress": "glpat-progr3ssLine9Kd2",
    "metric": "AKIAMETR1CNAME7EXAMP",
    "trial": "trialParamS3cr3tQq",
    "reason": "reasonOfTrial7Kq2Lm",
    "last": "lastLineBearer5Gh2Kl8",
    "cut": "cutAtTheEnd0fTheLine4Kd8Ws2Lq9Xv",
    "cut_later": "cutFurtherOn0fTheLine4Kd8Ws2Lq9Xv",
}
NAMES = {
    "name": "gsk_runNameAbCdEfGh0123456789",
    "tag": "xoxb-tag0123456789abc",
    "change": "changed0ByTheFix9Zq",
}
BLOCK = ["-----BEGIN RSA PRIVATE KEY-----", "MIIEowIBAAKCAQEAblockOfTheLog", "-----END RSA PRIVATE KEY-----"]

MINOR = f"WARNING: CUDA is not available, falling back to CPU, token={LOGGED['minor']}"
ERROR = f"RuntimeError: CUDA error: an illegal memory access was encountered {LOGGED['error']}"


def secrets() -> list[str]:
    """All of them, and their lines where they have several."""
    given = [*ENV.values(), *ARGV.values(), *LOGGED.values(), *NAMES.values(), BLOCK[1]]
    found = {ENV["STORE_URL"]: "urlPassw0rdOfEnv", ENV["DEPLOY_KEY"]: "MIIEvQIBADANBgkqhkiG9w0BAQ"}
    return [found.get(secret, secret) for secret in given]


def printed() -> list[str]:
    """One line of each kind."""
    trial = f"parameters: {{'lr': 0.1, 'api_key': '{LOGGED['trial']}'}}. Best is trial 0 with value: 0.5."
    return [
        "A new study created in memory with name: s",
        f"[I 2026-01-01 00:00:00,000] Trial 0 finished with value: 0.5 and {trial}",
        "[W 2026-01-01 00:00:01,000] Trial 1 failed with parameters: {} because of the following error: "
        f"ValueError('password={LOGGED['reason']}').",
        f"Epoch 2/100 - {LOGGED['progress']} - loss: 0.5 - {LOGGED['metric']}: 0.25",
        f"{LOGGED['progress']}:  30%|###       | 30/100 [00:03<00:07, 10.00it/s]",
        f"{LOGGED['metric']}=0.5 step=3",
        *(f"seen again: {value}" for value in ENV.values() if "\n" not in value),
        *ENV["DEPLOY_KEY"].split("\n"),
        *(f"argument {value}" for value in ARGV.values()),
    ]


def failing() -> list[str]:
    """How it ends: an error, a traceback, and what goes over the places where lines are cut."""
    return [
        f"connecting with password={LOGGED['context']}",
        *BLOCK,
        f"{'x' * 275} api_key={LOGGED['cut']}",
        f"ERROR {'y' * 475} api_key={LOGGED['cut_later']}",
        ERROR,
        "Traceback (most recent call last):",
        '  File "train.py", line 3, in <module>',
        f'    login(token="{LOGGED["traceback"]}")',
        f"ValueError: Invalid token {LOGGED['traceback']} {ENV['REGISTRY_TOKEN']} {'z' * 90} api_key={LOGGED['cut']}",
        f"Authorization: Bearer {LOGGED['last']}",
    ]


class Told:
    """All that was said of the runs, by where it was said."""

    def __init__(self) -> None:
        self.texts: dict[str, bytes] = {}

    def files(self, home: Path) -> None:
        """Every file of the home but the truth."""
        for path in home.rglob("*"):
            if path.is_file() and path.name not in TRUTH:
                self.texts[f"{path.relative_to(home)}"] = path.read_bytes()

    def call(self, *words: str) -> None:
        """What the command line says."""
        done = subprocess.run([sys.executable, "-m", "overnight", *words], capture_output=True, check=False)
        self.texts[f"{' '.join(words[:3])}, call {len(self.texts)}"] = done.stdout + done.stderr

    def calls(self, run: str) -> None:
        """All that shows a run."""
        for words in (["status", run], ["status", run, "--json"], ["ls"], ["ls", "--json"], ["report", run]):
            self.call(*words)
        self.call("wait", run, "--timeout", "0")

    def leaks(self) -> list[str]:
        """Which secret is where."""
        parts = {part for secret in secrets() for part in (secret, secret[:HALF])}
        return [
            f"{part} in {where}"
            for where, text in self.texts.items()
            for part in parts
            if part.encode() in text
        ]


@pytest.fixture
def pipe(nights: Nights):
    """What a puppet reads, open for writing through its relaunch."""
    path = nights.cwd / "puppet"
    os.mkfifo(path)
    descriptor = os.open(path, os.O_RDWR)
    yield path, lambda lines: os.write(descriptor, "".join(f"{line}\n" for line in lines).encode())
    os.close(descriptor)


def words(pipe: Path) -> list[str]:
    return [
        str(pipe), "--db-password", ARGV["flag"], f"--api-key={ARGV['equals']}", ARGV["github"],
        f"postgresql://me:{ARGV['url']}@db/study",
    ]  # fmt: skip


@pytest.mark.usefixtures("plots")
def test_no_secret_gets_out(nights: Nights, pipe) -> None:
    path, say = pipe
    told = Told()
    names = {"name": NAMES["name"], "tags": [NAMES["tag"]]}
    night = nights.program("puppet", *words(path), env=ENV, results="RESULTS.md", **names)
    night.until("first_logs")
    say([*printed(), MINOR])
    night.until("question")
    told.texts["digest"] = app.wait(night.id, 5, until="attention").digest.encode()
    told.calls(night.id)
    again = app.answer(night.id, "fix", env={"NEW_PASSWORD": NAMES["change"]})
    assert again is not None
    fixed = Night(nights.home, Path(again.path))
    fixed.until("started")
    say([*printed(), *failing(), "exit 1"])
    fixed.until("ended")
    told.texts["digest of the end"] = app.wait(fixed.id, 60, until="end").digest.encode()
    fixed.closed()
    night.closed()
    told.calls(fixed.id)
    told.files(nights.home.path)
    told.texts["results"] = (nights.cwd / "RESULTS.md").read_bytes()
    assert not told.leaks(), "\n".join(told.leaks())
    assert {"status.md", "status.json", "report.md", "report.html", "events.jsonl"} <= {
        Path(where).name for where in told.texts
    }
    assert b"***" in told.texts["told.log"]
    assert b"***" in told.texts[f"runs/{fixed.id}/status.json"]
    assert b"NEW_PASSWORD=***" in told.texts[f"runs/{fixed.id}/report.md"].replace(b"\\", b"")


def test_a_first_look_and_a_rebuilt_index_tell_no_secret(nights: Nights) -> None:
    told = Told()
    script = f"echo '{ERROR}'; echo seen again: $DB_PASSWORD; exit 3"
    environment = f"DB_PASSWORD={ENV['DB_PASSWORD']}"
    told.call(
        "run", "--early-wait", "20", "--env", environment, "--", "sh", "-c", script, "--api-key", ARGV["flag"]
    )
    status = app.list_runs()[0]
    run = Night(nights.home, nights.home.runs / status.run)
    run.closed()
    assert ENV["DB_PASSWORD"] in run.log.read_text()
    (run.folder / "status.json").unlink()
    told.call("status", run.id, "--json")
    told.call("rebuild")
    told.call("relaunch", run.id, "--env", f"NEW_PASSWORD={NAMES['change']}", "--early-wait", "20", "--json")
    told.files(nights.home.path)
    assert any(b"changed" in text and b"NEW_PASSWORD=***" in text for text in told.texts.values())
    assert not told.leaks(), "\n".join(told.leaks())


def test_the_truth_is_whole_and_private(nights: Nights, pipe) -> None:
    path, say = pipe
    night = nights.program("puppet", *words(path), env=ENV)
    say([*failing(), "exit 0"])
    night.until("ended")
    assert night.run.spec().env == ENV
    assert ERROR in night.log.read_text()
    for name in TRUTH:
        assert stat.S_IMODE((night.folder / name).stat().st_mode) == 0o600
