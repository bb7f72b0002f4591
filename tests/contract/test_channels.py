"""What every channel owes: delivered as it is, failure said, a repair found, no address in a reason.

A new channel is one more place in `PLACES`.
"""

import json
import os
import stat
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest
from http_place import WebService

from overnight.core.model import TellKind
from overnight.errors import UsageError
from overnight.notify.channels import Message, NotSent, addresses, apprise, check, desktop, open_channel
from overnight.settings import Settings

MESSAGE = Message(
    "k3f9:success", "success", "k3f9", "✅ sweep-A finished", "line one\nline two", 1_795_385_640.0
)


class Place(ABC):
    """Where a channel delivers, with ways to break and mend it, and to see what arrived."""

    address: str
    secret = "s3cretw0rd"

    @abstractmethod
    def break_(self) -> None: ...

    @abstractmethod
    def mend(self) -> None: ...

    @abstractmethod
    def received(self) -> list[tuple[str, str]]: ...

    def close(self) -> None:  # noqa: B027  # most places need nothing
        """End what the place started."""


class FilePlace(Place):
    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._folder = folder / "s3cretw0rd"
        self._folder.mkdir()
        self.file = self._folder / "notifications.log"
        self.address = f"file:{self.file}"

    def break_(self) -> None:
        self.file.mkdir()

    def mend(self) -> None:
        self.file.rmdir()

    def received(self) -> list[tuple[str, str]]:
        lines = self.file.read_text().splitlines()
        told = [json.loads(line) for line in lines if line.startswith('{"key"')]
        return [(one["title"], one["body"]) for one in told]


NOTIFY_SEND = """#!{python}
import html, json, sys
words = sys.argv[sys.argv.index("--") + 1:]
if __import__("os").path.exists({broken!r}):
    sys.exit("no server is there: s3cret")
with open({inbox!r}, "a") as file:
    file.write(json.dumps([words[0], html.unescape(words[1])]) + "\\n")
"""


class DesktopPlace(Place):
    """A desktop whose `notify-send` is a program of ours."""

    address = "desktop"

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._inbox, self._broken = folder / "inbox", folder / "broken"
        self._inbox.touch()
        program = folder / "bin" / "notify-send"
        program.parent.mkdir()
        facts = {"python": sys.executable, "inbox": str(self._inbox), "broken": str(self._broken)}
        program.write_text(NOTIFY_SEND.format(**facts))
        program.chmod(0o755)
        patch.setenv("PATH", str(program.parent), prepend=os.pathsep)
        patch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")

    def break_(self) -> None:
        self._broken.touch()

    def mend(self) -> None:
        self._broken.unlink()

    def received(self) -> list[tuple[str, str]]:
        return [tuple(json.loads(line)) for line in self._inbox.read_text().splitlines()]


class WebPlace(Place):
    """A service that Apprise knows, on loopback."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.service = WebService()
        self.address = self.service.address

    def break_(self) -> None:
        self.service.how = "error"

    def mend(self) -> None:
        self.service.how = "well"

    def received(self) -> list[tuple[str, str]]:
        return [(one["title"], one["message"]) for one in self.service.received]

    def close(self) -> None:
        self.service.close()


PLACES: dict[str, Callable[[Path, pytest.MonkeyPatch], Place]] = {
    "file": FilePlace,
    "desktop": DesktopPlace,
    "apprise": WebPlace,
}


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    made = PLACES[request.param](tmp_path, monkeypatch)
    yield made
    made.close()


def test_a_message_arrives_as_it_is(place: Place) -> None:
    open_channel(place.address).send(MESSAGE)
    assert place.received() == [(MESSAGE.title, MESSAGE.body)]


@pytest.mark.rule("W4.2")
@pytest.mark.parametrize("kind", get_args(TellKind))
def test_each_of_the_four_kinds_arrives(place: Place, kind: TellKind) -> None:
    open_channel(place.address).send(MESSAGE._replace(kind=kind, key=kind))
    assert len(place.received()) == 1


def test_several_messages_arrive_in_order(place: Place) -> None:
    titles = [f"message {n}" for n in range(3)]
    for title in titles:
        open_channel(place.address).send(MESSAGE._replace(key=title, title=title))
    assert [title for title, _ in place.received()] == titles


@pytest.mark.parametrize(
    "text",
    ["$(touch pwned) `id` ; rm -rf /", "<b>&amp;</b> <script>", "--help", "%s {0} \\n", "日本 🏆 «é»", "-"],
)
def test_hostile_text_is_only_text(place: Place, text: str, tmp_path: Path) -> None:
    open_channel(place.address).send(MESSAGE._replace(title=text, body=f"{text}\n{text}"))
    assert place.received() == [(text, f"{text}\n{text}")]
    assert not list(tmp_path.rglob("pwned"))


def test_a_failure_is_said_and_may_be_tried_again(place: Place) -> None:
    place.break_()
    with pytest.raises(NotSent) as caught:
        open_channel(place.address).send(MESSAGE)
    assert not caught.value.for_good
    assert "\n" not in str(caught.value)
    assert place.secret not in str(caught.value)
    place.mend()
    open_channel(place.address).send(MESSAGE)
    assert place.received() == [(MESSAGE.title, MESSAGE.body)]


def test_the_longest_message_arrives_whole(place: Place) -> None:
    longest = MESSAGE._replace(title="t" * 64, body="b" * 1024)
    open_channel(place.address).send(longest)
    assert place.received() == [(longest.title, longest.body)]


def test_its_address_is_accepted(place: Place) -> None:
    check(place.address)


# ---------------------------------------------------------------- each by itself


def test_the_file_is_readable_private_and_tells_exactly_once(tmp_path: Path) -> None:
    file = tmp_path / "told.log"
    for key in ("a", "b", "a"):
        open_channel(f"file:{file}").send(MESSAGE._replace(key=key))
    lines = file.read_text().splitlines()
    assert lines[0].endswith("  ✅ sweep-A finished")
    assert lines[1:3] == ["  line one", "  line two"]
    assert [json.loads(line)["key"] for line in lines if line.startswith("{")] == ["a", "b"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_in_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotSent, match="No such file"):
        open_channel(f"file:{tmp_path}/none/told.log").send(MESSAGE)


def test_without_a_desktop_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    DesktopPlace(tmp_path, monkeypatch)
    assert desktop.is_there()
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert not desktop.is_there()
    with pytest.raises(NotSent, match="no desktop session"):
        open_channel("desktop").send(MESSAGE)
    (tmp_path / "bus").touch()
    assert desktop.is_there()
    open_channel("desktop").send(MESSAGE)


def test_without_the_program_the_desktop_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    assert not desktop.is_there()
    with pytest.raises(NotSent, match="not installed"):
        open_channel("desktop").send(MESSAGE)


def test_a_desktop_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    DesktopPlace(tmp_path, monkeypatch)
    (tmp_path / "bin" / "notify-send").write_text("#!/bin/sh\nexec tail -f /dev/null\n")
    monkeypatch.setattr(desktop, "_DEADLINE_S", 0.1)
    with pytest.raises(NotSent, match="did not answer"):
        open_channel("desktop").send(MESSAGE)


@pytest.mark.parametrize("how", ["error", "drop", "hang"])
def test_a_service_that_fails_in_any_way_has_not_taken_it(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    service = WebService()
    monkeypatch.setattr(apprise, "_ANSWER_S", 0.2)
    service.how = how  # type: ignore[assignment]  # the literal is in the list above
    with pytest.raises(NotSent, match="did not take it") as caught:
        open_channel(service.address).send(MESSAGE)
    service.close()
    assert not caught.value.for_good


def test_a_slow_service_is_waited_for() -> None:
    service = WebService()
    service.how = "slow"
    open_channel(service.address).send(MESSAGE)
    service.close()
    assert len(service.received) == 1


def test_nobody_listens() -> None:
    service = WebService()
    address = service.address
    service.close()
    with pytest.raises(NotSent) as caught:
        open_channel(address).send(MESSAGE)
    assert not caught.value.for_good


@pytest.mark.parametrize(
    "address", ["", "nonsense", "nonsense://s3cretw0rd", "file:", "json://", "\x1b[31m://x"]
)
def test_an_address_that_cannot_be_is_found_before_the_night(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        check(address)
    assert caught.value.code == "bad_channel"
    assert "\x1b" not in str(caught.value)
    assert "s3cretw0rd" not in str(caught.value)


def test_an_address_that_cannot_be_is_not_tried_for_ever() -> None:
    with pytest.raises(NotSent) as caught:
        open_channel("nonsense://x").send(MESSAGE)
    assert caught.value.for_good


def test_where_to_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    DesktopPlace(tmp_path, monkeypatch)
    file = f"file:{tmp_path}/notifications.log"
    assert addresses(Settings(), str(tmp_path)) == ["desktop", file]
    monkeypatch.setenv("PATH", "/nowhere")
    assert addresses(Settings(), str(tmp_path)) == [file]
    assert addresses(Settings(notify=["json://a", "json://a", "desktop"]), "") == ["json://a", "desktop"]
