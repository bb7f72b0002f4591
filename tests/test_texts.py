"""What people read: the words, their length, their languages, and what must never be in them."""

import re
from typing import Any, get_args

import pytest
from store_facts import NIGHT_S, best, problem, question, telling

from overnight.core.model import Progress, Record, Telling, TellKind
from overnight.notify.quote import TITLE
from overnight.notify.texts import BODY, render
from overnight.notify.texts import question_text as asked

OUT_OF_MEMORY = problem(signature="exit.host_oom", cls="host_oom")
LATER = ["ValueError: late"]
TRIALS = {"complete": 90, "pruned": 9, "failed": 1}
HOSTILE = ["", "x" * 5000, "日本🏆 " * 500, "{time} %s {0} \\", "\x1b[31mred\x1b[0m\n\r\x00\udcff\u202e"]
SECRET = "s3cr3tV4lue9XkQ2mN7"


def of_kind(kind: TellKind, **over: Any) -> Telling:
    record = Record(best=best(value=0.9818, at="trial 50"), previous=0.97, gain=0.012, t=3.0)
    facts: dict[str, dict[str, Any]] = {
        "success": {"state": "succeeded", "exit_code": 0, "trials": TRIALS},
        "failure": {
            "state": "failed",
            "exit_code": 1,
            "problem": problem(),
            "cascades": LATER,
        },
        "discovery": {"record": record},
        "question": {"question": question(), "problem": problem()},
    }
    return telling(**({"kind": kind} | facts[kind] | over))


@pytest.mark.parametrize(
    ("kind", "over", "en", "fr"),
    [
        (
            "success", {},
            "✅ sweep-A finished after 7 h 42 — best 0.0312 (trial 87)",
            "✅ sweep-A fini après 7 h 42 — meilleur 0.0312 (essai 87)",
        ),
        (
            "success", {"best": None, "elapsed_s": 12.0},
            "✅ sweep-A finished after 12 s",
            "✅ sweep-A fini après 12 s",
        ),
        (
            "failure", {},
            "❌ sweep-A died — CUDA out of memory at trial 63/100",
            "❌ sweep-A mort — CUDA out of memory, essai 63/100",
        ),
        (
            "failure", {"interrupted": True, "progress": []},
            "❌ sweep-A interrupted — CUDA out of memory",
            "❌ sweep-A interrompu — CUDA out of memory",
        ),
        (
            "failure", {"problem": None, "signal": 11, "progress": []},
            "❌ sweep-A died — killed by SIGSEGV",
            "❌ sweep-A mort — tué par SIGSEGV",
        ),
        (
            "failure", {"problem": OUT_OF_MEMORY, "signal": 9, "progress": []},
            "❌ sweep-A died — out of memory",
            "❌ sweep-A mort — mémoire épuisée",
        ),
        (
            "failure", {"problem": None, "exit_code": None, "progress": []},
            "❌ sweep-A died — nobody saw how",
            "❌ sweep-A mort — personne n’a vu comment",
        ),
        (
            "discovery", {},
            "🏆 New record 0.9818 at trial 50 — sweep-A",
            "🏆 Nouveau record 0.9818 (essai 50) — sweep-A",
        ),
        (
            "question", {},
            "❓ I detected CUDA out of memory. Fix and relaunch, or continue?",
            "❓ sweep-A\u00a0: j’ai détecté CUDA out of memory",
        ),
    ],
)  # fmt: skip
def test_the_title_says_it_all(kind: TellKind, over: dict[str, Any], en: str, fr: str) -> None:
    message = of_kind(kind, **over)
    assert (render(message, "en").title, render(message, "fr").title) == (en, fr)


@pytest.mark.rule("W3.5", "W4.2")
def test_a_success_tells_its_results() -> None:
    assert render(of_kind("success", report="/home/me/report.html"), "en").body.splitlines() == [
        "sweep-A (k3f9) on box",
        "Finished after 7 h 42.",
        "Best: val_loss 0.0312 (trial 87)",
        "With lr=0.01, depth=7",
        "100 trials: 90 complete, 9 pruned, 1 failed",
        "Reached: trial 63/100",
        "Report: /home/me/report.html",
    ]


@pytest.mark.rule("W3.4", "W4.2")
def test_a_failure_tells_cause_evidence_and_what_to_do() -> None:
    body = render(of_kind("failure"), "en").body
    for line in (
        "Died after 7 h 42 (exit code 1).",
        "Line 4120: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
        "Seen 3 times.",
        '│ File "train.py", line 88',
        "Cause: the GPU's memory is full",
        "What to do: Lower the batch size.",
        "Relaunch: It fails the same way until something is changed.",
        "+ ValueError: late",
        "Report: overnight report k3f9",
    ):
        assert line in body.splitlines()


@pytest.mark.rule("W4.2")
def test_a_record_tells_what_it_beat() -> None:
    body = render(of_kind("discovery"), "en").body
    assert "val_loss 0.9818 (trial 50); before 0.97, 1.2 % better" in body.splitlines()


@pytest.mark.rule("W3.3")
def test_a_question_asks_and_says_how_to_answer() -> None:
    found = [problem(), problem(text="Disk full")]
    timed = question(default="continue", default_t=NIGHT_S + 1800, problems=found)
    body = render(of_kind("question", question=timed), "en").body.splitlines()
    assert "I detected CUDA out of memory. Fix and relaunch, or continue?" in body
    assert "+ Disk full" in body
    assert "Answer: overnight answer k3f9 fix|continue|stop" in body
    assert "Without an answer in 30 min: continue." in body
    assert "Paused after 7 h 42; the command runs on." in body


@pytest.mark.rule("W3.3")
def test_the_question_alone_in_both_languages() -> None:
    assert asked(question(), "en") == "I detected CUDA out of memory. Fix and relaunch, or continue?"
    french = "J’ai détecté CUDA out of memory. Corriger et relancer, ou continuer\u00a0?"
    assert asked(question(), "fr") == french


@pytest.mark.rule("W4.2")
def test_there_are_four_kinds_and_no_other() -> None:
    assert set(get_args(TellKind)) == {"success", "failure", "discovery", "question"}
    for kind in get_args(TellKind):
        assert render(of_kind(kind), "en").title


# ---------------------------------------------------------------- what fits, and what must not be there


def huge(text: str) -> dict[str, Any]:
    found = problem(text=text, cause=text, advice=text, relaunch=text, context=[text] * 50)
    return {
        "name": text,
        "host": text,
        "command": text,
        "report": text,
        "progress": [Progress(unit=text, current=1e300, total=1e300)] * 5,
        "best": best(name=text, at=f"trial {text}", params={text + str(n): text for n in range(50)}),
        "problem": found,
        "question": question(problems=[found] * 20),
        "cascades": [text] * 20,
    }


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("kind", get_args(TellKind))
@pytest.mark.parametrize("text", HOSTILE)
def test_everything_fits_and_nothing_acts(kind: TellKind, lang: str, text: str) -> None:
    told = render(of_kind(kind, **huge(text)), lang)
    assert 0 < len(told.title) <= TITLE
    assert 0 < len(told.body) <= BODY
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202e]", told.title + told.body)
    assert "\n" not in told.title
    told.body.encode()


@pytest.mark.parametrize("kind", get_args(TellKind))
def test_no_secret_leaves(kind: TellKind) -> None:
    told = render(of_kind(kind, **huge(f"API_KEY={SECRET} https://me:{SECRET}@host/x Bearer {SECRET}")), "en")
    assert SECRET not in told.title + told.body
    assert "***" in told.title + told.body


def test_what_to_do_outlives_the_evidence() -> None:
    lines = [f"line {n} " + "x" * 150 for n in range(5)]
    body = render(of_kind("failure", problem=problem(context=lines), cascades=["y" * 150] * 3), "en").body
    assert "What to do: Lower the batch size." in body
    assert "Cause: the GPU's memory is full" in body
    assert "xxx" not in body


def test_a_long_name_gives_way_to_what_happened() -> None:
    title = render(of_kind("failure", name="a-very-long-name-" * 5), "en").title
    assert title.startswith("❌ a-very-l")
    assert title.endswith("… died — CUDA out of memory at trial 63/100")


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to", "CUDA out of memory"),
        ("ValueError: shapes (3,4) and (5,) not aligned", "shapes (3,4) and (5,) not aligned"),
        ("KeyboardInterrupt", "KeyboardInterrupt"),
        ("loss is NaN at step 500", "loss is NaN at step 500"),
        ("RuntimeError: ", "RuntimeError:"),
    ],
)
def test_a_cause_is_its_first_sentence(text: str, short: str) -> None:
    title = render(of_kind("failure", problem=problem(text=text), progress=[]), "en").title
    assert title == f"❌ sweep-A died — {short}"


@pytest.mark.parametrize(
    ("seconds", "en", "fr"),
    [
        (42, "42 s", "42 s"),
        (750, "12 min", "12 min"),
        (NIGHT_S, "7 h 42", "7 h 42"),
        (273_600, "3 d 4 h", "3 j 4 h"),
    ],
)
def test_durations(seconds: float, en: str, fr: str) -> None:
    message = of_kind("success", best=None, elapsed_s=seconds)
    assert render(message, "en").title.endswith(f"after {en}")
    assert render(message, "fr").title.endswith(f"après {fr}")


@pytest.mark.parametrize(
    ("counts", "en", "fr"),
    [
        ({"complete": 1}, "1 trial: 1 complete", "1 essai\u00a0: 1 terminé"),
        ({"complete": 2, "failed": 0}, "2 trials: 2 complete", "2 essais\u00a0: 2 terminés"),
        ({"complete": 0}, "0 trials", "0 essai"),
        ({"running": 3}, "3 trials: 3 unfinished", "3 essais\u00a0: 3 inachevés"),
    ],
)
def test_plurals(counts: dict[str, int], en: str, fr: str) -> None:
    message = of_kind("success", trials=counts)
    assert en in render(message, "en").body.splitlines()
    assert fr in render(message, "fr").body.splitlines()


def test_another_language_reads_as_english() -> None:
    assert render(of_kind("success"), "de") == render(of_kind("success"), "en")


def test_the_french_is_french_throughout() -> None:
    ours = "Finished|Died|Interrupted|Best|With|Reached|Report|What to do|Answer|Without|Seen|Line|after"
    for kind in get_args(TellKind):
        told = render(of_kind(kind), "fr")
        assert not re.search(rf"\b(?:{ours})\b", told.title + told.body), kind
