"""Rules as one expression, so that a list shows exactly the documents each of which would be allowed alone."""

from __future__ import annotations

from collections.abc import Iterable

from kernel.permissions.errors import PermissionsTooComplex
from kernel.permissions.rules import Rule
from sdk.expressions import Expression, InvalidExpression
from sdk.expressions.nodes import BoolOp, Compare, ListLiteral, Literal, Name, Node

_COMPANY = Name(("company_id",))


def combine(rules: Iterable[Rule], resource: str) -> Expression:
    """`or` over the rules; those with the same condition share one list of companies."""
    companies: dict[Expression | None, frozenset[str] | None] = {}
    for rule in rules:
        condition = rule.permission.condition
        companies[condition] = _union(companies.get(condition, frozenset()), rule.companies)
    tests = [_test(condition, allowed) for condition, allowed in companies.items()]
    try:
        return Expression(tests[0] if len(tests) == 1 else BoolOp("or", tuple(tests)))
    except InvalidExpression:
        # Each part was an expression within its limits; only together are they too much.
        raise PermissionsTooComplex(resource=resource, limit="condition", maximum=len(tests)) from None


def _union(left: frozenset[str] | None, right: frozenset[str] | None) -> frozenset[str] | None:
    return None if left is None or right is None else left | right


def _test(condition: Expression | None, companies: frozenset[str] | None) -> Node:
    parts: list[Node] = []
    if companies is not None:
        parts.append(_in_companies(companies))
    if condition is not None:
        parts.append(condition.root)
    return parts[0] if len(parts) == 1 else BoolOp("and", tuple(parts))


def _in_companies(companies: frozenset[str]) -> Node:
    shared = Compare(("is",), (_COMPANY, Literal(None)))
    listed = ListLiteral(tuple(Literal(company) for company in sorted(companies)))
    return BoolOp("or", (shared, Compare(("in",), (_COMPANY, listed))))
