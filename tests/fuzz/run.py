"""Coverage-guided fuzzing: `python tests/fuzz/run.py TARGET|all -max_total_time=60`; takes libFuzzer's options.

Rules:
- `all` gives every target its share of the time, each in a process of its own, and fails if one of them fails.
- What is found is written to a folder of its own (`OVERNIGHT_FUZZ`, else a temporary one), never into the kept corpus:
  `run.py TARGET -merge=1 KEPT NEW...` says which inputs add coverage.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import atheris

TESTS = Path(__file__).resolve().parents[1]
sys.path[0] = str(TESTS)
with atheris.instrument_imports(include=["overnight"]):
    import fuzz

    MODULE = fuzz.target(sys.argv[1]) if sys.argv[1:2] and sys.argv[1] in fuzz.NAMES else None

_TIME = "-max_total_time="
_USUAL = ["-timeout=20", "-rss_limit_mb=3000", "-max_len=4096"]


def main(words: list[str]) -> int:
    """Exit code 0 when nothing failed."""
    if words[:1] == ["all"]:
        return _all(words[1:])
    if MODULE is None:
        sys.stderr.write(f"Which target? One of: all, {', '.join(fuzz.NAMES)}\n")
        return 2
    _one(words[0], words[1:])
    return 0


def _all(options: list[str]) -> int:
    seconds = next((int(word.removeprefix(_TIME)) for word in options if word.startswith(_TIME)), 60)
    share = f"{_TIME}{max(1, seconds // len(fuzz.NAMES))}"
    rest = [word for word in options if not word.startswith(_TIME)]
    failed = [name for name in fuzz.NAMES if subprocess.call([sys.executable, __file__, name, share, *rest])]
    for name in failed:
        sys.stderr.write(f"fuzz: {name} failed\n")
    return 1 if failed else 0


def _one(name: str, options: list[str]) -> None:
    """Fuzz until the time is over or something fails; libFuzzer ends the process."""
    merging = any(word.startswith("-merge") for word in options)
    place = Path(os.environ.get("OVERNIGHT_FUZZ") or tempfile.mkdtemp(prefix="overnight-fuzz-"))
    folders = [] if merging else _folders(name, place)
    words = place / f"{name}.words"
    words.parent.mkdir(parents=True, exist_ok=True)
    words.write_text("".join(_quoted(word) for word in getattr(MODULE, "WORDS", ())) or '"a"\n', "ascii")
    program = f"{sys.executable} {__file__} {name}"  # what a merge starts again, through a shell
    atheris.Setup([program, *_USUAL, f"-dict={words}", *options, *folders], MODULE.check)
    atheris.Fuzz()


def _folders(name: str, place: Path) -> list[str]:
    """Where new inputs go, the seeds, and the kept ones."""
    found, seeds = place / name, place / f"{name}.seeds"
    for folder in (found, seeds):
        folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(MODULE.seeds()):
        (seeds / str(number)).write_bytes(data)
    kept = fuzz.CORPUS / name
    return [str(found), str(seeds), *([str(kept)] if kept.is_dir() else [])]


def _quoted(word: str) -> str:
    """A line of libFuzzer's dictionaries."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in word.encode()) + '"\n'


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
