"""What must not leave the machine, and what must not reach a screen."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.core.mask import Rule, data, harmless, mask, mask_lines, mask_words, rules, secrets_in

SECRET = "s3cr3tV4lue9XkQ2mN7"
KINDS = data()["secret"]
EXAMPLES = [
    pytest.param(text, told, id=f"{row['id']}-{n}")
    for row in KINDS
    for n, (text, told) in enumerate(row["examples"])
]
NEAR_MISSES = [
    pytest.param(text, id=f"{row['id']}-{n}") for row in KINDS for n, text in enumerate(row["near_misses"])
]


@pytest.mark.parametrize(("text", "told"), EXAMPLES)
def test_the_examples_of_a_rule_are_masked(text: str, told: str) -> None:
    assert mask(text) == told
    assert mask(told) == told
    assert mask(f"before\n{text}").startswith("before\n")


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_the_near_misses_of_a_rule_stay(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize("row", KINDS, ids=lambda row: row["id"])
def test_a_rule_is_whole(row: dict[str, object]) -> None:
    assert set(row) <= {"id", "needs", "pattern", "judge", "examples", "near_misses"}
    assert row.get("judge", "random") in {"password", "key", "token", "random"}
    assert all(row[given] for given in ("needs", "examples", "near_misses"))


def hostile(rule: Rule, row: dict[str, list[list[str]]]) -> set[str]:
    """What a rule nearly matches, to be repeated."""
    example = row["examples"][0][0]
    near = {example, example[:-1], example[: len(example) // 2], example.replace(" ", ""), "-" + example}
    return (
        near
        | {end for word in rule.needs[:3] for end in (word, f"-{word}=", f"--{word} ", f'{word}:"')}
        | set("a-=\\")
    )


def seconds(rule: Rule, text: str) -> float:
    """The least of three."""
    took = []
    for _ in range(3):
        began = time.process_time()
        list(rule.spans(text))
        took.append(time.process_time() - began)
    return min(took)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_eight_times_the_text_takes_about_eight_times_as_long(rule: Rule) -> None:
    row = next(row for row in KINDS if row["id"] == rule.id)
    for seed in sorted(hostile(rule, row)):
        part = (rule.needs[0] + seed * (500 // len(seed) + 1))[:500]
        assert seconds(rule, part * 32) < 24 * max(seconds(rule, part * 4), 1e-4), seed


@pytest.mark.parametrize(
    "text",
    [
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "HEAD is now at 1f3870be274f6c49b3e31a0c6728957f1f3870be",
        "run id 5f2b8f4c-0c1d-4d0e-9a49-0d1a2b3c4d5e",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
        "wandb: View run at https://wandb.ai/me/project/runs/3k9x2m1a",
        "saved checkpoints/llama-7b-lr3e-4_step-012000.safetensors",
        "seed=0xdeadbeef hash=0123456789abcdef0123456789abcdef01234567 color=#ff8800",
        "tokenizer=/models/tokenizer.json vocab_size=32000 key_dim=64 num_keys=8",
        "{'lr': 3e-4, 'n_layers': 12, 'key': 'val_loss', 'token_dropout': 0.1}",
        "TOKENIZERS_PARALLELISM=false CUDA_VISIBLE_DEVICES=0,1",
        "attention keys: 64, secrets of training, password-protected zip",
        "[rank0]: torch.distributed tcp://10.0.0.1:29500",
        "ETA 1:23:45, tokens per second: 12345.6, MFU=0.43",
        '  File "/home/me/tok.py", line 12, in token',
        "Epoch 3/10 - loss: 0.123 - signature_acc: 0.9",
        "postgresql+psycopg://db:5432/study",
    ],
)
def test_what_researchers_print_stays(text: str) -> None:
    assert mask(text) == text


def test_a_secret_over_several_lines_leaves_none_of_them() -> None:
    lines = ["start", "-----BEGIN PRIVATE KEY-----", SECRET, SECRET, "-----END PRIVATE KEY-----", "x" * 9]
    told = mask_lines(lines, 40)
    assert not any(SECRET[:5] in line for line in told)
    assert told[0] == "start"
    assert told[-1] == "x" * 9


def test_what_was_hidden_is_known() -> None:
    assert secrets_in(f"a --password x1y2 b TOKEN={SECRET} lr=0.1") == [SECRET, "x1y2"]


def test_a_word_of_a_command_is_judged_with_its_neighbours() -> None:
    assert mask_words(["curl", "-u", f"me:{SECRET}", "https://x"]) == ["curl", "-u", "me:***", "https://x"]


@pytest.mark.parametrize(
    "text",
    [
        "WANDB_API_KEY={}",
        "export HF_TOKEN='{}'",
        "AWS_SECRET_ACCESS_KEY = {}",
        'config: {{"api_key": "{}", "lr": 0.1}}',
        r"{{\"client_secret\": \"{}\"}}",
        "token: {}",
        "password: {}",
        "db_pass={}",
        "Authorization: Bearer {}",
        "https://me:{}@example.org/repo.git",
        "postgresql://me:{}@db/study",
        "https://{}@github.com/me/repo",
        "https://hooks.slack.com/services/T0/B0/{}",
        "https://discord.com/api/webhooks/123/{}",
        "https://api.telegram.org/bot123456:{}/sendMessage",
        "https://bucket/x?X-Amz-Signature={}&part=1",
        "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n{}",
        "sk-proj-{}",
        "ghp_{}AAAA",
        "hf_{}AAAA",
        "xoxb-{}",
        "12345678:AA{}" + "A" * 20,
        "eyJ{}.eyJ{}.sig",
    ],
)
def test_a_secret_is_masked_wherever_it_is(text: str) -> None:
    told = mask(f"before {text.replace('{}', SECRET).replace('{{', '{').replace('}}', '}')} after")
    assert SECRET not in told
    assert "***" in told
    assert told.startswith("before ")


@pytest.mark.parametrize(
    "key", ["AKIAIOSFODNN7EXAMPLE", "AIzaSyA1234567890abcdefghijklmnopqrstuv", "glpat-x1Y2z3A4b5C6d7E8"]
)
def test_known_keys_need_no_name(key: str) -> None:
    assert mask(f"using {key}!") == "using ***!"


@pytest.mark.parametrize(
    "text",
    [
        "tokens=4096 n_tokens: 12 max_token=100000",
        "pad_token=<pad> eos_token_id=2 tokenizer=gpt2",
        "SyntaxError: Unexpected token: }",
        "PWD=/data/me OLDPWD=/data",
        "compass=3.4 bypass=1",
        "token=None api_key=null password=''",
        "Trial 5 finished with value: 0.0312 and parameters: {'lr': 0.01}",
        "postgresql://me@db/study and ssh://git@host/repo",
        "loss=0.1 secretary=3 keys=4 monkey=5",
        "API key: not set",
        "***",
    ],
)
def test_the_words_of_the_trade_stay_readable(text: str) -> None:
    assert mask(text) == text


def test_masking_twice_is_masking_once() -> None:
    once = mask(f"password={SECRET} https://a:{SECRET}@b/ Bearer {SECRET}")
    assert mask(once) == once


def test_a_flag_hides_the_word_that_follows_it() -> None:
    words = [
        "train.py",
        "--password",
        "x",
        "--api-key",
        SECRET,
        "--max-new-token",
        "5",
        f"--token={SECRET}",
        "-v",
    ]
    assert mask_words(words) == [
        "train.py", "--password", "***", "--api-key", "***", "--max-new-token", "5", "--token=***", "-v",
    ]  # fmt: skip


def test_a_flag_hides_no_other_flag() -> None:
    assert mask_words(["--token", "--verbose", "--secret"]) == ["--token", "--verbose", "--secret"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPq#0\x1b\\sixel", "sixel"),
        ("bell\x07 back\x08 nul\x00 del\x7f c1\x9b", "bell back nul del c1"),
        ("two\nlines\r\nand\ttab", "two lines and tab"),
        ("evil\u202etxt.exe\u2066\u200b", "eviltxt.exe"),
        ("lone\udcff", "lone"),
        ("  spaces  ", "spaces"),
        ("naïve 日本 🏆", "naïve 日本 🏆"),
    ],
)
def test_a_line_is_harmless(text: str, told: str) -> None:
    assert harmless(text, 100) == told


def test_a_secret_is_masked_before_the_line_is_cut() -> None:
    told = harmless(f"key: password={SECRET} and more", 20)
    assert told == "key: password=*** a…"
    assert SECRET[:4] not in harmless(f"{'x' * 10} password={SECRET}", 24)


def test_a_secret_in_colours_is_masked() -> None:
    assert SECRET not in harmless(f"API_KEY=\x1b[32m{SECRET[:9]}\x1b[0m{SECRET[9:]}", 200)


def test_a_huge_line_is_quick_and_short() -> None:
    assert len(harmless("password=" * 200_000 + "\x1b]" * 200_000, 80)) == 80


@given(st.text(), st.integers(0, 50))
def test_anything_is_harmless(text: str, limit: int) -> None:
    told = harmless(text, limit)
    assert len(told) <= max(limit, 1)
    assert not [
        char for char in told if char < " " or "\x7f" <= char <= "\x9f" or "\ud800" <= char <= "\udfff"
    ]
