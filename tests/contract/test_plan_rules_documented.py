"""docs/upgrades.md tells every rule that plans find something by, and no others."""

import ast
import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
DOCUMENT = REPOSITORY / "docs" / "upgrades.md"
RULE = re.compile(r"[a-z]+(_[a-z]+)*")
ROW = re.compile(r"^\| (`[a-z_`, ]+`) \| ([a-z, ]+) \| (.+?) \| (.*?) ?\|$", re.MULTILINE)
SEVERITIES = {"blocks", "consent", "warns", "informs"}
# Put together from the kind of thing that is used: registry/contracts/thing_rules.py.
PUT_TOGETHER = {"role_gone", "report_gone", "resource_gone"}
# Of findings' helpers, whose name ends so, the rule is among the first arguments.
MAKERS = ("finding", "_of_type")


def texts_of(tree: ast.Module) -> dict[str, set[str]]:
    """Texts that names of the module stand for: constants, several at once, values of tables."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = {v.value for v in node.value.values if isinstance(v, ast.Constant)}
        elif isinstance(node, ast.Assign):
            pairs = [(node.targets[0], node.value)]
            while pairs:
                target, value = pairs.pop()
                if isinstance(value, ast.IfExp):
                    pairs += [(target, value.body), (target, value.orelse)]
                elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                    pairs += zip(target.elts, value.elts, strict=True)
                elif isinstance(target, ast.Name) and isinstance(value, ast.Constant | ast.Name):
                    texts = found.get(value.id, set()) if isinstance(value, ast.Name) else {value.value}
                    found[target.id] = found.get(target.id, set()) | texts
    return found


def rules_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    texts, found = texts_of(tree), set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if not name.lower().endswith(MAKERS):
            continue
        # `Finding` has it second; its helpers have it where they like, and no other snake_case text before it.
        given = node.args[1:2] if name == "Finding" else node.args[:3]
        given += [keyword.value for keyword in node.keywords if keyword.arg == "rule"]
        for value in given:
            inner = value.value if isinstance(value, ast.Subscript) else value
            said = {value.value} if isinstance(value, ast.Constant) else texts.get(getattr(inner, "id", ""), set())
            found |= {text for text in said if isinstance(text, str) and RULE.fullmatch(text)}
    return found


def used() -> set[str]:
    return PUT_TOGETHER.union(*(rules_in(path) for path in sorted((REPOSITORY / "registry").rglob("*.py"))))


def documented() -> dict[str, set[str]]:
    """Severities by rule."""
    section = DOCUMENT.read_text(encoding="utf-8").partition("## What plans find")[2]
    return {
        name.strip("` "): set(severities.split(", "))
        for names, severities, _, _ in ROW.findall(section)
        for name in names.split(",")
    }


def test_every_rule_is_documented():
    assert sorted(used() - documented().keys()) == []


def test_no_rule_is_documented_that_is_not_there():
    assert sorted(documented().keys() - used()) == []


def test_each_has_severities_that_there_are():
    assert {name: said for name, said in documented().items() if not said or said - SEVERITIES} == {}
