"""How fast all bytes of a log meet all signatures, beside other tools, in the same run on one core.

`python bench/scan.py [--mb 200] [--check]`. Three logs are made in a temporary folder: `quiet` (nothing to find),
`mixed` (bars with carriage returns, metrics, planted incidents) and `real` (what Optuna, tqdm and scikit-learn print
here, repeated). Each tool reads each log in a process of its own: MB/s, the best of two, and its memory. Ours are
given one-MiB reads and say which lines may be problems; the others look for the same expressions as far as they can.
"""

import argparse
import contextlib
import io
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from overnight import catalog, engines
from overnight.core.engine import expressions
from overnight.core.scan import Matcher

PIECE = 1 << 18
LIMITS_MB_S = {"hyperscan": 1000, "re2": 400, "stdlib": 200}
MEMORY_MB = 60
PEERS = {"grep -E": ["grep", "-aE"], "ripgrep": ["rg", "--no-unicode", "-aj1"]}
ENV = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
SLOW_MB = 4
"""What the slow tools are given of each log."""


def main() -> int:
    """0, or 1 with `--check` when a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--mb", type=int, default=200, help="size of each log")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--one", nargs=2, metavar=("TOOL", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(*options.one)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        logs = make(Path(folder), options.mb)
        missed = compare(logs, Path(folder))
    return int(missed and options.check)


def compare(logs: dict[str, Path], folder: Path) -> bool:
    """Print the table; True when a limit is missed."""
    missed = False
    print(f"{'MB/s':22}" + "".join(f"{name:>12}" for name in logs) + f"{'memory MB':>12}")
    for name in engines.NAMES:
        cells = [child(name, path) for path in logs.values()]
        worst, memory = min(c["mb_s"] for c in cells), max(c["memory_mb"] for c in cells)
        missed = missed or worst < LIMITS_MB_S[name] or memory > MEMORY_MB
        line = f"overnight, {name:11}" + "".join(f"{c['mb_s']:12.0f}" for c in cells)
        print(f"{line}{memory:12.0f}   (at least {LIMITS_MB_S[name]}, {MEMORY_MB} MB)")
    for title, tool in PEERS.items():
        if shutil.which(tool[0]) is None:
            continue
        patterns = folder / "patterns"
        taken = [e for e in map(posix, sorted_expressions()) if takes(tool, e)]
        patterns.write_text("".join(f"{e}\n" for e in taken))
        rates = [timed([*tool, "-c", "-f", str(patterns)], path) for path in logs.values()]
        print(f"{title:22}" + "".join(f"{rate:12.0f}" for rate in rates) + f"   ({len(taken)} expressions)")
    for name in ("re", "drain3"):
        found = [child(name, path) for path in logs.values()]
        print(f"{'Python ' + name:22}" + "".join(f"{c['mb_s']:12.1f}" if c else f"{'-':>12}" for c in found))
    return missed


def posix(expression: str) -> str:
    """An expression of ours as other tools write it."""
    plain = expression.replace("(?i)", "").replace("(?:", "(").replace("\\ ", " ").replace("\\'", "'")
    return plain.replace("[\\d", "[0-9").replace("\\d", "[0-9]")


def takes(tool: list[str], expression: str) -> bool:
    """Whether the tool understands the expression."""
    asked = subprocess.run([*tool, "-e", expression], input=b"", env=ENV, capture_output=True)
    return asked.returncode in (0, 1)


def sorted_expressions() -> list[str]:
    """All expressions that are ours."""
    return sorted(set(expressions(catalog.load().signatures)))


# ---------------------------------------------------------------- one tool, one log


def child(tool: str, path: Path) -> dict[str, float]:
    """The better of two calls in processes of their own; empty when the tool is not there."""
    best: dict[str, float] = {}
    for _ in range(2):
        call = [sys.executable, __file__, "--one", tool, str(path)]
        done = subprocess.run(call, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        if found and (not best or found["mb_s"] > best["mb_s"]):
            best = found
    return best


def one(tool: str, file: str) -> dict[str, float]:
    """Read one log with one tool, in this process."""
    path = Path(file)
    if tool == "re":
        return slowly(path, plain_re())
    if tool == "drain3":
        try:
            from drain3 import TemplateMiner
        except ImportError:
            return {}
        return slowly(path, TemplateMiner().add_log_message)
    signatures = catalog.load().signatures
    engine = engines.build(tool, signatures, Matcher(signatures))
    begin, size = time.perf_counter(), 0
    with path.open("rb") as log:
        while data := log.read(PIECE) + log.readline(PIECE):
            size += len(data)
            engine.hits(data)
    return measured(size, time.perf_counter() - begin)


def slowly(path: Path, see: Callable[[str], object]) -> dict[str, float]:
    """Line by line, the beginning of the log only."""
    with path.open("rb") as log:
        data = log.read(SLOW_MB << 20)
    lines = data.decode("utf-8", "replace").splitlines()
    begin = time.perf_counter()
    for line in lines:
        see(line)
        if time.perf_counter() - begin > 10:
            break
    share = (lines.index(line) + 1) / len(lines) if lines else 1
    return measured(int(len(data) * share), time.perf_counter() - begin)


def plain_re() -> Callable[[str], object]:
    """The obvious way: one large alternation, line by line."""
    import re

    return re.compile("|".join(f"(?:{e.replace('(?i)', '')})" for e in sorted_expressions())).search


def measured(size: int, seconds: float) -> dict[str, float]:
    """MB/s and the most memory that this process ever held (not `ru_maxrss`, which its parent's counts into)."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    memory = int(fields["VmHWM"].split()[0]) / 1024
    return {"mb_s": size / 1e6 / seconds, "memory_mb": memory}


def timed(command: list[str], path: Path) -> float:
    """MB/s of a command that reads the log; the better of two."""
    times = []
    for _ in range(2):
        begin = time.perf_counter()
        subprocess.run([*command, str(path)], stdout=subprocess.DEVNULL, env=ENV)
        times.append(time.perf_counter() - begin)
    return path.stat().st_size / 1e6 / min(times)


# ---------------------------------------------------------------- the logs


def make(folder: Path, mb: int) -> dict[str, Path]:
    """The three logs, `mb` MB each."""
    sources = {"quiet": quiet, "mixed": mixed, "real": real}
    logs = {}
    for name, source in sources.items():
        logs[name] = folder / f"{name}.log"
        with logs[name].open("w", encoding="utf-8") as log:
            size = 0
            for text in source():
                size += len(text)
                log.write(text)
                if size > mb * 1e6:
                    break
    return logs


def quiet() -> Iterator[str]:
    """A training that prints its loss and nothing else."""
    chance, step = random.Random(1), 0
    while True:
        step += 1
        yield (
            f"[2026-11-23 20:{step // 60 % 60:02d}:{step % 60:02d}] step:{step}/9999999 loss:{chance.random():.4f} "
            f"lr:{chance.random() / 1000:.3e} tokens:{step * 1024} step_avg:{chance.random() * 100:.2f}ms\n"
        )


def mixed() -> Iterator[str]:
    """Bars, metrics of several frameworks, harmless words, and an incident in every 10,000 lines."""
    chance, n = random.Random(2), 0
    incidents = [text for s in catalog.load().signatures for text in s.examples if s.severity != "info"]
    while True:
        n += 1
        done = n % 1000
        bar = "█" * (done // 50)
        yield f"\rEpoch {n // 1000}:  {done // 10}%|{bar:20}| {done}/1000 [00:{done // 20:02d}<00:50, 19.{n % 10}it/s]"
        if n % 10 == 0:
            yield f"\n{{'loss': {chance.random():.4f}, 'grad_norm': {chance.random():.3f}, 'epoch': {n / 1000:.2f}}}\n"
            yield f"INFO:trainer:step {n}: mean error: {chance.random():.5f}, 0 errors so far\n"
            yield f"[I 2026-11-23 20:11:02,{n % 1000:03d}] Trial {n} finished with value: {chance.random():.6f}.\n"
        if n % 10_000 == 0:
            yield f"\n{chance.choice(incidents)}\n"


def real() -> Iterator[str]:
    """What real libraries print on this machine, again and again."""
    once = optuna_output() + tqdm_output() + sklearn_output()
    while True:
        yield once


def optuna_output() -> str:
    import logging

    import optuna

    said = io.StringIO()
    handler = logging.StreamHandler(said)
    optuna.logging.disable_default_handler()
    logging.getLogger("optuna").addHandler(handler)
    optuna.logging.set_verbosity(optuna.logging.INFO)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=3))
    study.optimize(lambda t: t.suggest_float("x", -5, 5) ** 2 + t.suggest_int("n", 1, 9), n_trials=3000)
    return said.getvalue()


def tqdm_output() -> str:
    from tqdm import tqdm

    said = io.StringIO()
    for epoch in range(20):
        for _ in tqdm(range(2000), desc=f"epoch {epoch}", file=said, mininterval=0, miniters=1):
            pass
    return said.getvalue()


def sklearn_output() -> str:
    import warnings

    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    said = io.StringIO()
    data = load_digits()
    with contextlib.redirect_stdout(said), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in range(3):
            MLPClassifier((8,), max_iter=200, tol=0, verbose=True, random_state=seed).fit(
                data.data, data.target
            )
    return said.getvalue()


if __name__ == "__main__":
    sys.exit(main())
