"""A run in the environment that an agent's run gets, and its relaunch."""

import json
import os
from pathlib import Path

import pytest
from night import Nights

from overnight import app

_SAYS = ["sh", "-c", 'echo "key=$DATA_KEY own=${ONLY_HERE:-none} added=$ADDED"']


def test_a_relaunch_gets_the_same_kind_of_environment_and_no_file_its_secrets(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "v9Qk2pXr7Lm4Tz"
    monkeypatch.setenv("DATA_KEY", secret)
    app.capture()
    monkeypatch.delenv("DATA_KEY")
    monkeypatch.setenv("ONLY_HERE", "here")
    poor = {name: os.environ[name] for name in ("HOME", "PATH", "OVERNIGHT_HOME") if name in os.environ}
    found = app.for_agent(str(nights.cwd), poor)
    first = app.launch(_SAYS, cwd=str(nights.cwd), env={"ADDED": "1"}, base=(found.source, found.env))
    app.wait(first.id, 20, until="end")
    assert app.read_log(first.id) == [f"key={secret} own=none added=1"]
    again = app.relaunch(first.id, env={"ADDED": "2"})
    app.wait(again.id, 20, until="end")
    assert app.read_log(again.id) == [f"key={secret} own=none added=2"]
    for launched in (first, again):
        spec = (Path(launched.path) / "spec.json").read_text()
        assert secret not in spec
        assert json.loads(spec)["base"] == "captured"
    plain = app.launch(_SAYS, cwd=str(nights.cwd))
    app.wait(plain.id, 20, until="end")
    assert app.read_log(plain.id) == ["key= own=here added="]
