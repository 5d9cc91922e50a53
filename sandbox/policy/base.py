"""How a refusal is recorded while the syntax tree is walked."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from RestrictedPython.transformer import RestrictingNodeTransformer

from sandbox.policy.limits import VIOLATIONS_MAX
from sandbox.policy.names import SPECIAL_METHODS, name_fault
from sandbox.policy.rules import NAMES_INSTEAD
from sandbox.policy.violation import PolicyViolation, refusal

# RestrictedPython's own words for these are about a syntax tree; whoever reads ours writes an applet.
_WORDS = {
    ast.AsyncFunctionDef: ("async", "async def"),
    ast.AsyncFor: ("async", "async for"),
    ast.AsyncWith: ("async", "async with"),
    ast.Await: ("async", "await"),
    ast.TryStar: ("except_star", "except*"),
}


class PolicyBase(RestrictingNodeTransformer):
    """The tree of one module. What RestrictedPython refuses is refused here; its rooms say what else is, or is not.

    module: its dotted name in the applet. own: names of all modules of the applet. offered: what may be imported.
    """

    def __init__(self, module: str, own: Collection[str], offered: Collection[str], bound: Collection[str]) -> None:
        super().__init__()
        self.module = module
        self.own = own
        self.offered = offered
        self.bound = bound
        self.violations: list[PolicyViolation] = []
        self.in_class_body = False

    def refuse(self, node: ast.AST, rule: str, construct: str, instead: str = "", **details: object) -> None:
        if len(self.violations) < VIOLATIONS_MAX:
            line, column = getattr(node, "lineno", 0), getattr(node, "col_offset", -1) + 1
            found = refusal(self.module, rule, construct, line=line, column=column, instead=instead, **details)
            self.violations.append(found)

    def error(self, node: ast.AST, info: str) -> None:
        """What RestrictedPython refuses and no room of ours has a word for."""
        self.refuse(node, "statement", info)

    def not_allowed(self, node: ast.AST) -> None:
        rule, construct = _WORDS.get(type(node), ("statement", type(node).__name__))
        self.refuse(node, rule, construct)

    def check_name(self, node: Any, name: str | None, allow_magic_methods: bool = False) -> None:
        if name is None or (allow_magic_methods and self.in_class_body and name in SPECIAL_METHODS):
            return
        rule = name_fault(name)
        if rule is None:
            return
        if rule == "dunder_name" and allow_magic_methods and self.in_class_body:
            rule = "special_method"
        self.refuse(node, rule, name, NAMES_INSTEAD.get(name, ""))

    def visit_all(self, nodes: list[Any]) -> list[Any]:
        """The nodes in their new form; statements may fall away or become several."""
        visited: list[Any] = []
        for node in nodes:
            made = self.visit(node)
            visited.extend(made if isinstance(made, list) else [] if made is None else [made])
        return visited

    @contextmanager
    def class_body(self, is_class: bool) -> Iterator[None]:
        outer, self.in_class_body = self.in_class_body, is_class
        yield
        self.in_class_body = outer


def call_guard(guard: str, node: ast.expr, *arguments: ast.expr) -> ast.Call:
    """`guard(node, …)`, at the place of the node."""
    # Placed one by one: what is below the node has its place, and walking it each time would take its square.
    name, *others = (ast.copy_location(each, node) for each in (ast.Name(guard, ast.Load()), *arguments))
    return ast.copy_location(ast.Call(name, [node, *others], []), node)
