"""What a loop over a value goes through."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from registry.contracts.following.machine import Machine
from registry.contracts.following.state import Cell, DictCell, Frame, Given, ListCell, ObjectCell
from registry.contracts.following.values import (
    NOTHING,
    NUMBER,
    OTHER,
    Arguments,
    Atom,
    Const,
    Doc,
    Many,
    Number,
    OwnClass,
    PageOf,
    Ref,
    Tuple,
    Value,
    join,
    one,
)
from registry.contracts.following.walking import class_members, classes_of

# More than this are not told apart.
ITEMS_EXACT_MAX = 40


def items_of(machine: Machine, value: Value, frame: Frame) -> tuple[list[Value] | None, Value]:
    """What a loop over a value goes through: each item where they are known one by one, and what they may be."""
    exact: list[Value] | None = None
    found: list[Value] = []
    if len(value) == 1:
        exact = _exact_items(machine, next(iter(value)), frame)
    for atom in value:
        found += _any_item(machine, atom, frame)
    every = join(found) if found else OTHER
    if exact is not None and len(exact) > ITEMS_EXACT_MAX:
        exact = None
    return exact, every


def _exact_items(machine: Machine, atom: Atom, frame: Frame) -> list[Value] | None:
    if isinstance(atom, Tuple):
        return list(atom.items)
    cell = machine.cell(atom, frame)
    if isinstance(cell, ListCell) and cell.items is not None and not cell.every:
        return list(cell.items)
    if isinstance(cell, DictCell) and not cell.rest and not cell.copied and not cell.is_open:
        return [one(Const(name)) for name in cell.known] if cell.sure >= set(cell.known) else None
    return None


def _any_item(machine: Machine, atom: Atom, frame: Frame) -> Iterator[Value]:
    match atom:
        case Tuple(items=items):
            yield join(items)
        case Many(item=item):
            yield item
        case Doc(path=""):
            machine.recorder.leave_open("goes through all fields", atom.type)
            yield OTHER
        case Doc():
            machine.recorder.iterated.add((atom.type, atom.path))
            yield one(atom)
        case Arguments() | PageOf():
            yield one(atom)
        case Ref():
            yield from _any_of_object(machine, atom, frame)
        case OwnClass():
            yield from enumerated(machine, atom, frame)
        case Number():
            yield NUMBER
        case _:
            yield OTHER


def _any_of_object(machine: Machine, ref: Ref, frame: Frame) -> Iterator[Value]:
    """What an object of the applet's own class gives is what its `__iter__` does, where it has one."""
    cell = machine.cell(ref, frame)
    if isinstance(cell, ObjectCell) and "__iter__" in class_members(machine.modules, cell.module, cell.name):
        made = machine.call(machine.attribute(one(ref), "__iter__", frame), Given(), frame)
        yield items_of(machine, made, frame)[1]
    else:
        yield from _any_of_cell(cell)


def _any_of_cell(cell: Cell | None) -> Iterator[Value]:
    if isinstance(cell, ListCell):
        yield cell.any_item() or NOTHING
    elif isinstance(cell, DictCell):
        yield from (one(Const(name)) for name in cell.known)
        yield OTHER if cell.is_open or cell.rest or cell.copied else NOTHING
    elif isinstance(cell, ObjectCell):
        yield join(cell.members.values()) or OTHER


def enumerated(machine: Machine, cls: OwnClass, frame: Frame) -> list[Value]:
    """The values of an enumeration's members; none of any other class."""
    bases = (base for _, node in classes_of(machine.modules, cls.module, cls.name) for base in node.bases)
    if not any(ast.unparse(base).endswith("Enum") for base in bases):
        return []
    members = class_members(machine.modules, cls.module, cls.name).items()
    return [machine.attribute(one(cls), name, frame) for name, (_, node) in members if isinstance(node, ast.Assign)]
