"""What is known of a tool that lets a model work: where its files are, how a server is written there, what it kills.

Rules:
- One file per tool, facts only; each names where its facts were read. A fact that a tool does not document is absent.
- Places are functions of the home and of the variables that move the tool's files; `project` places are relative.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

Scope = Literal["user", "project"]
SCOPES: tuple[Scope, ...] = ("user", "project")
NAME = "overnight"
"""Of the server, the skill, the workflow and the rule, everywhere."""
TOOL_TIMEOUT_S = 330
"""Above the hard limit of one wait (300 s)."""


class Around(NamedTuple):
    """Whose files: the home of the user and the environment, which may move a tool's folder."""

    home: str
    env: Mapping[str, str]

    def folder(self, variable: str, default: str) -> str:
        """The folder that `variable` names, else `default` below the home."""
        wanted = os.path.expanduser(self.env.get(variable, ""))
        return wanted if os.path.isabs(wanted) else os.path.join(self.home, default)


class Place(NamedTuple):
    """Where things are in one scope.

    `configs`: the configuration, the first that exists counts, else the first is made; none when the tool has no
    servers in this scope. `text`: the workflow. `clue`: what exists when the tool is used here.
    """

    configs: tuple[str, ...]
    text: str
    clue: str


class Server(NamedTuple):
    """How our server is started."""

    command: str
    args: list[str]
    env: dict[str, str]


class Shape(NamedTuple):
    """One way to write a server: the names around it, and its entry."""

    path: tuple[str, ...]
    entry: Callable[[Server], dict[str, Any]]


class Limit(NamedTuple):
    """The setting of an entry that ends a tool call: the names to it, and how many of its units are a second."""

    path: tuple[str, ...]
    per_second: float


class Words(NamedTuple):
    """The workflow in one language: what it is for, and the text itself."""

    about: str
    body: str


class Agent(NamedTuple):
    """All facts of one tool.

    `client`: what the server is told of its client. `shapes`: the first whose names are in the file already counts,
    else the last. `wait_s`: the longest wait its calls survive by default. `kills`: what becomes of commands in its
    background, and what to do; empty when nothing is known.
    """

    name: str
    title: str
    client: str
    format: Literal["json", "toml"]
    user: Callable[[Around], Place]
    project: Callable[[], Place]
    shapes: tuple[Shape, ...]
    limits: tuple[Limit, ...]
    wait_s: float
    write: Callable[[Words, Scope], str]
    kills: str

    def has_servers(self, scope: Scope) -> bool:
        """Whether the tool has servers in this scope."""
        return scope == "user" or bool(self.project().configs)

    def place(self, scope: Scope, around: Around, folder: str) -> Place:
        """The places of a scope as absolute paths; `folder` is the project's."""
        if scope == "user":
            return self.user(around)
        found = self.project()
        configs = tuple(os.path.join(folder, path) for path in found.configs)
        return Place(configs, os.path.join(folder, found.text), os.path.join(folder, found.clue))


def plain_entry(server: Server, **more: Any) -> dict[str, Any]:
    """The entry that most tools take: `command`, `args`, `env`."""
    entry: dict[str, Any] = {"command": server.command, "args": server.args}
    return entry | ({"env": server.env} if server.env else {}) | more


def skill(words: Words, scope: Scope = "user") -> str:
    """A `SKILL.md` of the open Agent Skills standard: the model loads it when its description fits the task."""
    del scope  # the same in each
    return front_matter({"name": NAME, "description": words.about}, words.body)


def workflow(words: Words, scope: Scope = "user") -> str:
    """A workflow that a person calls by `/overnight`."""
    del scope  # the same in each
    return front_matter({"description": words.about}, words.body)


def front_matter(fields: Mapping[str, str], body: str) -> str:
    """A Markdown text with fields above it; their values are words without quotes, colons and hashes."""
    lines = [f"{name}: {value}".rstrip() for name, value in fields.items()]
    return "\n".join(["---", *lines, "---", "", body])


def words_of(entry: Mapping[str, Any]) -> list[str]:
    """The command of an entry, whether in one list or in two fields."""
    found: list[str] = []
    for field in ("command", "args"):
        value = entry.get(field, [])
        parts: Sequence[Any] = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        found += [part for part in parts if isinstance(part, str)]
    return found


def is_ours(entry: Any) -> bool:
    """Whether the entry starts this program, of whatever installation."""
    words = words_of(entry) if isinstance(entry, Mapping) else []
    return "mcp" in words and any(os.path.basename(word) == NAME for word in words)
