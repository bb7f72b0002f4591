"""`overnight analyze` as people, scripts and pipelines call it: real files, pipes, archives, exit codes."""

import bz2
import gzip
import importlib.util
import json
import lzma
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from night import Nights

from overnight import app, catalog
from overnight.errors import Unreadable

Call = Callable[..., "subprocess.CompletedProcess[str]"]

GOOD = "".join(f"Epoch {n}/9\nloss={1 / n:.4f} val_acc={0.5 + n / 20:.3f}\n" for n in range(1, 10))
BAD = (
    "".join(f"Epoch {n}/9\nloss={1 / n:.4f} val_acc={0.5 + n / 20:.3f}\n" for n in range(1, 6))
    + "nccl: ring 3 is slow\n"
    + 'Traceback (most recent call last):\n  File "t.py", line 9, in <module>\n    step()\n'
    + "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB\n"
    + "srun: error: node1: task 0: Exited with exit code 1\n"
)
CAUGHT = "Epoch 1/2\nRuntimeWarning: invalid value encountered in log\nEpoch 2/2\n"

OWN = """
[[signature]]
id = "mine.ring"
class = "slow_ring"
severity = "minor"
pattern = ["nccl: ring \\\\d+ is slow"]
cause = "a cable"
advice = "Look at the cables."
examples = ["nccl: ring 3 is slow"]
near_misses = ["nccl: ring 3 is fast"]
"""


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Call `overnight` in a folder and with a home and settings of its own."""
    for name, value in {
        "OVERNIGHT_HOME": tmp_path / "home",
        "OVERNIGHT_CONFIG": tmp_path / "config" / "config.toml",
        "NO_COLOR": "1",
    }.items():
        monkeypatch.setenv(name, str(value))
    folder = tmp_path / "logs"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def caller(*words: str, **more: object) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "overnight", "analyze", *words]
        asked = {"capture_output": True, "text": True, "timeout": 60, "check": False, **more}
        return subprocess.run(command, **asked)  # type: ignore[call-overload, no-any-return]

    return caller


def facts(done: "subprocess.CompletedProcess[str]") -> dict:
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


# ---------------------------------------------------------------- what it says


def test_the_page_shows_the_cause_with_its_line_marked(call: Call) -> None:
    Path("bad.log").write_text(BAD)
    said = call("bad.log").stdout
    assert said.startswith("bad.log · failure · 16 lines")
    assert "> 15 torch.OutOfMemoryError: CUDA out of memory." in said
    assert "  13   File" in said
    assert "  16 srun: error" in said
    assert "follows   sched.task_exit, line 16: srun: error" in said
    assert "epoch 5/9" in said
    assert "val_acc 0.75 at epoch 5" in said
    assert "▁▃▅▆█" in said


def test_the_json_is_one_object_or_one_by_name(call: Call) -> None:
    Path("bad.log").write_text(BAD)
    Path("good.log").write_text(GOOD)
    one = facts(call("bad.log", "--json"))
    assert {"outcome", "failure", "progress", "best", "metrics", "problems"} <= one.keys()
    failure = one["failure"]
    assert (failure["class"], failure["line"]) == ("gpu_oom", 15)
    assert failure["text"].startswith("torch.OutOfMemoryError")
    assert failure["cause"]
    assert failure["advice"]
    assert [quote["line"] for quote in failure["excerpt"]] == [10, 11, 12, 13, 14, 15, 16]
    assert (one["curves"]["loss"]["low"], one["curves"]["loss"]["high"]) == (0.2, 1.0)
    many = facts(call("*.log", "--json"))
    assert {name: told["outcome"] for name, told in many.items()} == {
        "bad.log": "failure",
        "good.log": "success",
    }
    assert many["good.log"]["failure"] is None


def test_many_files_are_a_table_and_the_pages_of_the_failed(call: Call) -> None:
    Path("bad.log").write_text(BAD)
    Path("good.log").write_text(GOOD)
    said = call("good.log", "bad.log").stdout.splitlines()
    assert said[0].split() == ["file", "outcome", "class", "line", "progress", "best"]
    assert said[1].split()[:2] == ["good.log", "success"]
    assert said[2].split()[:4] == ["bad.log", "failure", "gpu_oom", "15"]
    assert [line for line in said if line.startswith(("good.log ·", "bad.log ·"))] == [
        f"bad.log · failure · 16 lines, {len(BAD)} B"
    ]


def test_explain_names_the_signature_and_why_the_others_are_not_the_title(call: Call) -> None:
    Path("bad.log").write_text("Epoch 1/9\nSegmentation fault (core dumped)\nEpoch 2/9\n" + BAD)
    told = facts(call("bad.log", "--json"))
    title, *others = told["reasons"]
    assert title["signature"] == told["failure"]["signature"] == "gpu.oom"
    assert title["title"]
    assert title["origin"] == "overnight/core/signatures/gpu.toml"
    assert any("advanced after it" in other["why"] for other in others)
    said = call("bad.log", "--explain").stdout
    assert "gpu.oom, line 18, is the title" in said
    assert "is not the title: the run advanced after it" in said
    assert title["pattern"] in said


def test_new_lines_are_those_that_no_baseline_has(call: Call) -> None:
    Path("bad.log").write_text(BAD)
    Path("good.log").write_text(GOOD)
    told = facts(call("bad.log", "--baseline", "good.log", "--json"))
    assert [quote["line"] for quote in told["new_lines"]] == [11, 15, 16]
    assert told["new_lines"][0]["text"] == "nccl: ring 3 is slow"
    assert "11 nccl: ring 3 is slow" in call("bad.log", "--baseline", "good.log").stdout
    assert facts(call("bad.log", "--json"))["new_lines"] is None
    both = facts(call("bad.log", "--baseline", "good.log", "--baseline", "bad.log", "--json"))
    assert both["new_lines"] == []
    refused = call("bad.log", "--baseline", "nowhere.log")
    assert (refused.returncode, refused.stderr) == (1, "overnight: There is no file 'nowhere.log'.\n")
    Path("cut.gz").write_bytes(gzip.compress(GOOD.encode())[:-9])
    assert "must be whole" in call("bad.log", "--baseline", "cut.gz").stderr


# ---------------------------------------------------------------- where logs come from


@pytest.mark.parametrize(
    ("name", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)]
)
def test_archives_are_read_cut_ones_as_far_as_they_go(call: Call, name: str, pack: Callable) -> None:
    text = (GOOD * 400).encode()
    Path(f"whole.{name}").write_bytes(pack(text) + pack(BAD.encode()))
    noise = os.urandom(40_000).hex().encode()  # does not compress away: the cut is in the middle of the text
    packed = pack(text + b"start of noise\n" + noise * 30)
    Path(f"cut.{name}").write_bytes(packed[: len(packed) * 9 // 10])
    whole = facts(call(f"whole.{name}", "--json"))
    assert (whole["failure"]["class"], whole["lines"]) == ("gpu_oom", 400 * 18 + 16)
    done = call(f"cut.{name}", "--json")
    assert done.returncode == 1
    assert facts(done)["lines"] >= 400 * 18
    assert facts(done)["note"] == (
        f"'cut.{name}' ends in the middle of its "
        f"{ {'gz': 'gzip', 'bz2': 'bzip2', 'xz': 'xz'}[name] } data: only what comes before was read."
    )


def test_a_damaged_archive_still_gives_what_comes_before(call: Call) -> None:
    packed = bytearray(gzip.compress((GOOD * 50).encode() + os.urandom(60_000).hex().encode()))
    packed[40_000:40_020] = bytes(20)
    Path("bad.gz").write_bytes(packed)
    done = call("bad.gz")
    assert done.returncode == 1
    assert "is damaged (gzip: " in done.stdout
    assert "epoch 9/9" in done.stdout


@pytest.mark.skipif(shutil.which("zstd") is None, reason="packs with the zstd program")
def test_zstd_is_read_or_says_what_is_missing(call: Call) -> None:
    Path("bad.log").write_text(BAD)
    subprocess.run(["zstd", "-q", "bad.log"], check=True)
    done = call("bad.log.zst")
    if sys.version_info >= (3, 14) or importlib.util.find_spec("zstandard") is not None:
        assert "gpu_oom, line 15" in done.stdout
    else:
        assert done.returncode == 1
        assert "pip install 'overnight[zst]'" in done.stderr


def test_a_pipe_is_read_as_it_is_packed_or_not(call: Call) -> None:
    packed = call("-", "--json", text=False, input=gzip.compress(BAD.encode()))
    assert json.loads(packed.stdout)["failure"]["excerpt"][5]["line"] == 15
    Path("good.log").write_text(GOOD)
    assert list(facts(call("good.log", "-", "--json", input=BAD))) == ["good.log", "-"]


def test_memory_does_not_grow_with_the_log(call: Call) -> None:
    Path("bomb.gz").write_bytes(gzip.compress(b"x" * 200_000_000, 9))
    code = (
        "from overnight import app; told = app.analyze(['bomb.gz'])[0];"
        "print(told.size_bytes, open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    read, kilobytes = map(int, done.stdout.split())
    assert read == 200_000_000
    assert kilobytes < 100_000


def test_utf_16_is_quoted_as_text(call: Call) -> None:
    Path("shell.log").write_bytes(BAD.encode("utf-16"))
    failure = facts(call("shell.log", "--json"))["failure"]
    assert (failure["line"], failure["excerpt"][5]["text"]) == (15, failure["text"])


def test_a_pattern_finds_files_and_a_file_is_no_pattern(call: Call) -> None:
    Path("deep/er").mkdir(parents=True)
    Path("deep/er/a.log").write_text(GOOD)
    Path("run[1].log").write_text(GOOD)
    assert list(facts(call("**/*.log", "run[1].log", "--json"))) == ["deep/er/a.log", "run[1].log"]


def test_a_name_that_is_no_text_can_be_told(call: Call) -> None:
    name = os.fsdecode(b"bad\xff.log")
    Path(name).write_text(GOOD)
    assert list(facts(call(name, "nowhere", "--json"))) == ["bad?.log", "nowhere"]
    assert call(name).stdout.startswith("bad?.log · success")


# ---------------------------------------------------------------- what cannot be read


def test_each_error_is_one_sentence_and_the_others_are_still_analysed(call: Call) -> None:
    Path("empty.log").touch()
    Path("folder").mkdir()
    Path("zeros").write_bytes(bytes(5000))
    Path("noise").write_bytes(os.urandom(5000))
    Path("good.log").write_text(GOOD)
    words = ("empty.log", "folder", "zeros", "noise", "nowhere", "no*where", "good.log")
    done = call(*words)
    assert done.returncode == 1
    assert sorted(done.stderr.splitlines()) == [
        "overnight: 'empty.log' is empty.",
        "overnight: 'folder' is a folder: name the logs in it, for example 'folder/*.log'.",
        "overnight: 'noise' is binary, no log: there are no lines to read.",
        "overnight: 'zeros' holds nothing but zero bytes.",
        "overnight: No file matches 'no*where'.",
        "overnight: There is no file 'nowhere'.",
    ]
    told = facts(call(*words, "--json"))
    assert told["good.log"]["outcome"] == "success"
    assert {name: one["error"]["code"] for name, one in told.items() if "error" in one} == {
        "empty.log": "empty_log",
        "folder": "unreadable",
        "zeros": "empty_log",
        "noise": "binary",
        "nowhere": "unreadable",
        "no*where": "no_such_file",
    }
    with pytest.raises(Unreadable, match="is empty"):
        app.analyze(["good.log", "empty.log"])


def test_a_log_that_begins_with_what_truncation_left_is_read(call: Call) -> None:
    Path("cut.log").write_bytes(bytes(70_000) + b"\n" + GOOD.encode())
    assert facts(call("cut.log", "--json"))["outcome"] == "success"


# ---------------------------------------------------------------- for pipelines


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        (GOOD, set()),
        (CAUGHT, {"minor"}),
        (GOOD + "CUDA error: device-side assert triggered\nEpoch 1/9\n" + GOOD, {"minor", "critical"}),
        (BAD, {"minor", "critical", "failure"}),
    ],
    ids=["good", "warned", "survived", "failed"],
)
def test_the_exit_code_is_what_was_asked_for(call: Call, text: str, refused: set[str]) -> None:
    Path("a.log").write_text(text)
    Path("good.log").write_text(GOOD)
    codes = {
        level: call("good.log", "a.log", "--fail-on", level).returncode
        for level in ("failure", "critical", "minor")
    }
    assert {level for level, code in codes.items() if code} == refused
    assert call("a.log").returncode == 0


def test_a_terminal_without_blocks_gets_plain_signs(call: Call) -> None:
    Path("good.log").write_text(GOOD)
    plain = call("good.log", env=os.environ | {"PYTHONIOENCODING": "ascii"}).stdout
    assert "#:-..____" in plain


def test_on_a_terminal_quoted_lines_are_cut_and_not_wrapped(call: Call) -> None:
    Path("bad.log").write_text(BAD.replace("step()", "step(" + "x" * 300 + ")"))
    parent, child = pty.openpty()
    env = os.environ | {"COLUMNS": "80", "TERM": "xterm"}
    done = call("bad.log", capture_output=False, stdout=child, env=env)
    os.close(child)
    said = os.read(parent, 1 << 16).decode()
    os.close(parent)
    assert done.returncode == 0
    assert {len(line) for line in said.splitlines() if "step(xxx" in line} == {80}
    assert max(map(len, said.splitlines())) <= 80


# ---------------------------------------------------------------- signatures of one's own


def test_own_signatures_count_beside_the_settings_and_beside_the_log(call: Call, tmp_path: Path) -> None:
    Path("bad.log").write_text(BAD)
    for place in (Path(".overnight/signatures"), tmp_path / "config" / "signatures"):
        place.mkdir(parents=True)
        (place / "mine.toml").write_text(OWN)
        assert "mine.ring" in {p["signature"] for p in facts(call("bad.log", "--json"))["problems"]}
        shutil.rmtree(place)
    assert "mine.ring" not in {p["signature"] for p in facts(call("bad.log", "--json"))["problems"]}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("not toml", "Expected '='"),
        (OWN.replace("cause", "course"), "course"),
        (
            OWN.replace('is slow"]\nnear', 'is quick"]\nnear'),
            "its example 'nccl: ring 3 is quick' is not matched",
        ),
        (OWN.replace("is fast", "is slow"), "its near miss 'nccl: ring 3 is slow' is matched"),
        (OWN.replace("ring \\\\d+", "(r+)+"), "may take for ever"),
        (OWN.replace("ring \\\\d+", "(?=r)ring 3"), "look-around"),
        (OWN.replace("ring \\\\d+", "("), "no regular expression"),
    ],
    ids=["toml", "field", "example", "near miss", "endless", "look-around", "expression"],
)
def test_a_wrong_file_is_one_sentence_and_ours_are_used(call: Call, text: str, why: str) -> None:
    Path("bad.log").write_text(BAD)
    Path(".overnight/signatures").mkdir(parents=True)
    Path(".overnight/signatures/mine.toml").write_text(text)
    done = call("bad.log")
    assert done.returncode == 0
    assert "gpu_oom, line 15" in done.stdout
    assert done.stderr.count("\n") == 1
    assert why in done.stderr
    check = next(check for check in app.doctor() if check.name == "signatures")
    assert not check.ok
    assert why in check.text


def test_the_example_of_the_manual_is_right(call: Call) -> None:
    manual = Path(__file__).parents[2] / "docs" / "signatures.md"
    Path("example.toml").write_text(manual.read_text().partition("```toml")[2].partition("```")[0])
    assert [entry.id for entry in catalog.checked("example.toml")] == ["lab.scratch_quota"]


def test_doctor_counts_the_entries_of_each_file(call: Call) -> None:
    Path(".overnight/signatures").mkdir(parents=True)
    Path(".overnight/signatures/mine.toml").write_text(OWN)
    checks = [check for check in app.doctor() if check.name == "signatures"]
    assert [(check.ok, check.text.split()[0]) for check in checks] == [(True, "1")]


def test_a_wrong_file_stops_no_watch_and_is_noted_once(nights: Nights) -> None:
    own = nights.cwd / ".overnight" / "signatures"
    own.mkdir(parents=True)
    (own / "mine.toml").write_text(OWN)
    (own / "wrong.toml").write_text("wrong")
    night = nights.start("sh", "-c", "echo nccl: ring 3 is slow; exit 3")
    night.closed()
    status = night.run.status()
    assert status is not None
    assert status.state == "failed"
    assert "mine.ring" in {problem.signature for problem in status.problems}
    assert sum("wrong.toml" in event.data["text"] for event in night.events("note")) == 1


# ---------------------------------------------------------------- what good runs printed


def test_a_failure_is_reported_with_the_lines_that_good_runs_never_printed(nights: Nights) -> None:
    script = nights.cwd / "train.sh"
    say = "for n in 1 2 3; do echo epoch $n loss 0.$n$1; done"
    script.write_text(f"{say}; if [ $1 -gt 5 ]; then echo a cable fell out; exit $1; fi")
    for good in ("1", "2"):
        nights.start("sh", "train.sh", good).closed()
    other = nights.start("sh", "-c", "echo something else; exit 1")
    bad = nights.start("sh", "train.sh", "9")
    other.closed()
    bad.closed()
    report = (bad.folder / "report.md").read_text()
    section = report.partition("## New lines")[2].partition("## ")[0]
    assert "the last 2 good runs" in section
    assert "4 a cable fell out" in section
    assert "epoch" not in section
    assert report.index("## New lines") < report.index("## Results")
    assert (
        "a cable fell out"
        in (bad.folder / "report.html").read_text().partition("<h2>New lines</h2>")[2][:400]
    )
    assert "New lines" not in (other.folder / "report.md").read_text()
    assert not (bad.folder / "templates.bin").exists()
