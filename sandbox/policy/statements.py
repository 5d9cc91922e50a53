"""Statements with a rule of their own: handlers of errors, loops, with, match, and code for type checkers."""

from __future__ import annotations

import ast

from sandbox.policy.expressions import ExpressionRules
from sandbox.policy.names import is_guarded


class StatementRules(ExpressionRules):
    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        self.check_name(node, node.name)
        node = self.node_contents_visit(node)
        if node.type is None:
            # A bare except would swallow the deadline of the call.
            node.type = ast.copy_location(ast.Name("Exception", ast.Load()), node)
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        return self.node_contents_visit(node)

    def visit_With(self, node: ast.With) -> ast.AST:
        return self.node_contents_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST:
        test = node.test
        if isinstance(test, ast.Name) and test.id == "TYPE_CHECKING":
            # Never run: what type checkers alone import need not exist here.
            node.body = [ast.copy_location(ast.Pass(), node)]
        return self.node_contents_visit(node)

    def visit_Module(self, node: ast.Module) -> ast.AST:
        return self.node_contents_visit(node)

    def visit_Match(self, node: ast.Match) -> ast.AST:
        return self.node_contents_visit(node)

    def visit_match_case(self, node: ast.match_case) -> ast.AST:
        return self.node_contents_visit(node)

    def visit_MatchSequence(self, node: ast.MatchSequence) -> ast.AST:
        return self.node_contents_visit(node)

    def visit_MatchOr(self, node: ast.MatchOr) -> ast.AST:
        return self.node_contents_visit(node)

    def visit_MatchSingleton(self, node: ast.MatchSingleton) -> ast.AST:
        return node

    def visit_MatchValue(self, node: ast.MatchValue) -> ast.AST:
        node.value = self._pattern_value(node.value)
        return node

    def visit_MatchStar(self, node: ast.MatchStar) -> ast.AST:
        self.check_name(node, node.name)
        return node

    def visit_MatchAs(self, node: ast.MatchAs) -> ast.AST:
        self.check_name(node, node.name)
        return self.node_contents_visit(node)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> ast.AST:
        self.check_name(node, node.rest)
        node.keys = [self._pattern_value(key) for key in node.keys]
        node.patterns = self.visit_all(node.patterns)
        return node

    def visit_MatchClass(self, node: ast.MatchClass) -> ast.AST:
        for name in node.kwd_attrs:
            self._check_read_in_pattern(node, name)
        node.cls = self._pattern_value(node.cls)
        node.patterns = self.visit_all(node.patterns)
        node.kwd_patterns = self.visit_all(node.kwd_patterns)
        return node

    def _check_read_in_pattern(self, node: ast.AST, name: str) -> None:
        # A pattern reads attributes itself: no guard can be put in between.
        if self.is_attribute_fine(node, name) and is_guarded(name):
            self.refuse(node, "pattern_attribute", name)

    def _pattern_value(self, node: ast.expr) -> ast.expr:
        """A dotted name stays one: a call in its place would be no pattern any more."""
        if isinstance(node, ast.Attribute):
            self._check_read_in_pattern(node, node.attr)
            self._pattern_value(node.value)
            return node
        visited: ast.expr = self.visit(node)
        return visited
