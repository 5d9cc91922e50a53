"""What a syntax tree must keep to, wherever it came from: source text or JSON."""

from __future__ import annotations

import re
from typing import NoReturn

from sdk.expressions.errors import InvalidExpression, advise
from sdk.expressions.limits import DEPTH_MAX, LITERAL_DIGITS_MAX, NODES_MAX
from sdk.expressions.nodes import (
    Binary,
    Call,
    Compare,
    Comprehension,
    ListLiteral,
    Literal,
    Name,
    Node,
    children,
    walk,
)
from sdk.expressions.signatures import SIGNATURES

RESERVED = ("actor", "param", "today")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def check(root: Node) -> Node:
    """The tree itself, or InvalidExpression."""
    _check_size(root, 1, [0])
    _check(root, frozenset())
    if isinstance(root, ListLiteral | Comprehension):
        _refuse(root, "an expression has one value", "Write x in […], or sum(… for line in lines).")
    return root


def _refuse(node: Node, problem: str, instead: str = "") -> NoReturn:
    raise InvalidExpression(problem, position=node.at, instead=instead)


def _check_size(node: Node, depth: int, count: list[int]) -> None:
    count[0] += 1
    if depth > DEPTH_MAX:
        _refuse(node, f"nested deeper than {DEPTH_MAX}")
    if count[0] > NODES_MAX:
        _refuse(node, f"more than {NODES_MAX} parts")
    for child in children(node):
        _check_size(child, depth + 1, count)


def _check(node: Node, variables: frozenset[str]) -> None:
    match node:
        case Literal():
            _check_literal(node)
        case Name():
            _check_name(node)
        case Binary():
            _check_binary(node)
        case Compare():
            _check_compare(node)
        case Call():
            _check_call(node)
        case Comprehension():
            return _check_loop(node, variables)
        case ListLiteral() if any(isinstance(item, Literal) and item.value is None for item in node.items):
            _refuse(node, "None in a list matches nothing", "Write x is None or x in […].")
        case _:
            pass
    for child in children(node):
        _check_place(node, child)
        _check(child, variables)
    return None


def _check_place(parent: Node, child: Node) -> None:
    folds = isinstance(parent, Call) and len(parent.arguments) == 1 and SIGNATURES[parent.function].folds
    if isinstance(child, Comprehension) and not folds:
        _refuse(child, "a loop stands only inside a function that folds it", "Write sum, min, max, any or all.")
    if not isinstance(child, ListLiteral):
        return
    sought = isinstance(parent, Compare) and child is not parent.operands[0]
    if not sought and not folds and not (isinstance(parent, Call) and parent.function == "len"):
        _refuse(child, "a list stands only after in", 'Write state in ["draft", "sent"].')


def _check_literal(node: Literal) -> None:
    value = node.value
    if isinstance(value, str) and ("\0" in value or not _is_encodable(value)):
        _refuse(node, "text holds neither the null character nor half of a surrogate pair")
    if isinstance(value, bool | str) or value is None:
        return
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or value.adjusted() >= LITERAL_DIGITS_MAX or exponent < -LITERAL_DIGITS_MAX:
        _refuse(node, f"a number has at most {LITERAL_DIGITS_MAX} digits on each side of the point")


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_name(node: Name) -> None:
    for part in node.path:
        if not _NAME.fullmatch(part):
            _refuse(node, f"{part!r} is no name of a field", "Names are ASCII letters, digits and _, first a letter.")


def _check_binary(node: Binary) -> None:
    for side in (node.left, node.right):
        if not isinstance(side, Literal):
            continue
        if isinstance(side.value, bool) or side.value is None:
            _refuse(node, f"{side.value} is no number")
        if isinstance(side.value, str) and node.operator != "+":
            _refuse(node, f"text knows no {node.operator}", "Text is joined by + or concat(a, b).")


def _check_compare(node: Compare) -> None:
    for index, operator in enumerate(node.operators):
        left, right = node.operands[index], node.operands[index + 1]
        if operator in ("is", "is not") and not any(isinstance(s, Literal) and s.value is None for s in (left, right)):
            _refuse(node, "is asks for None only", "Write == or !=.")
        if operator in ("in", "not in") and not isinstance(right, ListLiteral | Name):
            _refuse(node, "in looks through a list", 'Write x in ["a", "b"], or contains(text, part).')
        if operator not in ("in", "not in") and isinstance(right, ListLiteral):
            _refuse(right, "a list stands only after in", 'Write state in ["draft", "sent"].')
    # In SQL the middle of a chain stands twice; chains within chains would double without end.
    for middle in node.operands[1:-1]:
        if any(isinstance(below, Compare) and len(below.operands) > 2 for below in walk(middle)):
            _refuse(middle, "a chained comparison inside another one", "Write a < b and b < c.")


def _check_call(node: Call) -> None:
    signature = SIGNATURES.get(node.function)
    if signature is None:
        _refuse(node, f"there is no function {node.function}", advise(node.function, SIGNATURES))
    if not signature.least <= len(node.arguments) <= signature.most:
        _refuse(node, f"{node.function} does not take {len(node.arguments)} arguments", f"Write {signature.usage}.")


def _check_loop(node: Comprehension, variables: frozenset[str]) -> None:
    if not isinstance(node.source, Name):
        _refuse(node, "a loop goes over a list of the document", "Write … for line in lines.")
    if not _NAME.fullmatch(node.variable) or node.variable in variables or node.variable in RESERVED:
        _refuse(node, f"{node.variable} cannot be the name of a loop's item", "Choose another name.")
    _check(node.source, variables)
    for child in (node.element, *node.conditions):
        _check_place(node, child)
        _check(child, variables | {node.variable})
