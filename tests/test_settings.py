"""What is set once for all runs."""

import stat
from pathlib import Path

import pytest
from store_facts import MAY_MOUNT, on_a_small_disk

from overnight import settings
from overnight.errors import Unreadable, UsageError
from overnight.settings import Settings


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "config" / "config.toml"
    monkeypatch.setenv("OVERNIGHT_CONFIG", str(path))
    return path


def write(file: Path, text: str) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)


def test_without_a_file_the_defaults_are_in_force(file: Path) -> None:
    assert settings.load() == Settings()
    assert settings.load().early_wait_s == 10.0
    assert not [entry for entry in settings.entries() if entry.is_set or entry.value != entry.default]


def test_every_setting_can_be_read_and_is_listed(file: Path) -> None:
    keys = [entry.key for entry in settings.entries()]
    assert {"lang", "notify", "schedule", "early_wait_s", "policy.stall", "policy.grace_s"} <= set(keys)
    assert [settings.get(key) for key in keys] == [entry.value for entry in settings.entries()]


@pytest.mark.parametrize(
    ("key", "typed", "value"),
    [
        ("lang", "fr", "fr"),
        ("early_wait_s", "2.5", 2.5),
        ("schedule", "30,90,300", (30.0, 90.0, 300.0)),
        ("schedule", "[1, 2]", (1.0, 2.0)),
        ("schedule", "60", (60.0,)),
        ("notify", "desktop json://me:secret@host", ["desktop", "json://me:secret@host"]),
        ("notify", '["file:/with spaces.log"]', ["file:/with spaces.log"]),
        ("results", "/home/me/results.md", "/home/me/results.md"),
        ("policy.stall", "interrupt", "interrupt"),
        ("policy.grace_s", "5 2", (5.0, 2.0)),
        ("policy.signatures.gpu.oom", "ask", "ask"),
        ("policy.answer_after_s", "600", 600.0),
    ],
)
def test_what_is_typed_is_set(file: Path, key: str, typed: str, value: object) -> None:
    assert settings.set(key, typed) == value
    assert settings.get(key) == value
    assert [entry.value for entry in settings.entries() if entry.is_set] == [value]
    assert settings.unset(key)
    assert not settings.unset(key)
    assert settings.load() == Settings()


def test_comments_and_layout_stay(file: Path) -> None:
    write(file, '# my nights\nlang = "en" # for now\n\n[policy]\nstall = "ask"  # careful\n')
    settings.set("lang", "fr")
    settings.set("policy.minor", "ignore")
    text = file.read_text()
    assert text.startswith('# my nights\nlang = "fr" # for now\n')
    assert 'stall = "ask"  # careful\n' in text


def test_the_file_is_private_since_addresses_hold_passwords(file: Path) -> None:
    settings.set("notify", "json://me:secret@host")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_linked_file_stays_a_link(file: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.write_text('lang = "en"\n')
    file.parent.mkdir()
    file.symlink_to(real)
    settings.set("lang", "fr")
    assert file.is_symlink()
    assert real.read_text() == 'lang = "fr"\n'


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("lang = ", "not valid TOML"),
        ("notfy = []", "no setting 'notfy' (did you mean 'notify'?)"),
        ("[policy]\nstal = 1", "no setting 'policy.stal' (did you mean 'policy.stall'?)"),
        ("policy = 3", "'policy' is a table"),
        ('lang = "de"', "'lang': invalid enum value 'de' (it may be 'en' or 'fr')"),
        ("lang = 3", "'lang': expected `str`"),
        ('early_wait_s = "soon"', "'early_wait_s': expected `float`"),
        ("early_wait_s = -1", "'early_wait_s': expected a number of 0 or more"),
        ("early_wait_s = nan", "'early_wait_s': expected a number of 0 or more"),
        ("[policy]\nsettle_s = -5", "'policy.settle_s': expected a number of 0 or more"),
        ("schedule = []", "a schedule needs at least one number"),
        ("schedule = [30, 900]", "over the limit of 300 s"),
        ('[policy.signatures]\n"gpu.oom" = "explode"', "'policy.signatures': invalid enum value 'explode'"),
        ('notify = "desktop"', "'notify': expected `array`"),
    ],
)
def test_a_mistake_names_file_setting_and_remedy(file: Path, text: str, clause: str) -> None:
    write(file, text)
    with pytest.raises(Unreadable) as caught:
        settings.load()
    assert str(caught.value).startswith(str(file))
    assert clause in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.code == "bad_settings"


@pytest.mark.parametrize(
    ("key", "typed", "clause"),
    [
        ("notfy", "desktop", "did you mean 'notify'?"),
        ("policy", "x", "no setting 'policy'"),
        ("policy.signature", "x", "did you mean 'policy.signatures'?"),
        ("lang", "de", "it may be 'en' or 'fr'"),
        ("schedule", "30,soon", "expected `float`, got `str`"),
        ("schedule", "30,900", "over the limit of 300 s"),
        ("policy.stall", "explode", "it may be 'interrupt' or 'ask' or 'ignore'"),
        ("policy.signatures.gpu.oom", "explode", "invalid enum value 'explode'"),
    ],
)
def test_a_bad_change_is_refused_and_changes_nothing(file: Path, key: str, typed: str, clause: str) -> None:
    write(file, 'lang = "fr"\n')
    with pytest.raises(UsageError) as caught:
        settings.set(key, typed)
    assert clause in str(caught.value)
    assert file.read_text() == 'lang = "fr"\n'


def test_a_file_that_is_broken_already_is_not_made_worse(file: Path) -> None:
    write(file, "lang = ")
    with pytest.raises(Unreadable, match="not valid TOML"):
        settings.set("lang", "fr")
    assert file.read_text() == "lang = "


def test_a_file_that_is_no_text_is_said(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(Unreadable, match="no UTF-8"):
        settings.load()


def test_a_folder_in_the_place_of_the_file_is_said(file: Path) -> None:
    file.mkdir(parents=True)
    with pytest.raises(Unreadable, match="cannot be read: Is a directory"):
        settings.load()


def test_a_place_that_cannot_be_written_is_said(file: Path) -> None:
    file.parent.write_text("a file")
    with pytest.raises(Unreadable, match="Not a directory"):
        settings.set("lang", "fr")


FULL = """
import os, sys
from overnight import settings
from overnight.errors import HomeUnusable
os.environ["OVERNIGHT_CONFIG"] = sys.argv[1] + "/config.toml"
settings.set("lang", "fr")
with open(sys.argv[1] + "/fill", "wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(4096))
    except OSError:
        pass
try:
    settings.set("lang", "en")
except HomeUnusable as error:
    print(error, settings.get("lang"), sorted(os.listdir(sys.argv[1])))
"""


@pytest.mark.skipif(not MAY_MOUNT, reason="a small disk of one's own needs a mount namespace")
def test_a_full_disk_loses_no_settings(tmp_path: Path) -> None:
    said = on_a_small_disk(tmp_path, 64, FULL)
    assert "No space left on device. fr ['config.toml', 'fill']" in said


@pytest.mark.parametrize(
    ("environment", "lang"),
    [
        ({}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "fr_FR.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "fr_CA"}, "fr"),
        ({"LANG": "", "LC_ALL": ""}, "en"),
    ],
)
def test_the_language_comes_from_the_locale(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], lang: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert settings.load().lang == lang


def test_the_file_is_where_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("OVERNIGHT_CONFIG", "~/o.toml")
    assert settings.path() == "/home/me/o.toml"
    monkeypatch.delenv("OVERNIGHT_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/etc/me")
    assert settings.path() == "/etc/me/overnight/config.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert settings.path() == "/home/me/.config/overnight/config.toml"
