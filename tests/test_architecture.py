"""The arrows between the parts, the purity of the core, no cycles, no waiting by sleep."""

import ast
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src"
ROOT = SOURCE / "overnight"
EDGES = {"keeper", "watchman", "executors", "store", "notify", "report", "readers", "agents"}
SHARED = {"errors", "settings", "i18n", "catalog"}
ALLOWED_BETWEEN_EDGES = {
    # the run directory is the truth: every edge may read it
    ("*", "store"),
    # the background process is put together here
    ("watchman", "*"),
    # the local executor is the keeper
    ("executors", "keeper"),
    # a report quotes what the study itself says
    ("report", "readers"),
}
IMPURE = {
    "os",
    "io",
    "socket",
    "subprocess",
    "time",
    "random",
    "threading",
    "asyncio",
    "pathlib",
    "shutil",
    "select",
    "tempfile",
}


def modules() -> dict[str, ast.Module]:
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        found[name] = ast.parse(path.read_text("utf-8"))
    return found


MODULES = modules()


def imports(name: str, *, everywhere: bool = True) -> set[str]:
    """Modules of the project and top-level foreign ones that `name` imports."""
    tree = MODULES[name]
    nodes = ast.walk(tree) if everywhere else iter(tree.body)
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(
                f"{node.module}.{a.name}" if f"{node.module}.{a.name}" in MODULES else node.module
                for a in node.names
            )
    return found


def part(name: str) -> str:
    """`store` for `overnight.store.rundir`."""
    pieces = name.split(".")
    return pieces[1] if len(pieces) > 1 else "overnight"


@pytest.mark.parametrize("name", [n for n in MODULES if part(n) == "core"])
def test_the_core_is_pure(name: str) -> None:
    foreign = {i.split(".")[0] for i in imports(name)} & set(sys.stdlib_module_names)
    assert foreign & IMPURE == set()
    assert {i for i in imports(name) if i.startswith("overnight") and part(i) != "core"} == set()
    calls = {ast.unparse(n.func) for n in ast.walk(MODULES[name]) if isinstance(n, ast.Call)}
    assert calls & {"open", "print", "input"} == set()


@pytest.mark.parametrize("name", [n for n in MODULES if part(n) in EDGES])
def test_edges_do_not_import_each_other(name: str) -> None:
    own = part(name)
    for other in {part(i) for i in imports(name) if i.startswith("overnight.")} - {own, "core"} - SHARED:
        allowed = {(own, other), (own, "*"), ("*", other)} & ALLOWED_BETWEEN_EDGES
        assert allowed, f"{name} imports overnight.{other}"


@pytest.mark.parametrize("name", [n for n in MODULES if part(n) == "surfaces"])
def test_surfaces_decide_nothing(name: str) -> None:
    for edge in {part(i) for i in imports(name) if i.startswith("overnight.")}:
        assert edge not in EDGES - {"store"}, f"{name} imports overnight.{edge}"


def test_no_import_cycles() -> None:
    graph = {n: {i for i in imports(n, everywhere=False) if i in MODULES and i != n} for n in MODULES}
    list(TopologicalSorter(graph).static_order())


@pytest.mark.rule("W5.4")
def test_nothing_waits_by_sleeping() -> None:
    tests = Path(__file__).parent
    sources = [*ROOT.rglob("*.py"), *tests.rglob("test_*.py"), tests / "system" / "helpers.py"]
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in {"time.sleep", "asyncio.sleep", "sleep"}, (
                    f"{path}:{node.lineno}"
                )
