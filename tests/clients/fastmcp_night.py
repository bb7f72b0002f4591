"""A night of fastmcp's client, run by the Python that has it: `fastmcp_night.py SERVER_PYTHON PIPE`.

Prints `ok NAME` for each thing that went as it should; whatever else ends it with a traceback.
"""

import asyncio
import os
import sys

from fastmcp import Client
from fastmcp.client.transports import StdioTransport

PYTHON, PIPE = sys.argv[1:]
PUPPET = os.path.join(os.path.dirname(__file__), "..", "system", "night_programs", "puppet.py")


def client() -> Client:
    env = {name: os.environ[name] for name in ("OVERNIGHT_HOME", "OVERNIGHT_CONFIG")}
    served = StdioTransport(
        PYTHON, ["-m", "overnight", "mcp", "--early-wait", "1"], env=env, keep_alive=False
    )
    return Client(served, elicitation_handler=_chooses)


async def _chooses(_message: str, response_type: type, _params: object, _context: object) -> object:
    return response_type(choice="continue")


async def status(agent: Client, run: str, wait: float, since: str | None = None) -> tuple[str, dict]:
    arguments = {"command_id": run, "wait_duration_seconds": wait} | ({"since": since} if since else {})
    answer = await agent.call_tool("command_status", arguments)
    return answer.content[0].text, answer.structured_content


async def night() -> None:
    async with client() as agent:
        names = [tool.name for tool in await agent.list_tools()]
        assert names[0] == "run_command", names
        print("ok list")
        command = f"{PYTHON} {PUPPET} {PIPE}"
        begun = await agent.call_tool("run_command", {"command": command, "cwd": os.path.dirname(PIPE)})
        run, since = begun.structured_content["command_id"], begun.structured_content["since"]
        print("ok run")
        text, facts = await status(agent, run, 0.5, since)
        assert text.startswith("ok "), text
        print("ok wait")
        waiting = asyncio.ensure_future(status(agent, run, 60, facts["since"]))
        await asyncio.wait({waiting}, timeout=0.5)
        waiting.cancel()
        await asyncio.wait({waiting})
        print("ok cancelled wait")
    pipe = os.open(PIPE, os.O_WRONLY)
    os.write(pipe, b"ConvergenceWarning: lbfgs failed to converge\nEpoch 2/100 - loss: 0.5\n")
    async with client() as agent:  # another server, the same place
        text, _ = await status(agent, run, 60, since)
        assert "the user answered continue" in text, text
        print("ok question by a form, at another server with the same since")
        os.write(pipe, b"exit 3\n")
        text, facts = await status(agent, run, 60)
        while facts["state"] == "running":
            text, facts = await status(agent, run, 60, facts["since"])
        assert facts["exit_code"] == 3, text
        print("ok end")


asyncio.run(night())
