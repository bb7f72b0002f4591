"""What must not leave the machine, and what must not reach a screen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.core.mask import harmless, mask, mask_words

SECRET = "s3cr3tV4lue9XkQ2mN7"


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
