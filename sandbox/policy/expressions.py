"""Names, attributes, items and calls: what is read freely, what asks a guard, what is refused."""

from __future__ import annotations

import ast

from sandbox.policy.base import PolicyBase, call_guard
from sandbox.policy.names import SENSITIVE, SPECIAL_METHODS, attribute_fault, is_guarded
from sandbox.policy.rules import ATTRIBUTES_INSTEAD, BUILTINS_INSTEAD

# An applet finds its own data files by it; what stands there is a path inside of the applet.
_FILE = "__file__"


class ExpressionRules(PolicyBase):
    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id == _FILE and isinstance(node.ctx, ast.Load):
            return node
        if isinstance(node.ctx, ast.Load) and node.id in BUILTINS_INSTEAD and node.id not in self.bound:
            self.refuse(node, "builtin_missing", node.id, BUILTINS_INSTEAD[node.id])
        self.check_name(node, node.id)
        return node

    def is_attribute_fine(self, node: ast.AST, name: str) -> bool:
        rule = attribute_fault(name)
        if rule is not None:
            self.refuse(node, rule, name, ATTRIBUTES_INSTEAD.get(name, ""))
        return rule is None

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if _is_super_call(node.value) and isinstance(node.ctx, ast.Load) and node.attr in SPECIAL_METHODS:
            return node
        is_fine = self.is_attribute_fine(node, node.attr)
        node = self.node_contents_visit(node)
        if not is_fine:
            return node
        if not isinstance(node.ctx, ast.Load):
            node.value = call_guard("_write_", node.value)
        elif is_guarded(node.attr):
            return ast.copy_location(call_guard("_getattr_", node.value, ast.Constant(node.attr)), node)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        node = self.node_contents_visit(node)
        if not isinstance(node.ctx, ast.Load):
            node.value = call_guard("_change_", node.value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            # The zero-argument form alone is bound to the class it stands in.
            if node.args or node.keywords:
                self.refuse(node, "super_arguments", "super(…)")
            return node
        for keyword in node.keywords:
            if keyword.arg is not None and keyword.arg.startswith("__"):
                self.refuse(keyword, "keyword_name", keyword.arg)
        return self.node_contents_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """`a.x += v` becomes `_write_(a).x += v`: evaluated once, read and written on what the guard vouches for."""
        target = node.target
        if isinstance(target, ast.Attribute) and target.attr in SENSITIVE:
            self.refuse(target, "augmented_attribute", target.attr)
        return self.node_contents_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        if node.is_async:
            self.refuse(node.target, "async", "async for")
        return self.node_contents_visit(node)

    def visit_TemplateStr(self, node: ast.AST) -> ast.AST:
        self.refuse(node, "template_string", "t'…'")
        return node

    visit_Interpolation = visit_TemplateStr


def _is_super_call(node: ast.AST) -> bool:
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"
    return is_call and not node.args and not node.keywords  # type: ignore[attr-defined]
