"""Every rule has a test, and every test that claims a rule names one that exists."""

import ast
from collections import defaultdict
from pathlib import Path

from rules import RULES

TESTS = Path(__file__).parent


def claims() -> dict[str, list[str]]:
    """Rule id to the tests that hold it."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.rule":
                for argument in node.args:
                    found[ast.literal_eval(argument)].append(f"{path.name}:{node.lineno}")
    return found


def test_every_rule_has_a_test() -> None:
    assert sorted(set(RULES) - set(claims())) == []


def test_every_claim_names_a_rule() -> None:
    assert {rule: where for rule, where in claims().items() if rule not in RULES} == {}
