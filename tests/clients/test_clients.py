"""Clients that others wrote: the MCP Inspector's command line and fastmcp's client. `make clients` runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

INSPECTOR, FASTMCP = os.environ.get("MCP_INSPECTOR", ""), os.environ.get("FASTMCP_PYTHON", "")
SERVER = [sys.executable, "-m", "overnight", "mcp", "--early-wait", "1"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with settings of its own, quick in its check-ins."""
    config = tmp_path / "config.toml"
    config.write_text(f'notify = ["file:{tmp_path}/told.log"]\nlinger_s = 1.0\nschedule = [0.5, 1.5, 3.0]\n')
    monkeypatch.setenv("OVERNIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OVERNIGHT_CONFIG", str(config))
    return tmp_path


def inspect(home: Path, method: str, *options: str) -> dict[str, Any]:
    """One call of the Inspector."""
    env = ["-e", f"OVERNIGHT_HOME={home}/home", "-e", f"OVERNIGHT_CONFIG={home}/config.toml"]
    call = [INSPECTOR, "--cli", *env, *SERVER, "--method", method, *options]
    done = subprocess.run(call, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.skipif(not INSPECTOR, reason="make clients installs the Inspector and names it in MCP_INSPECTOR")
def test_the_inspector_lists_runs_waits_and_reads(home: Path) -> None:
    tools = inspect(home, "tools/list")["tools"]
    assert [tool["name"] for tool in tools][:2] == ["run_command", "command_status"]
    assert all(tool["outputSchema"]["type"] == "object" for tool in tools)

    def call(tool: str, *arguments: str) -> dict[str, Any]:
        pairs = [word for pair in arguments for word in ("--tool-arg", pair)]
        return inspect(home, "tools/call", "--tool-name", tool, *pairs)

    done = call("run_command", "command=echo hello")
    assert "| hello" in done["content"][0]["text"]
    begun = call("run_command", "command=sleep 20")
    run = begun["structuredContent"]["command_id"]
    waited = call("command_status", f"command_id={run}", "wait_duration_seconds=1")
    assert waited["structuredContent"]["state"] == "running"
    assert call("command_status", f"command_id={run}", "wait_duration_seconds=301")["isError"]
    assert "is stopped" in call("stop_command", f"command_id={run}", "grace_seconds=1")["content"][0]["text"]
    read = inspect(home, "resources/read", "--uri", f"run://{run}/status")
    assert "stopped" in read["contents"][0]["text"]


@pytest.mark.skipif(
    not FASTMCP, reason="make clients installs fastmcp and names its Python in FASTMCP_PYTHON"
)
def test_fastmcps_client_lives_through_a_night(home: Path) -> None:
    pipe = home / "pipe"
    os.mkfifo(pipe)
    script = Path(__file__).with_name("fastmcp_night.py")
    call = [FASTMCP, str(script), sys.executable, str(pipe)]
    done = subprocess.run(call, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok ") == 6
