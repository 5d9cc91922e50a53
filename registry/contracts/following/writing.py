"""Fields that are set, and documents' data that are given to the kernel."""

from __future__ import annotations

from dataclasses import replace

from registry.contracts.following.filling import fill_field
from registry.contracts.following.machine import Machine
from registry.contracts.following.reading import leave_open
from registry.contracts.following.state import DictCell, Frame, ListCell, ObjectCell
from registry.contracts.following.values import (
    NOTHING,
    Atom,
    Const,
    Doc,
    Many,
    Number,
    Table,
    Text,
    Tuple,
    Value,
    join,
    one,
)

DEPTH_MAX = 8
COMPUTED = "writes a field whose name is computed"


def write_item(machine: Machine, atom: Atom, key: Value, value: Value, frame: Frame) -> None:
    """`atom[key] = value`."""
    if isinstance(atom, Doc):
        _write_field(machine, atom, key, value, frame)
        return
    cell = machine.cell(atom, frame)
    if isinstance(cell, DictCell):
        machine.store(atom, put(cell, key, value), frame)
    elif isinstance(cell, ListCell):
        machine.store(atom, ListCell(None, join((cell.any_item(), value))), frame)
    elif isinstance(cell, ObjectCell):
        # `self[key] = value` of a class of its own kind: kept as anything it holds.
        known = cell.members.get("[]", NOTHING)
        machine.store(atom, replace(cell, members={**cell.members, "[]": join((known, value))}), frame)


def _write_field(machine: Machine, doc: Doc, key: Value, value: Value, frame: Frame) -> None:
    for atom in key:
        if isinstance(atom, Const) and isinstance(atom.value, str):
            machine.recorder.field(doc.type, doc.at(atom.value).path, "write")
            give(machine, doc.at(atom.value), value, "write", frame)
        elif isinstance(atom, Const | Number):
            give(machine, doc, value, "write", frame)
        else:
            leave_open(machine, doc, atom, "sets")


def put(cell: DictCell, key: Value, value: Value, *, is_sure: bool = True) -> DictCell:
    """A dict with a value under a key, or under one of several."""
    names = [str(atom.value) for atom in key if isinstance(atom, Const)]
    known = dict(cell.known)
    is_one = len(key) == 1 and len(names) == 1 and is_sure
    for name in names:
        known[name] = value if is_one else join((known.get(name, NOTHING), value))
    sure = cell.sure | frozenset(names) if is_one else cell.sure
    rest = cell.rest if len(names) == len(key) else join((cell.rest, value))
    is_open = cell.is_open or any(not isinstance(atom, Const) for atom in key)
    return replace(cell, known=known, sure=sure, rest=rest, is_open=is_open)


def merge(cell: DictCell, added: DictCell) -> DictCell:
    """`{**cell, **added}`."""
    known = dict(cell.known)
    for name, value in added.known.items():
        known[name] = value if name in added.sure else join((known.get(name, NOTHING), value))
    return DictCell(
        known,
        cell.sure | added.sure,
        join((cell.rest, added.rest)),
        cell.copied | added.copied,
        cell.is_open or added.is_open,
    )


def as_dict(machine: Machine, value: Value, frame: Frame, reason: str = "copies all fields") -> DictCell:
    """What `dict(value)` or `**value` holds."""
    cells = []
    for atom in value:
        cell = machine.cell(atom, frame)
        if isinstance(cell, DictCell):
            cells.append(cell)
        elif isinstance(atom, Doc):
            machine.recorder.hand_over(atom.type, atom.path, reason)
            cells.append(DictCell(copied=frozenset({atom}), is_open=True))
        elif isinstance(atom, Table):
            cells.append(DictCell(rest=atom.item, is_open=True))
        elif not (isinstance(atom, Const) and atom.value is None):
            cells.append(DictCell(is_open=True))
    if not cells:
        return DictCell(is_open=True)
    merged = cells[0]
    for cell in cells[1:]:
        names = {**merged.known, **cell.known}
        merged = DictCell(
            {name: join((merged.known.get(name, NOTHING), cell.known.get(name, NOTHING))) for name in names},
            merged.sure & cell.sure,
            join((merged.rest, cell.rest)),
            merged.copied | cell.copied,
            merged.is_open or cell.is_open,
        )
    return merged


def give(
    machine: Machine, target: Doc, value: Value, mode: str, frame: Frame, depth: int = 0, *,
    is_whole: bool = False, is_item: bool = False,
) -> None:  # fmt: skip
    """A value put into a field (or a document) of the kernel's: literals, and objects below it.

    mode: give (create, update) or write (set by a hook). is_whole: an object given must be complete.
    is_item: it is one of a list's, which has been looked at whole.
    """
    if depth > DEPTH_MAX:
        return
    if not is_item:
        fill_field(machine, target, value, mode, frame)
    for atom in sorted(value, key=repr):
        if isinstance(atom, Const):
            if target.path and target.type and atom.value is not None and isinstance(atom.value, str | int | bool):
                machine.recorder.use("value", target.type, target.path, mode, {"value": atom.value})
            continue
        cell = machine.cell(atom, frame)
        if isinstance(cell, DictCell):
            _give_object(machine, target, cell, mode, frame, depth, is_whole)
        elif isinstance(cell, ListCell):
            give(machine, target, cell.any_item(), mode, frame, depth + 1, is_whole=True, is_item=True)
        elif isinstance(atom, Tuple | Many):
            items = join(atom.items) if isinstance(atom, Tuple) else atom.item
            give(machine, target, items, mode, frame, depth + 1, is_whole=True, is_item=True)
        elif isinstance(atom, Doc) and (not target.path or atom.path):
            machine.recorder.hand_over(atom.type, atom.path, "copies all fields")


def _give_object(
    machine: Machine, target: Doc, cell: DictCell, mode: str, frame: Frame, depth: int, is_whole: bool
) -> None:
    for name, value in cell.known.items():
        machine.recorder.field(target.type, target.at(name).path, mode)
        give(machine, target.at(name), value, mode, frame, depth + 1, is_whole=is_whole)
    if cell.rest and target.type:
        prefix = f"{target.path}." if target.path else ""
        machine.recorder.leave_open(COMPUTED, target.type, prefix)
    if cell.is_open and not cell.copied and target.type:
        machine.recorder.leave_open("gives fields whose names are computed", target.type, target.path)
    if is_whole and target.type:
        maybe = sorted(set(cell.known) - cell.sure)
        details: dict[str, object] = {"given": sorted(cell.sure), "maybe": maybe}
        details |= {"open": True} if cell.is_open or cell.copied or cell.rest else {}
        machine.recorder.use("given", target.type, target.path, mode, details)


def text_prefix(value: Value) -> str:
    """What all alternatives begin with, where each is a text of which something is known."""
    prefixes = {atom.prefix for atom in value if isinstance(atom, Text)}
    return prefixes.pop() if len(prefixes) == 1 and len(value) == 1 else ""


def doc_value(types: list[str]) -> Value:
    return join(one(Doc(type)) for type in types)
