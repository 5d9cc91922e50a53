"""Turns a checked tree into Python closures, once; evaluating then only calls them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import singledispatch
from typing import Any, Final

from sdk.expressions.errors import EvaluationTooLong
from sdk.expressions.folds import FOLDS
from sdk.expressions.functions import FUNCTIONS, divide
from sdk.expressions.kinds import EXACT, as_number
from sdk.expressions.limits import EVALUATION_STEPS_MAX
from sdk.expressions.logic import COMPARE, all_of, any_of, compare, is_in, negate
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
    walk,
)

# A frame is [scope, steps taken, item of the outermost loop, item of the next …].
Frame = list[Any]
Evaluator = Callable[[Frame], Any]
_SCOPE, _STEPS, _FIRST_ITEM = 0, 1, 2
_NUMBERS: Final[dict[str, Callable[[Decimal, Decimal], Decimal | None]]] = {
    "+": EXACT.add,
    "-": EXACT.subtract,
    "*": EXACT.multiply,
    "/": divide,
    "%": lambda left, right: EXACT.remainder(left, right) if right else None,
}


def compile_tree(node: Node) -> Callable[[Mapping[str, Any]], Any]:
    """A function of the scope."""
    evaluator = build(node, ())
    frame = [0] + [None] * sum(isinstance(below, Comprehension) for below in walk(node))
    return lambda scope: evaluator([scope, *frame])


@singledispatch
def build(node: Node, variables: tuple[str, ...]) -> Evaluator:
    """The closure of one node. variables: names of the loops around it, outermost first."""
    raise TypeError(f"{type(node).__name__} has no value of its own")


@build.register
def _(node: Literal, variables: tuple[str, ...]) -> Evaluator:
    value = node.value
    return lambda frame: value


@build.register
def _(node: Name, variables: tuple[str, ...]) -> Evaluator:
    first, *rest = node.path
    if first in variables:
        slot = _FIRST_ITEM + variables.index(first)
        return _walker(lambda frame: frame[slot], rest)
    return _walker(lambda frame: frame[_SCOPE].get(first), rest)


def _walker(start: Evaluator, path: list[str]) -> Evaluator:
    if not path:
        return start

    def walk_path(frame: Frame) -> Any:
        value = start(frame)
        for key in path:
            # Mappings only: attributes of Python objects stay out of reach.
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    return walk_path


@build.register
def _(node: Unary, variables: tuple[str, ...]) -> Evaluator:
    operand = build(node.operand, variables)
    if node.operator == "not":
        return lambda frame: negate(operand(frame))

    def signed(frame: Frame) -> Decimal | None:
        number = as_number(operand(frame))
        return number if number is None or node.operator == "+" else EXACT.minus(number)

    return signed


@build.register
def _(node: Binary, variables: tuple[str, ...]) -> Evaluator:
    left, right, apply = build(node.left, variables), build(node.right, variables), _NUMBERS[node.operator]
    joins = node.operator == "+"

    def calculate(frame: Frame) -> Any:
        first, second = left(frame), right(frame)
        if joins and isinstance(first, str) and isinstance(second, str):
            return first + second
        a, b = as_number(first), as_number(second)
        return None if a is None or b is None else apply(a, b)

    return calculate


@build.register
def _(node: Compare, variables: tuple[str, ...]) -> Evaluator:
    operands = [build(operand, variables) for operand in node.operands]
    tests = [_pair_test(operator) for operator in node.operators]
    if len(tests) == 1:
        (test,), (left, right) = tests, operands
        return lambda frame: test(left(frame), right(frame))

    def chain(frame: Frame) -> bool | None:
        values = [operand(frame) for operand in operands]
        return all_of(test(a, b) for test, a, b in zip(tests, values, values[1:], strict=False))

    return chain


def _pair_test(operator: str) -> Callable[[Any, Any], bool | None]:
    if operator in COMPARE:
        test = COMPARE[operator]
        return lambda left, right: compare(test, left, right)
    return {
        "in": is_in,
        "not in": lambda value, items: negate(is_in(value, items)),
        # One side is the literal None, so both are None exactly when the other one is.
        "is": lambda left, right: left is None and right is None,
        "is not": lambda left, right: left is not None or right is not None,
    }[operator]


@build.register
def _(node: BoolOp, variables: tuple[str, ...]) -> Evaluator:
    operands = [build(operand, variables) for operand in node.operands]
    join = all_of if node.operator == "and" else any_of
    return lambda frame: join(operand(frame) for operand in operands)


@build.register
def _(node: IfElse, variables: tuple[str, ...]) -> Evaluator:
    test, then, otherwise = (build(part, variables) for part in (node.test, node.then, node.otherwise))
    return lambda frame: then(frame) if test(frame) is True else otherwise(frame)


@build.register
def _(node: Call, variables: tuple[str, ...]) -> Evaluator:
    if node.function == "today":
        return lambda frame: frame[_SCOPE].get("today")
    if node.function in FOLDS:
        return _build_fold(node, variables)
    arguments = [build(argument, variables) for argument in node.arguments]
    function = FUNCTIONS[node.function]
    return lambda frame: function(*[argument(frame) for argument in arguments])


def _build_fold(node: Call, variables: tuple[str, ...]) -> Evaluator:
    fold, first = FOLDS[node.function], node.arguments[0]
    if isinstance(first, Comprehension):
        loop = build(first, variables)
        return lambda frame: fold(loop(frame))
    if len(node.arguments) == 1:
        items = build(first, variables)
        return lambda frame: fold(_listed(items(frame)))
    values = [build(argument, variables) for argument in node.arguments]
    return lambda frame: fold([value(frame) for value in values])


def _listed(value: Any) -> list[Any] | tuple[Any, ...]:
    return value if isinstance(value, list | tuple) else ()


@build.register
def _(node: ListLiteral, variables: tuple[str, ...]) -> Evaluator:
    items = [build(item, variables) for item in node.items]
    return lambda frame: [item(frame) for item in items]


@build.register
def _(node: Comprehension, variables: tuple[str, ...]) -> Evaluator:
    source, slot = build(node.source, variables), _FIRST_ITEM + len(variables)
    inner = (*variables, node.variable)
    element = build(node.element, inner)
    conditions = [build(condition, inner) for condition in node.conditions]

    def loop(frame: Frame) -> Iterator[Any]:
        for item in _listed(source(frame)):
            frame[_STEPS] += 1
            if frame[_STEPS] > EVALUATION_STEPS_MAX:
                raise EvaluationTooLong(maximum=EVALUATION_STEPS_MAX)
            frame[slot] = item
            if all(condition(frame) is True for condition in conditions):
                yield element(frame)

    return loop
