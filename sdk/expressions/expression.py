"""An expression: parsed and checked once, evaluated many times."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

from sdk.expressions.check import check
from sdk.expressions.convert import convert_source
from sdk.expressions.evaluate import compile_tree
from sdk.expressions.json_tree import tree_from_json, tree_to_json
from sdk.expressions.nodes import Node, free_paths

PARSED_KEPT_MAX = 2_000


class Expression:
    """A checked expression. Immutable; equal when their trees are."""

    def __init__(self, root: Node, source: str = "") -> None:
        self.root = check(root)
        self.source = source
        self._compiled = compile_tree(root)

    def evaluate(self, scope: Mapping[str, Any]) -> Any:
        """The value in this scope: Decimal, str, bool, date, datetime, list or None for unknown.

        scope: fields by name, nested objects as mappings; see scope_of. Raises EvaluationTooLong.
        """
        return self._compiled(scope)

    def holds(self, scope: Mapping[str, Any]) -> bool:
        """Whether it is true: unknown is not."""
        return self._compiled(scope) is True

    @cached_property
    def names(self) -> frozenset[str]:
        """The paths it reads, dotted: {"lines", "lines.total", "actor.id"}."""
        return frozenset(".".join(path) for path in free_paths(self.root))

    def to_json(self) -> dict[str, Any]:
        """Its JSON syntax tree."""
        return tree_to_json(self.root)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.root == other.root

    def __hash__(self) -> int:
        return hash(self.root)

    def __repr__(self) -> str:
        return f"Expression({self.source or self.root!r})"


@lru_cache(maxsize=PARSED_KEPT_MAX)
def parse(source: str) -> Expression:
    """The expression of a source text. Raises InvalidExpression with position, problem and what to write instead."""
    return Expression(convert_source(source), source)


def from_json(tree: Mapping[str, Any]) -> Expression:
    """The expression of a JSON syntax tree, checked like source text. Raises InvalidExpression."""
    return Expression(tree_from_json(tree))
