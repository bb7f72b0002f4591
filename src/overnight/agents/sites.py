"""Where a tool's files are: one tool in one scope.

Rules: links of a project, which may be somebody else's, lead nowhere outside it; those of the user stay links.
"""

import os
from typing import NamedTuple

from overnight.agents.base import Agent, Around, Place, Scope
from overnight.agents.receipts import place
from overnight.errors import OvernightError


class Site(NamedTuple):
    """One tool in one scope. `folder`: the project's, or the user's home; `where`: the receipt's folder."""

    agent: Agent
    scope: Scope
    folder: str
    around: Around

    @property
    def where(self) -> str:
        """The folder of the receipt."""
        return place(self.agent.name, self.scope, self.folder)

    @property
    def files(self) -> Place:
        """The tool's files here."""
        return self.agent.place(self.scope, self.around, self.folder)


def refuse_links_out(site: Site) -> None:
    """Raises OvernightError (`agent_link_outside`) when a file of a project is a link to somewhere else."""
    if site.scope == "user":
        return
    for path in (*site.files.configs, site.files.text):
        target = os.path.realpath(path)
        if os.path.commonpath((target, site.folder)) != site.folder:
            text = f"{path} leads out of the project, to {target}: replace the link, then install again."
            raise OvernightError(text, code="agent_link_outside")
