"""Follows expressions: each kind of node, the value it may have."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping

from registry.contracts.following.comparing import compare
from registry.contracts.following.items import items_of
from registry.contracts.following.machine import Machine
from registry.contracts.following.method_models import look_for
from registry.contracts.following.narrowing import narrow
from registry.contracts.following.reading import SLICE
from registry.contracts.following.state import DictCell, Frame, Given, ListCell, join_states
from registry.contracts.following.values import (
    NONE,
    NUMBER,
    OTHER,
    ActionOf,
    Const,
    Doc,
    Function,
    Many,
    PartOf,
    Payload,
    StateOf,
    Text,
    Tuple,
    TypeOf,
    Value,
    is_certain,
    join,
    one,
)
from registry.contracts.following.writing import as_dict, merge, put

# More combinations of texts than this are as good as a text of which the beginning is known.
COMBINED_MAX = 20
UNROLLED_MAX = 24
Evaluate = Callable[[Machine, ast.expr, Frame], Value]


def evaluate_expression(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    """The value of an expression; what it uses is recorded on the way."""
    evaluate = _EXPRESSIONS.get(type(node))
    if evaluate is not None:
        return evaluate(machine, node, frame)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            machine.evaluate(child, frame)
    return OTHER


def _constant(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    assert isinstance(node, ast.Constant)
    return one(Const(node.value)) if isinstance(node.value, str | int | bool | float | None) else OTHER


def _name(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    assert isinstance(node, ast.Name)
    return machine.name(node.id, frame)


def _attribute(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    assert isinstance(node, ast.Attribute)
    value = machine.evaluate(node.value, frame)
    machine.recorder.line = node.end_lineno or node.lineno
    return machine.attribute(value, node.attr, frame)


def _subscript(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    assert isinstance(node, ast.Subscript)
    value = machine.evaluate(node.value, frame)
    if isinstance(node.slice, ast.Slice):
        return machine.subscript(value, SLICE, frame)
    key = machine.evaluate(node.slice, frame)
    machine.recorder.line = node.slice.lineno
    return machine.subscript(value, key, frame)


def _call(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    assert isinstance(node, ast.Call)
    function = machine.evaluate(node.func, frame)
    given = given_of(machine, node, frame)
    machine.recorder.line = node.lineno
    return machine.call(function, given, frame)


def given_of(machine: Machine, node: ast.Call, frame: Frame) -> Given:
    """The arguments of a call, `*` and `**` spread where they are known."""
    positional: list[Value] = []
    keywords: dict[str, Value] = {}
    is_open = False
    for argument in node.args:
        if isinstance(argument, ast.Starred):
            exact, every = items_of(machine, machine.evaluate(argument.value, frame), frame)
            positional += exact if exact is not None else [every]
            is_open = is_open or exact is None
        else:
            positional.append(machine.evaluate(argument, frame))
    for keyword in node.keywords:
        value = machine.evaluate(keyword.value, frame)
        if keyword.arg is not None:
            keywords[keyword.arg] = value
            continue
        cell = as_dict(machine, value, frame)
        keywords |= cell.known
        is_open = is_open or cell.is_open or bool(cell.rest) or bool(set(cell.known) - cell.sure)
    return Given(tuple(positional), keywords, is_open)


def _either(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    assert isinstance(node, ast.IfExp)
    machine.evaluate(node.test, frame)
    before = frame.state.copy()
    narrow(machine, node.test, frame, holds=True)
    first = machine.evaluate(node.body, frame)
    after = frame.state.copy()
    frame.state.become(before)
    narrow(machine, node.test, frame, holds=False)
    second = machine.evaluate(node.orelse, frame)
    names = before.names
    frame.state.become(join_states(after, frame.state))
    frame.state.names.update(names)
    return join((first, second))


def _logical(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    """`a or b`, `a and b`: later operands are looked at where the earlier did not decide."""
    assert isinstance(node, ast.BoolOp)
    names, found = dict(frame.state.names), []
    holds = isinstance(node.op, ast.And)
    for index, operand in enumerate(node.values):
        value = machine.evaluate(operand, frame)
        is_last = index == len(node.values) - 1
        found.append(value if is_last or holds else frozenset(a for a in value if a != Const(None)))
        narrow(machine, operand, frame, holds=holds)
    # What was narrowed for the operands is not so afterwards; what was bound there by `:=` is.
    frame.state.names.update(names)
    return join(found) or OTHER


def _compare(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    assert isinstance(node, ast.Compare)
    left = machine.evaluate(node.left, frame)
    for operator, comparator in zip(node.ops, node.comparators, strict=True):
        right = machine.evaluate(comparator, frame)
        machine.recorder.line = comparator.lineno
        if isinstance(operator, ast.In | ast.NotIn):
            _look_in(machine, left, right, frame)
        elif isinstance(operator, ast.Eq | ast.NotEq):
            _compare_values(machine, left, right)
        left = right
    return OTHER


def _compare_values(machine: Machine, left: Value, right: Value) -> None:
    for first, second in ((left, right), (right, left)):
        for atom in first:
            if isinstance(atom, Doc | StateOf | ActionOf | TypeOf | Payload | PartOf):
                for other in second:
                    if isinstance(other, Const):
                        compare(machine, atom, other.value)
            elif isinstance(atom, Tuple):
                for other in second:
                    if isinstance(other, Tuple) and len(other.items) == len(atom.items) and first is left:
                        for pair in zip(atom.items, other.items, strict=True):
                            _compare_values(machine, *pair)


def _look_in(machine: Machine, left: Value, right: Value, frame: Frame) -> None:
    """`kind in ("a", "b")` compares, `"kind" in document` looks for a field."""
    with machine.among(right):
        for atom in sorted(right, key=repr):
            look_for(machine, atom, left, frame)
    if not any(isinstance(atom, Doc) for atom in right):
        exact, every = items_of(machine, right, frame)
        _compare_values(machine, left, join(exact) if exact is not None else every)


def _binary(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    assert isinstance(node, ast.BinOp)
    left, right = machine.evaluate(node.left, frame), machine.evaluate(node.right, frame)
    if isinstance(node.op, ast.Add):
        return _sum(machine, left, right, frame)
    if isinstance(node.op, ast.BitOr):
        return _union(machine, left, right, frame)
    if isinstance(node.op, ast.Mod) and any(isinstance(a, Const) and isinstance(a.value, str) for a in left):
        return _concatenate([_before_percent(left), OTHER])
    return NUMBER if NUMBER in (left, right) else OTHER


def _before_percent(left: Value) -> Value:
    return join(one(Text(str(atom.value).partition("%")[0])) for atom in left if isinstance(atom, Const))


def _sum(machine: Machine, left: Value, right: Value, frame: Frame) -> Value:
    if all(isinstance(atom, Const) and isinstance(atom.value, str) for atom in left):
        return _concatenate([left, right])
    if any(isinstance(atom, Tuple | Many) or isinstance(machine.cell(atom, frame), ListCell) for atom in left):
        (first, one_by_one), (second, others) = items_of(machine, left, frame), items_of(machine, right, frame)
        if first is not None and second is not None:
            return one(Tuple((*first, *second)))
        return one(Many(join((one_by_one, others))))
    # Lists of documents' lines: the items of both.
    parts = [atom for atom in (*left, *right) if isinstance(atom, Doc) and atom.path]
    if parts and not any(isinstance(atom, Const) and isinstance(atom.value, str) for atom in (*left, *right)):
        return join([OTHER, *(one(atom) for atom in parts)])
    return NUMBER if left == NUMBER and right == NUMBER else OTHER


def _union(machine: Machine, left: Value, right: Value, frame: Frame) -> Value:
    """`a | b` of dicts and sets; of anything else nothing is known."""
    if any(isinstance(machine.cell(atom, frame), DictCell) for atom in (*left, *right)):
        return machine.new(merge(as_dict(machine, left, frame), as_dict(machine, right, frame)), frame)
    return _sum(machine, left, right, frame)


def _formatted(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    assert isinstance(node, ast.JoinedStr)
    parts = []
    for part in node.values:
        value = machine.evaluate(part.value if isinstance(part, ast.FormattedValue) else part, frame)
        parts.append(OTHER if isinstance(part, ast.FormattedValue) and part.format_spec else value)
    return _concatenate(parts)


def _concatenate(parts: Iterable[Value]) -> Value:
    """Texts one after the other: all of them known, or the beginning."""
    known: list[Value] = [one(Const(""))]
    for part in parts:
        if not is_certain(part) or len(known[0]) * len(part) > COMBINED_MAX:
            prefixes = {str(atom.value) for atom in known[0] if isinstance(atom, Const)}
            beginnings = [atom.prefix if isinstance(atom, Text) else "" for atom in part]
            more = beginnings[0] if len(beginnings) == 1 else ""
            return join(one(Text(prefix + more)) for prefix in sorted(prefixes)) if part else OTHER
        known = [
            join(
                one(Const(f"{first.value}{second.value}"))
                for first in known[0]
                for second in part
                if isinstance(first, Const) and isinstance(second, Const)
            )
        ]
    return known[0]


def _tuple(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    assert isinstance(node, ast.Tuple)
    items, is_exact = _spread(machine, node.elts, frame)
    return one(Tuple(tuple(items))) if is_exact else one(Many(join(items)))


def _list(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    assert isinstance(node, ast.List | ast.Set)
    items, is_exact = _spread(machine, node.elts, frame)
    return machine.new(ListCell(tuple(items)) if is_exact else ListCell(None, join(items)), frame)


def _spread(machine: Machine, nodes: list[ast.expr], frame: Frame) -> tuple[list[Value], bool]:
    items: list[Value] = []
    is_exact = True
    for node in nodes:
        if isinstance(node, ast.Starred):
            exact, every = items_of(machine, machine.evaluate(node.value, frame), frame)
            items += exact if exact is not None else [every]
            is_exact = is_exact and exact is not None
        else:
            items.append(machine.evaluate(node, frame))
    return items, is_exact


def _dict(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    assert isinstance(node, ast.Dict)
    cell = DictCell()
    for key, item in zip(node.keys, node.values, strict=True):
        value = machine.evaluate(item, frame)
        machine.recorder.line = item.lineno
        if key is None:
            cell = merge(cell, as_dict(machine, value, frame))
        else:
            cell = put(cell, machine.evaluate(key, frame), value)
    return machine.new(cell, frame)


def _lambda(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    assert isinstance(node, ast.Lambda)
    names = {**(frame.outer or {}), **({} if frame.is_module else frame.state.names)}
    return one(Function(frame.module, f"<lambda {node.col_offset}>", node, node.lineno, names))


def _bind(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    assert isinstance(node, ast.NamedExpr)
    value = machine.evaluate(node.value, frame)
    frame.state.names[node.target.id] = value
    return value


def _comprehension(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    assert isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp)
    found, is_exact = [], [True]
    names = dict(frame.state.names)
    for _ in _loops(machine, node.generators, frame, is_exact):
        found.append(machine.evaluate(node.elt, frame))
    frame.state.names = names
    if is_exact[0]:
        return machine.new(ListCell(tuple(found)), frame)
    return machine.new(ListCell(None, join(found)), frame)


def _dict_comprehension(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    assert isinstance(node, ast.DictComp)
    cell, is_exact = DictCell(), [True]
    names = dict(frame.state.names)
    for _ in _loops(machine, node.generators, frame, is_exact):
        key = machine.evaluate(node.key, frame)
        cell = put(cell, key, machine.evaluate(node.value, frame), is_sure=is_exact[0])
    frame.state.names = names
    return machine.new(cell, frame)


def _loops(machine: Machine, generators: list[ast.comprehension], frame: Frame, is_exact: list[bool]) -> Iterable[None]:
    """Each way through the loops; is_exact becomes false where they cannot be gone through one by one."""
    if not generators:
        yield None
        return
    first, *inner = generators
    exact, every = items_of(machine, machine.evaluate(first.iter, frame), frame)
    if exact is None or len(exact) > UNROLLED_MAX or first.ifs:
        is_exact[0] = False
    ways = exact if exact is not None and len(exact) <= UNROLLED_MAX else [every]
    for item in ways:
        machine.assign(first.target, item, frame)
        for condition in first.ifs:
            machine.evaluate(condition, frame)
            narrow(machine, condition, frame, holds=True)
        yield from _loops(machine, inner, frame, is_exact)


def _await(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    assert isinstance(node, ast.Await)
    return machine.evaluate(node.value, frame)


def _yield(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    assert isinstance(node, ast.Yield | ast.YieldFrom)
    value = machine.evaluate(node.value, frame) if node.value is not None else NONE
    frame.yielded.append(items_of(machine, value, frame)[1] if isinstance(node, ast.YieldFrom) else value)
    return OTHER


def _unary(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    assert isinstance(node, ast.UnaryOp)
    value = machine.evaluate(node.operand, frame)
    match node.op, value:
        case ast.USub(), _ if len(value) == 1:
            (atom,) = value
            if isinstance(atom, Const) and isinstance(atom.value, int | float):
                return one(Const(-atom.value))
    return NUMBER if isinstance(node.op, ast.USub) else OTHER


def _starred(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    assert isinstance(node, ast.Starred)
    return machine.evaluate(node.value, frame)


_EXPRESSIONS: Mapping[type[ast.expr], Evaluate] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Call: _call,
    ast.IfExp: _either,
    ast.BoolOp: _logical,
    ast.Compare: _compare,
    ast.BinOp: _binary,
    ast.JoinedStr: _formatted,
    ast.Tuple: _tuple,
    ast.List: _list,
    ast.Set: _list,
    ast.Dict: _dict,
    ast.Lambda: _lambda,
    ast.NamedExpr: _bind,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _dict_comprehension,
    ast.Await: _await,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
    ast.UnaryOp: _unary,
    ast.Starred: _starred,
}
