"""What fields and arguments of others are filled with: of what their values are made, where they are no literals."""

from __future__ import annotations

from collections.abc import Iterator

from registry.contracts.filled import ANYTHING, ARGUMENT, FIELD, ITEMS, PART
from registry.contracts.following.items import items_of
from registry.contracts.following.machine import Machine
from registry.contracts.following.state import DictCell, Frame, ListCell
from registry.contracts.following.values import (
    NOTHING,
    Arguments,
    Atom,
    Const,
    Doc,
    PartOf,
    Payload,
    Tuple,
    Value,
    join,
)


def fill_field(machine: Machine, target: Doc, value: Value, mode: str, frame: Frame) -> None:
    """A value put into a field, and each of a list's."""
    if not target.path or not _is_of_others(machine, target.type):
        return
    made_of = sorted({told for atom in value for told in _origin(machine, atom, frame)})
    if made_of:
        machine.recorder.use("filled", target.type, target.path, mode, {"by": made_of})
    lists = frozenset(atom for atom in value if isinstance(machine.cell(atom, frame), ListCell) or _is_tuple(atom))
    exact, every = items_of(machine, lists, frame) if lists else (None, NOTHING)
    items = join(exact) if exact is not None else every
    each = sorted({told for atom in items for told in _origin(machine, atom, frame)})
    if each:
        machine.recorder.use("filled", target.type, target.path, mode, {"by": each, "each": True})


def fill_arguments(machine: Machine, type: str, action: str, cell: DictCell, frame: Frame) -> None:
    """Values given to an action, literals too."""
    for name, value in cell.known.items() if _is_of_others(machine, type) else ():
        literals = {atom.value for atom in value if isinstance(atom, Const) and isinstance(atom.value, str | int)}
        details: dict[str, object] = {"argument": name}
        details["by"] = sorted({told for atom in value for told in _origin(machine, atom, frame)})
        details["values"] = sorted(literals, key=repr)
        machine.recorder.use("filled", type, action, "perform", {key: told for key, told in details.items() if told})


def _is_of_others(machine: Machine, type: str) -> bool:
    return bool(type) and not type.endswith("*") and type.partition(".")[0] != machine.applet


def _is_tuple(atom: Atom) -> bool:
    return isinstance(atom, Tuple)


def _origin(machine: Machine, atom: Atom, frame: Frame) -> Iterator[str]:
    """As `registry.contracts.filled` reads it; nothing for literals and for objects, whose members are looked at."""
    cell = machine.cell(atom, frame)
    match atom:
        case Const():
            return
        case Doc(type=type, path=path) if type and path and not type.endswith("*"):
            yield f"{FIELD}{type}.{path}"
        case Arguments(type=type, action=action, path=path) if path:
            yield f"{ARGUMENT}{type}.{action}.{path}"
        case Payload(event=event, path=path) if path and not event.endswith("*"):
            yield f"{PART}{event} {path}"
        case PartOf(target=target, name=name):
            yield f"{PART}{target} {name}"
        case Tuple(items=items):
            yield f"{ITEMS}{len(items)}"
        case _ if isinstance(cell, ListCell) and cell.items is not None:
            yield f"{ITEMS}{len(cell.items)}"
        case _ if not isinstance(cell, DictCell):
            yield ANYTHING
