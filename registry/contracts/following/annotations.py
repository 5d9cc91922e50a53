"""What an annotation says a value is: a document, a context, many or a table of them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from registry.contracts.following.values import (
    NONE,
    OTHER,
    Atom,
    Doc,
    Happening,
    Instance,
    Many,
    OwnClass,
    PageOf,
    Symbol,
    Table,
    Value,
    join,
    one,
)

_MANY = frozenset({
    "list", "tuple", "set", "frozenset", "Sequence", "Iterable", "Iterator", "Collection", "Generator", "List", "Tuple",
    "Set", "deque",
})  # fmt: skip
_TABLES = frozenset({"dict", "Mapping", "MutableMapping", "defaultdict", "Dict", "OrderedDict"})
# What the SDK's classes are to the machine.
_KNOWN: Mapping[str, Atom] = {
    "sdk.document.Document": Doc(""), "sdk.event.Event": Happening(""), "sdk.context.Page": PageOf(""),
}  # fmt: skip
Resolve = Callable[[str], Value]


def value_of_annotation(node: ast.expr | None, resolve: Resolve) -> Value:
    """resolve: what a dotted name of the module stands for."""
    found = OTHER
    match node:
        case ast.Constant(value=str() as text):
            found = value_of_annotation(_parsed(text), resolve)
        case ast.Constant(value=None):
            found = NONE
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            found = join((value_of_annotation(left, resolve), value_of_annotation(right, resolve)))
        case ast.Subscript(value=outer, slice=inner):
            found = _generic(ast.unparse(outer).rpartition(".")[2], inner, resolve)
        case ast.Name() | ast.Attribute():
            found = _named(resolve(ast.unparse(node)))
    return found


def _parsed(text: str) -> ast.expr | None:
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError:
        return None


def _generic(outer: str, inner: ast.expr, resolve: Resolve) -> Value:
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if outer in _MANY:
        return one(Many(join(value_of_annotation(part, resolve) for part in parts if not _is_dots(part))))
    if outer in _TABLES:
        return one(Table(value_of_annotation(parts[-1], resolve)))
    if outer in ("Optional", "Union"):
        return join([*(value_of_annotation(part, resolve) for part in parts), NONE])
    if outer in ("Final", "ClassVar", "Annotated"):
        return value_of_annotation(parts[0], resolve)
    return OTHER


def _is_dots(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is Ellipsis


def _named(value: Value) -> Value:
    found = []
    for atom in value:
        if isinstance(atom, Symbol) and atom.name:
            dotted = f"{atom.module}.{atom.name}"
            found.append(one(_KNOWN.get(dotted, Instance(dotted))))
        elif isinstance(atom, OwnClass):
            found.append(OTHER)
    return join(found) if found else OTHER
