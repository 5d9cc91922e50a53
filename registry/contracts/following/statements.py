"""Follows statements: branches apart and together again, loops twice, returns as they come."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from registry.contracts.following.items import items_of
from registry.contracts.following.machine import Machine
from registry.contracts.following.matching import match_pattern
from registry.contracts.following.narrowing import narrow
from registry.contracts.following.state import DictCell, Frame, Given, ListCell, ObjectCell, join_states
from registry.contracts.following.values import (
    NONE,
    OTHER,
    Atom,
    Const,
    Doc,
    Function,
    Instance,
    Many,
    OwnClass,
    Symbol,
    Tuple,
    Value,
    join,
    one,
)
from registry.contracts.following.walking import class_members
from registry.contracts.surface import source_of

# A loop over so few known things that sets fields or keys is followed for each of them alone.
UNROLLED_MAX = 12
Execute = Callable[[Machine, ast.stmt, Frame], None]


def execute_statement(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    """Follow one statement; what cannot be reached is left alone by the caller."""
    execute = _STATEMENTS.get(type(node))
    if execute is not None:
        execute(machine, node, frame)


def _expression(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    assert isinstance(node, ast.Expr)
    machine.evaluate(node.value, frame)


def _assign(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    assert isinstance(node, ast.Assign)
    value = machine.evaluate(node.value, frame)
    for target in node.targets:
        machine.assign(target, value, frame)


def _annotated(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    assert isinstance(node, ast.AnnAssign)
    if node.value is None:
        return
    value = machine.evaluate(node.value, frame)
    if value == OTHER:
        value = machine.of_annotation(node.annotation, frame.module)
    machine.assign(node.target, value, frame)


def _augmented(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    """`total += line["net"]`, `found |= {…}`, `document["open"] -= amount`."""
    assert isinstance(node, ast.AugAssign)
    load = ast.copy_location(ast.parse(ast.unparse(node.target), mode="eval").body, node.target)
    ast.increment_lineno(load, node.lineno - load.lineno)
    for child in ast.walk(load):
        ast.copy_location(child, node.target)
    present, added = machine.evaluate(load, frame), machine.evaluate(node.value, frame)
    refs = [atom for atom in present if machine.cell(atom, frame) is not None]
    for atom in refs:
        _grow(machine, atom, added, frame)
    if not refs:
        both = ast.BinOp(left=load, op=node.op, right=node.value)
        machine.assign(node.target, machine.evaluate(ast.copy_location(both, node), frame), frame)


def _grow(machine: Machine, atom: Atom, added: Value, frame: Frame) -> None:
    cell = machine.cell(atom, frame)
    if isinstance(cell, ListCell):
        exact, every = items_of(machine, added, frame)
        if exact is not None and cell.items is not None and not cell.every:
            machine.store(atom, ListCell((*cell.items, *exact)), frame)
        else:
            machine.store(atom, ListCell(None, join((cell.any_item(), every))), frame)
    elif isinstance(cell, DictCell):
        method = machine.attribute(one(atom), "update", frame)
        machine.call(method, Given((added,)), frame)


def assign_target(machine: Machine, target: ast.expr, value: Value, frame: Frame) -> None:
    """Bind a name, the names of a tuple, a key or an attribute."""
    match target:
        case ast.Name(id=name):
            frame.state.names[name] = value
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            _unpack(machine, parts, value, frame)
        case ast.Starred(value=inner):
            machine.assign(inner, value, frame)
        case ast.Subscript(value=outer):
            receiver = machine.evaluate(outer, frame)
            place = _key_of(machine, target, frame)
            machine.recorder.line = target.lineno
            with machine.among(receiver):
                for atom in sorted(receiver, key=repr):
                    machine.set_item(atom, place, value, frame)
        case ast.Attribute(value=outer, attr=attr):
            receiver = machine.evaluate(outer, frame)
            machine.recorder.line = target.lineno
            for atom in sorted(receiver, key=repr):
                machine.set_attribute(atom, attr, value, frame)


def _key_of(machine: Machine, target: ast.Subscript, frame: Frame) -> Value:
    return one(Const(0)) if isinstance(target.slice, ast.Slice) else machine.evaluate(target.slice, frame)


def _unpack(machine: Machine, parts: list[ast.expr], value: Value, frame: Frame) -> None:
    has_star = any(isinstance(part, ast.Starred) for part in parts)
    columns: list[list[Value]] = [[] for _ in parts]
    for atom in value:
        exact, every = items_of(machine, one(atom), frame)
        if exact is not None and len(exact) == len(parts) and not has_star:
            for column, item in zip(columns, exact, strict=True):
                column.append(item)
        else:
            for column in columns:
                column.append(every)
    for part, column in zip(parts, columns, strict=True):
        found = join(column) if column else OTHER
        machine.assign(part, one(Many(found)) if isinstance(part, ast.Starred) else found, frame)


def _if(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    assert isinstance(node, ast.If)
    machine.evaluate(node.test, frame)
    before = frame.state.copy()
    narrow(machine, node.test, frame, holds=True)
    machine.execute(node.body, frame)
    after = frame.state.copy()
    frame.state.become(before)
    narrow(machine, node.test, frame, holds=False)
    machine.execute(node.orelse, frame)
    frame.state.become(join_states(after, frame.state))


def _for(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    assert isinstance(node, ast.For | ast.AsyncFor)
    exact, every = items_of(machine, machine.evaluate(node.iter, frame), frame)
    if exact is not None and len(exact) <= UNROLLED_MAX and _sets(node):
        frame.exits.append([])
        for item in exact:
            machine.assign(node.target, item, frame)
            machine.execute(node.body, frame)
            _leave_loop(frame)
        frame.exits.pop()
        machine.execute(node.orelse, frame)
        return

    def step() -> None:
        machine.assign(node.target, every, frame)
        machine.execute(node.body, frame)

    _repeat(frame, step)
    machine.execute(node.orelse, frame)


def _sets(node: ast.For | ast.AsyncFor) -> bool:
    """Whether the body sets keys or calls what may: then it matters which item it is."""
    return any(
        (isinstance(inner, ast.Subscript) and isinstance(inner.ctx, ast.Store))
        or (isinstance(inner, ast.Attribute) and inner.attr in ("setdefault", "update", "append", "create", "pop"))
        for statement in node.body
        for inner in ast.walk(statement)
    )


def _while(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    assert isinstance(node, ast.While)

    def step() -> None:
        machine.evaluate(node.test, frame)
        narrow(machine, node.test, frame, holds=True)
        machine.execute(node.body, frame)

    _repeat(frame, step)
    narrow(machine, node.test, frame, holds=False)
    machine.execute(node.orelse, frame)


def _repeat(frame: Frame, step: Callable[[], None]) -> None:
    """Twice, as what the first time leaves is there the second; or not at all."""
    frame.exits.append([])
    for _ in range(2):
        before = frame.state.copy()
        step()
        _leave_loop(frame)
        frame.state.become(join_states(before, frame.state))
    frame.exits.pop()


def _leave_loop(frame: Frame) -> None:
    """Where a `break` or `continue` left off it goes on after the loop, or with the next item."""
    for state in frame.exits[-1]:
        frame.state.become(join_states(frame.state, state))
    frame.exits[-1].clear()


def _jump(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    if frame.exits:
        frame.exits[-1].append(frame.state.copy())
    frame.state.is_dead = True


def _return(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    assert isinstance(node, ast.Return)
    value = machine.evaluate(node.value, frame) if node.value is not None else NONE
    frame.returned.append((value, frame.state.copy()))
    frame.state.is_dead = True


def _raise(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    assert isinstance(node, ast.Raise)
    for part in (node.exc, node.cause):
        if part is not None:
            machine.evaluate(part, frame)
    frame.state.is_dead = True


def _try(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    assert isinstance(node, ast.Try)
    before = frame.state.copy()
    machine.execute(node.body, frame)
    body = frame.state.copy()
    body.is_dead = False
    between = join_states(before, body)
    machine.execute(node.orelse, frame)
    ways = [frame.state.copy()]
    for handler in node.handlers:
        frame.state.become(between.copy())
        if handler.type is not None:
            caught = machine.evaluate(handler.type, frame)
            if handler.name:
                frame.state.names[handler.name] = _caught(machine, caught, frame)
        machine.execute(handler.body, frame)
        ways.append(frame.state.copy())
    joined = ways[0]
    for way in ways[1:]:
        joined = join_states(joined, way)
    was_dead = joined.is_dead
    joined.is_dead = False
    frame.state.become(joined)
    machine.execute(node.finalbody, frame)
    frame.state.is_dead = frame.state.is_dead or was_dead


def _caught(machine: Machine, classes: Value, frame: Frame) -> Value:
    found = []
    for atom in classes:
        if isinstance(atom, Symbol):
            found.append(one(Instance(f"{atom.module}.{atom.name}")))
        elif isinstance(atom, OwnClass):
            found.append(machine.instance_of(atom, frame))
        elif isinstance(atom, Tuple):
            found.append(_caught(machine, join(atom.items), frame))
    return join(found) if found else OTHER


def _with(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    assert isinstance(node, ast.With | ast.AsyncWith)
    for item in node.items:
        value = machine.evaluate(item.context_expr, frame)
        if item.optional_vars is not None:
            machine.assign(item.optional_vars, join(_entered(machine, atom, frame) for atom in value), frame)
    machine.execute(node.body, frame)


def _entered(machine: Machine, atom: Atom, frame: Frame) -> Value:
    """What `with` gives: itself, or what an object of the applet's own class gives when it is entered."""
    cell = machine.cell(atom, frame)
    if isinstance(cell, ObjectCell) and "__enter__" in class_members(machine.modules, cell.module, cell.name):
        return machine.call(machine.attribute(one(atom), "__enter__", frame), Given(), frame)
    return one(atom)


def _match(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    assert isinstance(node, ast.Match)
    subject = machine.evaluate(node.subject, frame)
    before, ways = frame.state.copy(), []
    for case in node.cases:
        frame.state.become(before.copy())
        match_pattern(machine, case.pattern, subject, frame)
        if case.guard is not None:
            machine.evaluate(case.guard, frame)
        machine.execute(case.body, frame)
        ways.append(frame.state.copy())
    joined = before
    for way in ways:
        joined = join_states(joined, way)
    frame.state.become(joined)


def _define(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    outer = None if frame.is_module else {**(frame.outer or {}), **frame.state.names}
    value: Value = one(Function(frame.module, node.name, node, node.lineno, outer))
    for decorator in reversed(node.decorator_list):
        value = machine.decorate(decorator, value, frame)
    frame.state.names[node.name] = value
    if isinstance(outer, dict):
        # A nested function may call itself.
        outer[node.name] = value


def _define_class(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    assert isinstance(node, ast.ClassDef)
    for base in node.bases:
        machine.evaluate(base, frame)
    frame.state.names[node.name] = one(OwnClass(frame.module, node.name))


def _delete(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    assert isinstance(node, ast.Delete)
    for target in node.targets:
        if not isinstance(target, ast.Subscript):
            continue
        receiver, key = machine.evaluate(target.value, frame), _key_of(machine, target, frame)
        for atom in receiver:
            if isinstance(atom, Doc):
                machine.set_item(atom, key, NONE, frame)
            else:
                machine.call(machine.attribute(one(atom), "pop", frame), Given((key,)), frame)


def _import(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    """Within a function; those at the top of a module are bound when they are asked for."""
    assert isinstance(node, ast.Import | ast.ImportFrom)
    if frame.is_module:
        return
    for alias in node.names:
        bound = alias.asname or alias.name.partition(".")[0]
        if isinstance(node, ast.Import):
            frame.state.names[bound] = machine.imported(alias.name if alias.asname else bound, "")
        else:
            module = machine.modules[frame.module]
            source = source_of(node, module.name, module.is_package)
            frame.state.names[alias.asname or alias.name] = machine.imported(source, alias.name)


def _assert(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    assert isinstance(node, ast.Assert)
    machine.evaluate(node.test, frame)
    narrow(machine, node.test, frame, holds=True)


_STATEMENTS: Mapping[type[ast.stmt], Execute] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.If: _if,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.Break: _jump,
    ast.Continue: _jump,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.Try: _try,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Match: _match,
    ast.FunctionDef: _define,
    ast.AsyncFunctionDef: _define,
    ast.ClassDef: _define_class,
    ast.Delete: _delete,
    ast.Assert: _assert,
    ast.Import: _import,
    ast.ImportFrom: _import,
}
