"""The syntax tree as JSON: for tools, for storage, for other languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from sdk.expressions.errors import InvalidExpression, advise
from sdk.expressions.limits import DEPTH_MAX
from sdk.expressions.nodes import (
    ARITHMETIC,
    COMPARISONS,
    Binary,
    BoolOp,
    Call,
    Compare,
    Comprehension,
    IfElse,
    ListLiteral,
    Literal,
    Name,
    Node,
    Unary,
)

_NAMES: Final[dict[type[Any], str]] = {
    Literal: "literal", Name: "name", Unary: "unary", Binary: "binary", Compare: "compare", BoolOp: "bool",
    IfElse: "if", Call: "call", ListLiteral: "list", Comprehension: "loop",
}  # fmt: skip
_TYPES: Final[dict[str, type[Any]]] = {name: node_type for node_type, name in _NAMES.items()}
_OPERATORS: Final[dict[type[Any], tuple[str, ...]]] = {
    Unary: ("not", "-", "+"), Binary: ARITHMETIC, BoolOp: ("and", "or"),
}  # fmt: skip
_NODE_LISTS = ("operands", "arguments", "items", "conditions")
_NODES = ("operand", "left", "right", "test", "then", "otherwise", "element", "source")


def tree_to_json(node: Node) -> dict[str, Any]:
    """{"node": "compare", "operators": ["=="], "operands": […]}; a number is {"decimal": "1.50"}."""
    parts = {field.name: _part_to_json(getattr(node, field.name)) for field in fields(node) if field.name != "at"}
    return {"node": _NAMES[type(node)], **parts}


def _part_to_json(part: Any) -> Any:
    if isinstance(part, Decimal):
        return {"decimal": format(part, "f")}
    if isinstance(part, tuple):
        return [_part_to_json(item) for item in part]
    return part if part is None or isinstance(part, str | bool) else tree_to_json(part)


def tree_from_json(data: Any, depth: int = 1) -> Node:
    """The node, not yet checked for meaning. Raises InvalidExpression for any other shape."""
    if not isinstance(data, Mapping) or depth > DEPTH_MAX:
        raise InvalidExpression("a node is a JSON object, nested within limits")
    node_type = _TYPES.get(str(data.get("node")))
    if node_type is None:
        raise InvalidExpression(f"there is no node {data.get('node')}", instead=advise(str(data.get("node")), _TYPES))
    names = [field.name for field in fields(node_type) if field.name != "at"]
    if set(data) != {"node", *names}:
        raise InvalidExpression(f"a {data['node']} has exactly {', '.join(names)}")
    node: Node = node_type(*(_part_from_json(name, data[name], depth) for name in names))
    _check_operators(node)
    return node


def _part_from_json(name: str, part: Any, depth: int) -> Any:
    if name in _NODES:
        return tree_from_json(part, depth + 1)
    if name == "value":
        return _value_from_json(part)
    if name in (*_NODE_LISTS, "path", "operators"):
        if not isinstance(part, list):
            raise InvalidExpression(f"{name} is a list")
        return tuple(tree_from_json(i, depth + 1) if name in _NODE_LISTS else _text_from_json(i) for i in part)
    return _text_from_json(part)


def _text_from_json(part: Any) -> str:
    if not isinstance(part, str):
        raise InvalidExpression(f"{part!r} is no text")
    return part


def _value_from_json(part: Any) -> Decimal | str | bool | None:
    if part is None or isinstance(part, str | bool):
        return part
    digits = part.get("decimal") if isinstance(part, Mapping) and len(part) == 1 else None
    try:
        return Decimal(_text_from_json(digits))
    except InvalidOperation:
        raise InvalidExpression(f"{part!r} is no value", instead='A number is {"decimal": "1.50"}.') from None


def _check_operators(node: Node) -> None:
    allowed = _OPERATORS.get(type(node), COMPARISONS)
    operators = node.operators if isinstance(node, Compare) else (getattr(node, "operator", allowed[0]),)
    if any(operator not in allowed for operator in operators):
        raise InvalidExpression(f"operators are {', '.join(allowed)}")
    counts = {Compare: 2, BoolOp: 2, Name: 1}
    parts = getattr(node, "operands", None) or getattr(node, "path", None) or ()
    if len(parts) < counts.get(type(node), 0) or (isinstance(node, Compare) and len(parts) != len(operators) + 1):
        raise InvalidExpression("too few operands")
