"""Walks the syntax tree and composes SQL. What names no field is evaluated in Python and bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, Final

from sqlalchemy import all_, and_, any_, case, false, func, literal_column, or_, select, true
from sqlalchemy.sql import ColumnElement, Select

from kernel.expressions.calls import call
from kernel.expressions.coerce import (
    Sql,
    as_boolean,
    as_numeric,
    as_text,
    mismatch,
    negate,
    operate,
    result_of,
    same_kind,
)
from kernel.expressions.comparing import align, compare, is_in_values, is_one_of
from kernel.expressions.typed import ARRAY, NULL, FieldResolver, Item, Typed, constant
from sdk.expressions import Expression, InvalidExpression
from sdk.expressions.check import RESERVED
from sdk.expressions.evaluate import compile_tree
from sdk.expressions.folds import FOLDS
from sdk.expressions.kinds import BOOLEAN, DECIMAL, LIST, TEXT
from sdk.expressions.nodes import (
    Binary,
    BoolOp,
    Call,
    Compare,
    Comprehension,
    IfElse,
    ListLiteral,
    Name,
    Node,
    Unary,
    free_paths,
)

Loops = Mapping[str, Item]
Build = Callable[["_Compiler", Any, Loops], Typed]


def to_sql(expression: Expression, columns: FieldResolver, scope: Mapping[str, Any]) -> ColumnElement[bool]:
    """The condition as SQL: true, false or NULL for unknown, as evaluate() would answer for the row.

    scope: `actor`, `today`, `param` as of scope_of; their values are bound. Raises InvalidExpression for unknown
    fields and for kinds that do not fit.
    """
    return as_boolean(to_typed_sql(expression, columns, scope))


def to_typed_sql(expression: Expression, columns: FieldResolver, scope: Mapping[str, Any]) -> Typed:
    """The value as SQL with its kind; a date of a document stays ISO text (is_iso). `sql` is always given."""
    typed = _Compiler(columns, scope).compile(expression.root, {})
    if not typed.is_constant or typed.kind == LIST:
        return typed
    (sql,), result = same_kind([typed])
    return Typed(typed.kind, sql, is_iso=result.is_iso, is_collated=result.is_collated)


class _Compiler:
    def __init__(self, columns: FieldResolver, scope: Mapping[str, Any]) -> None:
        self.columns = columns
        self.scope = {name: scope.get(name) for name in RESERVED}
        self.numbers = count(1)

    def compile(self, node: Node, loops: Loops) -> Typed:
        try:
            if all(path[0] in RESERVED for path in free_paths(node)):
                return constant(compile_tree(node)(self.scope))
            return _BUILD[type(node)](self, node, loops)
        except InvalidExpression as error:
            raise self.located(error, node) from None

    @staticmethod
    def located(error: InvalidExpression, node: Node) -> InvalidExpression:
        details = error.details
        return InvalidExpression(
            details["problem"], position=details["position"] or node.at, instead=details["instead"]
        )

    def condition(self, node: Node, loops: Loops) -> Sql:
        return as_boolean(self.compile(node, loops))

    def name(self, node: Name, loops: Loops) -> Typed:
        first, *rest = node.path
        if first in loops:
            return self.columns.resolve(tuple(rest), loops[first])
        return self.columns.resolve(node.path)

    def unary(self, node: Unary, loops: Loops) -> Typed:
        operand = self.compile(node.operand, loops)
        if node.operator == "not":
            return Typed(BOOLEAN, negate(as_boolean(operand)))
        number = as_numeric(operand)
        return Typed(DECIMAL, number if node.operator == "+" else operate(literal_column("0"), "-", number, DECIMAL))

    def binary(self, node: Binary, loops: Loops) -> Typed:
        left, right = self.compile(node.left, loops), self.compile(node.right, loops)
        if node.operator == "+" and any(side.kind not in (DECIMAL, NULL) for side in (left, right)):
            return Typed(TEXT, operate(as_text(left), "||", as_text(right), TEXT))
        first, second = as_numeric(left), as_numeric(right)
        if node.operator == "/":
            return Typed(DECIMAL, func.bos.divide(first, second, type_=first.type))
        if node.operator == "%":
            second = func.nullif(second, literal_column("0"))
        return Typed(DECIMAL, operate(first, node.operator, second, DECIMAL))

    def compare(self, node: Compare, loops: Loops) -> Typed:
        pairs = zip(node.operators, node.operands, node.operands[1:], strict=False)
        answers = [self.pair(operator, left, right, loops) for operator, left, right in pairs]
        return Typed(BOOLEAN, answers[0] if len(answers) == 1 else and_(*answers))

    def pair(self, operator: str, left: Node, right: Node, loops: Loops) -> Sql:
        if operator in ("in", "not in"):
            answer = self.is_in(self.compile(left, loops), right, loops)
            return negate(answer) if operator == "not in" else answer
        first, second = self.compile(left, loops), self.compile(right, loops)
        if operator in ("is", "is not"):
            value = second if first.kind == NULL else first
            is_null = true() if value.kind == NULL else false() if value.sql is None else value.sql.is_(None)
            return negate(is_null) if operator == "is not" else is_null
        return compare(first, operator, second)

    def is_in(self, value: Typed, right: Node, loops: Loops) -> Sql:
        if isinstance(right, ListLiteral):
            return is_one_of(value, [self.compile(item, loops) for item in right.items])
        items = self.compile(right, loops)
        if items.kind == LIST:
            return is_in_values(value, items.value)
        if items.kind == NULL:
            return false()
        item, source = self.open(items, right, loops)
        first, second = align(value, item, is_equality=True) if value.kind != NULL else (as_text(value), as_text(item))
        return operate(first, "=", any_(select(second).select_from(source).scalar_subquery()))

    def bool_op(self, node: BoolOp, loops: Loops) -> Typed:
        join = and_ if node.operator == "and" else or_
        return Typed(BOOLEAN, join(*(self.condition(operand, loops) for operand in node.operands)))

    def if_else(self, node: IfElse, loops: Loops) -> Typed:
        values = [self.compile(part, loops) for part in (node.then, node.otherwise)]
        (then, otherwise), result = same_kind(values)
        chosen = case((self.condition(node.test, loops), then), else_=otherwise)
        return result_of(result, chosen)

    def call(self, node: Call, loops: Loops) -> Typed:
        first = node.arguments[0]
        if node.function not in FOLDS:
            if isinstance(first, ListLiteral):
                return constant(len(first.items))
            return call(node.function, [self.compile(argument, loops) for argument in node.arguments])
        if isinstance(first, ListLiteral):
            return fold_values(node.function, [self.compile(item, loops) for item in first.items])
        if len(node.arguments) > 1:
            return fold_values(node.function, [self.compile(argument, loops) for argument in node.arguments])
        return self.fold(node.function, first, loops)

    def fold(self, function: str, node: Node, loops: Loops) -> Typed:
        if not isinstance(node, Comprehension):
            element, source = self.open(self.compile(node, loops), node, loops)
            return fold_rows(function, element, lambda sql: select(sql).select_from(source))
        item, source = self.open_loop(node, loops)
        inner = {**loops, node.variable: item}
        element = self.compile(node.element, inner)
        conditions = [self.condition(condition, inner) for condition in node.conditions]
        return fold_rows(function, element, lambda sql: select(sql).select_from(source).where(*conditions))

    def open_loop(self, node: Comprehension, loops: Loops) -> tuple[Item, Any]:
        items = self.compile(node.source, loops)
        if items.sql is None or not items.kind.startswith(ARRAY):
            raise InvalidExpression("a loop goes over a list of the document", position=node.at)
        assert isinstance(node.source, Name)
        first, *rest = node.source.path
        path = (*loops[first].path, *rest) if first in loops else node.source.path
        name = f"item{next(self.numbers)}"
        unnest = func.jsonb_array_elements if items.kind == ARRAY else func.jsonb_array_elements_text
        rows = unnest(func.bos.as_array(items.sql)).table_valued("value", name=name).render_derived(name=name)
        return Item(path, f"{name}.value"), rows

    def open(self, items: Typed, node: Node, loops: Loops) -> tuple[Typed, Any]:
        """The items of a list of scalars, as rows."""
        item, rows = self.open_loop(Comprehension(node, "item", node, (), at=node.at), loops)
        return self.columns.resolve((), item), rows


def fold_rows(function: str, element: Typed, rows: Callable[[Sql], Select[Any]]) -> Typed:
    """A fold over the rows of a loop."""
    if function in ("any", "all"):
        answers = rows(as_boolean(element)).scalar_subquery()
        # = ANY and = ALL over rows are three-valued, with the right answer for no rows.
        return Typed(BOOLEAN, operate(true(), "=", any_(answers) if function == "any" else all_(answers)))
    if function == "sum":
        return Typed(DECIMAL, _aggregate(_sum, rows, as_numeric(element)))
    (value,), result = same_kind([element])
    if result.kind == BOOLEAN:
        mismatch(element, "value that has an order")
    return result_of(result, _aggregate(func.min if function == "min" else func.max, rows, value))


def _sum(value: Sql) -> Sql:
    return func.coalesce(func.sum(value), literal_column("0"))


def _aggregate(function: Callable[[Sql], Sql], rows: Callable[[Sql], Select[Any]], value: Sql) -> Sql:
    # Through a derived table: an aggregate of nothing but outer columns would belong to the outer query.
    folded = rows(value.label("value")).subquery("folded")
    return select(function(folded.c.value)).scalar_subquery()


def fold_values(function: str, values: Sequence[Typed]) -> Typed:
    """A fold over values written out."""
    if function in ("any", "all"):
        join, start = (or_, false()) if function == "any" else (and_, true())
        return Typed(BOOLEAN, join(start, *(as_boolean(value) for value in values)))
    if function == "sum":
        zero: Sql = literal_column("0")
        total = zero
        for value in values:
            total = operate(total, "+", func.coalesce(as_numeric(value), zero), DECIMAL)
        return Typed(DECIMAL, total)
    parts, result = same_kind(values)
    if result.kind == BOOLEAN:
        mismatch(result, "value that has an order")
    return result_of(result, func.least(*parts) if function == "min" else func.greatest(*parts))


_BUILD: Final[dict[type[Any], Build]] = {
    Name: _Compiler.name, Unary: _Compiler.unary, Binary: _Compiler.binary, Compare: _Compiler.compare,
    BoolOp: _Compiler.bool_op, IfElse: _Compiler.if_else, Call: _Compiler.call,
}  # fmt: skip
