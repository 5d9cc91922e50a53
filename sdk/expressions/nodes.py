"""The syntax tree: small frozen nodes. `at` is the position in the source, 0 where there was none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

LiteralValue = Decimal | str | bool | None
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=", "in", "not in", "is", "is not")
ARITHMETIC = ("+", "-", "*", "/", "%")


@dataclass(frozen=True, slots=True)
class Literal:
    """A Decimal, text, True, False or None."""

    value: LiteralValue
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Name:
    """A field, or a path into a nested object: ("customer", "country")."""

    path: tuple[str, ...]
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Unary:
    """operator: `not`, `-` or `+`."""

    operator: str
    operand: Node
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Binary:
    """operator: one of ARITHMETIC."""

    operator: str
    left: Node
    right: Node
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Compare:
    """A chain: operators[i] stands between operands[i] and operands[i + 1]. `is` asks for None only."""

    operators: tuple[str, ...]
    operands: tuple[Node, ...]
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class BoolOp:
    """operator: `and` or `or`."""

    operator: str
    operands: tuple[Node, ...]
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class IfElse:
    """`then if test else otherwise`: otherwise also where the test is unknown."""

    test: Node
    then: Node
    otherwise: Node
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the whitelist."""

    function: str
    arguments: tuple[Node, ...]
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class ListLiteral:
    """What `in` looks through, or a function folds."""

    items: tuple[Node, ...]
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Comprehension:
    """`element for variable in source if condition …`: only as the one argument of a folding function."""

    element: Node
    variable: str
    source: Node
    conditions: tuple[Node, ...]
    at: int = field(default=0, compare=False, kw_only=True)


Node = Literal | Name | Unary | Binary | Compare | BoolOp | IfElse | Call | ListLiteral | Comprehension


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below."""
    match node:
        case Unary(operand=operand):
            return (operand,)
        case Binary(left=left, right=right):
            return (left, right)
        case Compare(operands=nodes) | BoolOp(operands=nodes) | Call(arguments=nodes) | ListLiteral(items=nodes):
            return nodes
        case IfElse(test=test, then=then, otherwise=otherwise):
            return (test, then, otherwise)
        case Comprehension(element=element, source=source, conditions=conditions):
            return (source, element, *conditions)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def free_paths(node: Node, variables: dict[str, tuple[str, ...]] | None = None) -> frozenset[tuple[str, ...]]:
    """Paths outside the expression that it reads; a field of a loop's item counts as a path below the list."""
    known = variables or {}
    if isinstance(node, Name):
        return frozenset({known.get(node.path[0], node.path[:1]) + node.path[1:]})
    if not isinstance(node, Comprehension):
        return frozenset().union(*(free_paths(child, known) for child in children(node)))
    paths = free_paths(node.source, known)
    inner = known | {node.variable: next(iter(paths), ())}
    return paths.union(*(free_paths(child, inner) for child in (node.element, *node.conditions)))
