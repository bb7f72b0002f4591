"""The report as plain Markdown: for pull requests, for terminals, for agents.

Rules:
- Quoted text stands in code spans and fences longer than any run of backticks in it, so it cannot leave them.
- No HTML comes through: `<` outside code is an entity, and no comment can close a block of the results file.
"""

import re
from collections.abc import Iterable, Iterator

from overnight.report.document import Document, Fact, Row, Table, Trouble

_SPECIAL = re.compile(r"([\\`*_\[\]|~#>])")


def write(document: Document) -> str:
    """The whole report."""
    parts = [
        f"# {document.sign} {text(document.title)}",
        f"**{text(document.verdict)}**",
        text(document.known),
    ]
    parts.append(" · ".join(_fact(f) for f in document.meta))
    parts += _sections(document)
    parts.append(f"*{text(document.footer)}*")
    return "\n\n".join(part for part in parts if part) + "\n"


def brief(document: Document, report: str) -> str:
    """The block for the user's own results file: verdict, numbers, best parameters, where the rest is."""
    parts = [f"### {document.sign} {text(document.title)} ({document.run})", f"**{text(document.verdict)}**"]
    parts.append("\n".join(_tiles(document)))
    parts += [_table(t) for t in document.tables[:1]]
    parts += ["\n".join(f"- {text(d)}" for d in document.doubts)]
    parts.append(f"`overnight report {document.run}` · {code(report)}")
    return "\n\n".join(part for part in parts if part)


def _sections(document: Document) -> Iterator[str]:
    heads = document.headings
    yield _section(heads.todo, _todo(document) or [text(heads.nothing)])
    yield _section(heads.new_lines, _new_lines(document), gap="\n\n")
    results = [*_tiles(document), "", text(document.results_note)]
    tables = [part for t in document.tables for part in (f"**{text(t.title)}**", _table(t))]
    yield _section(heads.results, ["\n".join(results).strip(), *tables], gap="\n\n")
    yield _section(heads.doubts, [f"- {text(d)}" for d in document.doubts])
    yield _section(heads.problems, [_trouble(document, p) for p in document.problems], gap="\n\n")
    yield _section(heads.tail, [_fence(document.tail)] if document.tail else [])
    yield _section(heads.night, [_row(r) for r in document.night])
    yield _section(heads.again, [f"- {_fact(f)}" for f in document.again])
    yield _section(heads.told, [_row(r) for r in document.told])


def _section(title: str, body: list[str], gap: str = "\n") -> str:
    joined = gap.join(part for part in body if part)
    return f"## {text(title)}\n\n{joined}" if joined else ""


def _todo(document: Document) -> list[str]:
    rows = []
    for n, todo in enumerate(document.todo, 1):
        rows.append(f"{n}. {text(todo.text)}" + (f"\n   {code(todo.command)}" if todo.command else ""))
    return rows


def _new_lines(document: Document) -> list[str]:
    found = document.new_lines
    return [text(found.note), _fence(found.lines)] if found is not None else []


def _tiles(document: Document) -> list[str]:
    return [
        f"- {text(t.label)}: **{text(t.value)}**" + (f" ({text(t.note)})" if t.note else "")
        for t in document.tiles
    ]


def _trouble(document: Document, problem: Trouble) -> str:
    heads = document.headings
    rows = [f"### {code(problem.title)}", text(problem.where)]
    said = ((heads.cause, problem.cause), (heads.advice, problem.advice), (heads.relaunch, problem.relaunch))
    rows.append("\n".join(f"- {text(label)}: {text(words)}" for label, words in said if words))
    rows.append(_fence(problem.extract) if problem.extract else "")
    return "\n\n".join(row for row in rows if row)


def _row(row: Row) -> str:
    return f"- {row.clock} {text(row.text)}".replace("-  ", "- ")


def _fact(fact: Fact) -> str:
    return f"{text(fact.label)}: {code(fact.value) if fact.code else text(fact.value)}"


def _table(table: Table) -> str:
    head = "| " + " | ".join(text(cell) for cell in table.head) + " |"
    rule = "|" + "---|" * len(table.head)
    return "\n".join(
        [head, rule, *("| " + " | ".join(text(cell) for cell in row) + " |" for row in table.rows)]
    )


def text(words: str) -> str:
    """Words that are to be read as they are."""
    return _SPECIAL.sub(r"\\\1", words.replace("&", "&amp;")).replace("<", "&lt;")


def code(words: str) -> str:
    """A code span that its content cannot leave."""
    ticks = "`" * (_longest(words) + 1)
    pad = " " if words.startswith("`") or words.endswith("`") else ""
    return f"{ticks}{pad}{_no_comment(words)}{pad}{ticks}"


def _fence(lines: Iterable[str]) -> str:
    body = "\n".join(lines)
    ticks = "`" * max(3, _longest(body) + 1)
    return f"{ticks}text\n{_no_comment(body)}\n{ticks}"


def _no_comment(words: str) -> str:
    return words.replace("<!--", "<!- -")


def _longest(words: str) -> int:
    return max(map(len, re.findall(r"`+", words)), default=0)
