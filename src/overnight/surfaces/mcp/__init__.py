"""The MCP server: an agent's way to run, watch and decide.

Rules:
- A thin front: it translates requests into calls of `overnight.app` and keeps nothing; it may die at any moment.
- Few tokens: one text per answer, facts beside it, never the same twice (`core.digest`).
- `mcp` is an extra and imported here alone.
"""
