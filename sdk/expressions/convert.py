"""From Python's syntax tree to ours. What is not listed here does not exist in the language."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from sdk.expressions.errors import InvalidExpression, advise
from sdk.expressions.limits import DEPTH_MAX, LITERAL_DIGITS_MAX, SOURCE_CHARACTERS_MAX
from sdk.expressions.nodes import (
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
from sdk.expressions.signatures import SIGNATURES

_NUMBER = re.compile(r"[0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*")
_BAD_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\(?![\\'\"nrtuUxN])")
_BINARY: Final = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%"}
_UNARY: Final = {ast.Not: "not", ast.USub: "-", ast.UAdd: "+"}
_COMPARE: Final = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.In: "in", ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not",
}  # fmt: skip
_ALLOWED = "Allowed are values, names, comparisons, and/or/not, + - * / %, if-else and the listed functions."
_INSTEAD: Final = {
    ast.JoinedStr: "Write concat(a, b) instead of an f-string.",
    ast.Pow: "Write a * a instead of a power.",
    ast.FloorDiv: "Write round(a / b).",
    ast.Subscript: "Write a loop such as any(line.total > 0 for line in lines) instead of an index.",
    ast.ListComp: "Write the loop without brackets: sum(line.total for line in lines).",
    ast.Set: 'Write a list: state in ["draft", "sent"].',
    ast.NamedExpr: "Write the value where it is used.",
    ast.BitAnd: "Write and.",
    ast.BitOr: "Write or.",
    ast.Invert: "Write not.",
}


def convert_source(source: str) -> Node:
    """Parse and convert. Raises InvalidExpression; limits other than length and nesting are held by check.py."""
    if len(source) > SOURCE_CHARACTERS_MAX:
        raise InvalidExpression(f"the source is longer than {SOURCE_CHARACTERS_MAX} characters", position=0)
    if found := _BAD_ESCAPE.search(source):
        raise InvalidExpression("this escape is unknown", position=found.end(), instead="Write \\\\ for a backslash.")
    text = source.strip()
    shift = len(source) - len(source.lstrip())
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError as error:
        position = shift + max(0, (error.offset or 1) - 1)
        raise InvalidExpression(f"this is no expression ({error.msg})", position=position) from None
    except (ValueError, RecursionError, MemoryError):  # null bytes; a parser stack that overflows
        raise InvalidExpression("this cannot be parsed", instead="Nest less, and write plain text.") from None
    return _Converter(text, shift).convert(tree.body)


class _Converter:
    def __init__(self, source: str, shift: int) -> None:
        self.lines = source.encode().split(b"\n")
        self.source = source
        self.shift = shift
        self.depth = 0

    def convert(self, node: ast.expr) -> Node:
        converter = _CONVERTERS.get(type(node))
        if converter is None:
            raise self.refuse(node, node)
        self.depth += 1
        # Nesting is held here already: our own recursion must end before Python's does.
        if self.depth > DEPTH_MAX:
            raise InvalidExpression(f"nested deeper than {DEPTH_MAX}", position=self.position(node))
        converted = converter(self, node)
        self.depth -= 1
        return converted

    def position(self, node: ast.expr) -> int:
        before = [*self.lines[: node.lineno - 1], self.lines[node.lineno - 1][: node.col_offset]]
        return self.shift + len(b"\n".join(before).decode())

    def refuse(self, node: ast.expr, what: ast.AST) -> InvalidExpression:
        problem = f"{type(what).__name__} is not allowed"
        return InvalidExpression(problem, position=self.position(node), instead=_INSTEAD.get(type(what), _ALLOWED))

    def constant(self, node: ast.Constant) -> Node:
        value, at = node.value, self.position(node)
        if value is None or isinstance(value, bool | str):
            return Literal(value, at=at)
        if isinstance(value, int | float):
            return Literal(self.number(node, at), at=at)
        raise InvalidExpression(f"a value of type {type(value).__name__} is not allowed", position=at)

    def number(self, node: ast.Constant, at: int) -> Decimal:
        # From the source text: a float would already have lost what was written.
        text = ast.get_source_segment(self.source, node) or ""
        digits = text.replace("_", "")
        if not _NUMBER.fullmatch(text):
            raise InvalidExpression(f"{text} is no plain number", position=at, instead="Write digits, e.g. 1250.00.")
        if any(len(part) > LITERAL_DIGITS_MAX for part in digits.split(".")):
            raise InvalidExpression(f"a number has at most {LITERAL_DIGITS_MAX} digits on each side", position=at)
        return Decimal(digits)

    def name(self, node: ast.Name) -> Node:
        return Name((node.id,), at=self.position(node))

    def attribute(self, node: ast.Attribute) -> Node:
        owner = self.convert(node.value)
        if not isinstance(owner, Name):
            raise InvalidExpression("only names have fields", position=self.position(node), instead="Write a.b.")
        return Name((*owner.path, node.attr), at=owner.at)

    def unary(self, node: ast.UnaryOp) -> Node:
        operator = _UNARY.get(type(node.op))
        if operator is None:
            raise self.refuse(node, node.op)
        return Unary(operator, self.convert(node.operand), at=self.position(node))

    def binary(self, node: ast.BinOp) -> Node:
        operator = _BINARY.get(type(node.op))
        if operator is None:
            raise self.refuse(node, node.op)
        return Binary(operator, self.convert(node.left), self.convert(node.right), at=self.position(node))

    def compare(self, node: ast.Compare) -> Node:
        operands = tuple(self.convert(operand) for operand in (node.left, *node.comparators))
        operators = tuple(_COMPARE[type(operator)] for operator in node.ops)
        pairs = zip(operators, operands[:-1], operands[1:], strict=True)
        return Compare(tuple(_none_test(*pair) for pair in pairs), operands, at=self.position(node))

    def bool_op(self, node: ast.BoolOp) -> Node:
        operator = "and" if isinstance(node.op, ast.And) else "or"
        return BoolOp(operator, tuple(self.convert(value) for value in node.values), at=self.position(node))

    def if_else(self, node: ast.IfExp) -> Node:
        parts = (self.convert(node.test), self.convert(node.body), self.convert(node.orelse))
        return IfElse(*parts, at=self.position(node))

    def call(self, node: ast.Call) -> Node:
        at = self.position(node)
        if not isinstance(node.func, ast.Name):
            raise InvalidExpression(
                "values have no methods", position=at, instead="Write lower(name), not name.lower()."
            )
        function = node.func.id
        if function not in SIGNATURES:
            raise InvalidExpression(
                f"there is no function {function}", position=at, instead=advise(function, SIGNATURES)
            )
        if node.keywords:
            raise InvalidExpression("arguments have no names", position=at, instead=SIGNATURES[function].usage)
        return Call(function, tuple(self.convert(argument) for argument in node.args), at=at)

    def list_literal(self, node: ast.List | ast.Tuple) -> Node:
        return ListLiteral(tuple(self.convert(item) for item in node.elts), at=self.position(node))

    def comprehension(self, node: ast.GeneratorExp) -> Node:
        loop, at = node.generators[0], self.position(node)
        if len(node.generators) != 1 or loop.is_async or not isinstance(loop.target, ast.Name):
            raise InvalidExpression("a loop has one name", position=at, instead="Write … for line in lines.")
        conditions = tuple(self.convert(condition) for condition in loop.ifs)
        return Comprehension(self.convert(node.elt), loop.target.id, self.convert(loop.iter), conditions, at=at)


def _none_test(operator: str, left: Node, right: Node) -> str:
    is_none = any(isinstance(side, Literal) and side.value is None for side in (left, right))
    return {"==": "is", "!=": "is not"}.get(operator, operator) if is_none else operator


_CONVERTERS: Final[dict[type[ast.expr], Callable[[_Converter, Any], Node]]] = {
    ast.Constant: _Converter.constant, ast.Name: _Converter.name, ast.Attribute: _Converter.attribute,
    ast.UnaryOp: _Converter.unary, ast.BinOp: _Converter.binary, ast.Compare: _Converter.compare,
    ast.BoolOp: _Converter.bool_op, ast.IfExp: _Converter.if_else, ast.Call: _Converter.call,
    ast.List: _Converter.list_literal, ast.Tuple: _Converter.list_literal, ast.GeneratorExp: _Converter.comprehension,
}  # fmt: skip
