"""Who calls: the client's name, what it can do, and how to reach its user while a call waits.

Rules: read anew from every request, since requests of the stateless protocol belong to no session.
"""

from dataclasses import dataclass
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp_types import ClientCapabilities, InputResponses
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

TASKS = "io.modelcontextprotocol/tasks"

Context = ServerRequestContext[Any, Any]


@dataclass(frozen=True)
class Asker:
    """One request. `client`: its name, empty when it tells none. `responses`: what its user said to a question that
    this request answers (stateless protocol)."""

    ctx: Context
    client: str
    capabilities: ClientCapabilities
    responses: InputResponses | None = None

    @classmethod
    def of(cls, ctx: Context, name: str = "", responses: InputResponses | None = None) -> "Asker":
        """`name`: of the client, where the installation gave it, instead of what the client says."""
        told = ctx.session.client_params
        client = name or (told.client_info.name if told is not None else "")
        return cls(ctx, client[:60], ctx.session.client_capabilities or ClientCapabilities(), responses)

    @property
    def reader(self) -> str:
        """The name under which its place is kept."""
        return f"agent {self.client or 'unknown'}"

    @property
    def is_stateless(self) -> bool:
        """Whether it speaks the protocol without sessions."""
        return self.ctx.protocol_version in MODERN_PROTOCOL_VERSIONS

    @property
    def can_ask(self) -> bool:
        """Whether its user can be asked by a form."""
        asks = self.capabilities.elicitation
        return asks is not None and (asks.form is not None or asks.url is None)

    @property
    def wants_progress(self) -> bool:
        """Whether it asked to hear how far the run is while it waits."""
        return "progress_token" in (self.ctx.meta or {})

    @property
    def takes_tasks(self) -> bool:
        """Whether it waits for tasks by itself."""
        return self.is_stateless and TASKS in (self.capabilities.extensions or {})
