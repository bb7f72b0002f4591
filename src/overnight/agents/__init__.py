"""What is written into the tools through which models work, so that they know of this program.

```
one file of facts per tool ─► plan (read all, decide all) ─► disk (write all or nothing) ─► receipt in the home
```

Rules:
- Files of others: what is not ours stays byte for byte; nothing is written before everything was read and judged.
- Nothing of runs is known here. A new tool is one file of facts and one line in `AGENTS`.

Parts: `base` (what a fact is), one module per tool, `words` (the workflow), `jsonscan`, `jsonc`, `tomltext` (changing
texts), `sites`, `disk`, `receipts` (what was there before), `plan` (install and uninstall).
"""

from overnight.agents.antigravity import ANTIGRAVITY
from overnight.agents.base import Agent
from overnight.agents.claude import CLAUDE
from overnight.agents.codex import CODEX
from overnight.agents.copilot import COPILOT
from overnight.agents.cursor import CURSOR
from overnight.agents.gemini import GEMINI
from overnight.agents.opencode import OPENCODE
from overnight.agents.windsurf import WINDSURF

AGENTS: dict[str, Agent] = {
    agent.name: agent for agent in (CLAUDE, CODEX, CURSOR, GEMINI, COPILOT, ANTIGRAVITY, OPENCODE, WINDSURF)
}
"""By the name that is typed."""
